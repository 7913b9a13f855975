// SPDX-License-Identifier: Apache-2.0
// kong-gateway over what answers in the place of Kong's Admin API (scripted_adapter.h). Required besides what holds for
// every adapter: only Kong's own "Not found" is a consumer that does not exist, and no message of a read shows a body.
#include <algorithm>

#include "scripted_adapter.h"

namespace authd::fuzz {
namespace {

const std::string kBase = "http://kong:8001/admin";
const test::Settings kSettings{{"/admin_url", kBase + "/"}, {"/admin_token", "0123456789abcdef0123456789abcdef"}};

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() && std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '-' ? c == '-' : std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

} // namespace

void kong_admin_json(Bytes input) {
  const AdapterCall call = call_adapter(AUTHD_KONG_GATEWAY, kSettings, as_text(input));
  require_sound(call, {kBase});
  if (call.status == AUTHD_OK && call.operation == "resolve") require(is_uuid(call.id), "a consumer's id is a UUID");
  if (call.status == AUTHD_NOT_FOUND) {
    const test::HttpAnswer& last = call.answers.at(call.exchanges.size() - 1);
    require(last.status == 404 && last.body.find("Not") != std::string::npos,
            "only Kong says that there is no consumer");
  }
  // A word that stands in bodies alone, where it is a secret.
  constexpr std::string_view kPlanted = "planted-secret";
  if (call.operation != "create" && call.consumer.find(kPlanted) == std::string::npos)
    require((call.message + call.logged).find(kPlanted) == std::string::npos, "no message shows what a body says");
}

} // namespace authd::fuzz
