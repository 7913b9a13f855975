// SPDX-License-Identifier: Apache-2.0
#include "admin_client.h"

#include <algorithm>
#include <stdexcept>

#include "admin_url.h"

namespace authd::kong {

std::string admin_url_of(const sdk::Config& config, sdk::Call& call) {
  try {
    return admin_base(config.required_string("/admin_url"));
  } catch (const std::invalid_argument& why) {
    (void)call.refuse("/admin_url", why.what());
    return {};
  }
}

SecretText admin_token_of(const sdk::Config& config, sdk::Call& call) {
  constexpr std::string_view kBearer = "bearer ";
  std::string_view token = config.string("/admin_token");
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b); };
  if (token.size() >= kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), token.begin(), [&](char b, char a) { return same(a, b); }))
    token.remove_prefix(kBearer.size());
  if (!is_visible(token)) {
    (void)call.refuse("/admin_token", "must be visible ASCII without blanks");
    return SecretText(std::string());
  }
  return SecretText(std::string(token));
}

AdminClient::AdminClient(const sdk::Host& host, const sdk::Config& config, std::string header, SecretText token)
    : http_(host), header_(std::move(header)), token_(std::move(token)),
      pool_size_(static_cast<std::uint32_t>(config.integer("/pool_size", 10))),
      connect_timeout_(config.duration("/connect_timeout", sdk::milliseconds(5000))),
      max_attempts_(static_cast<std::uint32_t>(config.integer("/max_attempts", 2))),
      retry_base_(config.duration("/retry_base", sdk::milliseconds(100))) {}

sdk::Result<sdk::HttpResponse> AdminClient::send(sdk::Call& call, std::string_view method, const std::string& url,
                                                 std::string_view body) const {
  sdk::HttpRequest request{.method = method, .url = url, .body = body};
  request.headers.emplace_back("Accept", "application/json");
  if (!token_.reveal().empty()) request.headers.emplace_back(header_, token_.reveal());
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.idempotent = method != "POST";
  request.pool_size = pool_size_;
  request.connect_timeout = connect_timeout_;
  request.max_attempts = max_attempts_;
  request.retry_base = retry_base_;
  return http_.exchange(call, request);
}

} // namespace authd::kong
