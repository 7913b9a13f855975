// SPDX-License-Identifier: Apache-2.0
// kong-konnect over what answers in the place of Konnect (scripted_adapter.h). Required besides what holds for every
// adapter: a consumer who is asked for by name is looked for by the id that Konnect gave.
#include "scripted_adapter.h"

namespace authd::fuzz {
namespace {

const std::string kPlane = "https://eu.api.konghq.com/v2/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458";
const test::Settings kSettings{
    {"/admin_url", kPlane}, {"/admin_token", "kpat_0123456789abcdef0123456789abcdef"}, {"/realm", ""}};

} // namespace

void konnect_json(Bytes input) {
  const AdapterCall call = call_adapter(AUTHD_KONG_KONNECT, kSettings, as_text(input));
  require_sound(call, {kPlane + "/core-entities/consumers"});
  require(test::PluginHost::own_calls_open() == 0, "no call is left open");
  for (const test::HttpExchange& sent : call.exchanges)
    require(sent.headers.at("Authorization").starts_with("Bearer kpat_"), "each request carries the token");
  if (call.status == AUTHD_OK && call.operation == "resolve")
    require(call.id.size() == 36, "a consumer's id is a UUID");
}

} // namespace authd::fuzz
