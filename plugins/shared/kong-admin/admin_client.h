// SPDX-License-Identifier: Apache-2.0
// How an adapter talks to an admin API of Kong's: the settings that all such adapters have, and one exchange.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authd/http_client.hpp"
#include "authd/plugin.hpp"
#include "kong-admin/wipe.h"

namespace authd::kong_admin {

// --- the schema

// Members of the setting admin_url and of admin_token; an adapter adds its own description.
inline constexpr char kAdminUrlMembers[] = R"("type": "string", "format": "uri",
      "x-authd-env": "KONG_ADMIN_URL", "x-authd-https-in-production": true)";
inline constexpr char kAdminTokenMembers[] = R"("type": "string",
      "x-authd-env": "KONG_ADMIN_TOKEN", "x-authd-secret": true, "x-authd-min-production-length": 32)";

// The settings that need nothing of the adapter, as members of its schema's "properties". Read by tags_of and by
// AdminClient.
inline constexpr char kCommonSettings[] = R"(
    "tags": {
      "type": "array", "items": {"type": "string"}, "default": ["authd"],
      "description": "Tags of each credential that authd creates, for decK's select_tags; [] for none."
    },
    "pool_size": {
      "type": "integer", "minimum": 1, "maximum": 256, "default": 10,
      "description": "The most idle connections to Kong that are kept open.",
      "x-authd-env": "KONG_CONNECTION_POOL_SIZE"
    },
    "connect_timeout": {
      "type": "integer", "minimum": 100, "maximum": 60000, "default": 5000, "x-authd-unit": "ms",
      "description": "How long connecting may take; the deadline of the call also applies.",
      "x-authd-env": "KONG_CONNECTION_TIMEOUT"
    },
    "max_attempts": {
      "type": "integer", "minimum": 1, "maximum": 10, "default": 2,
      "description": "The maximum number of attempts of a call, within its deadline. A create is never repeated."
    },
    "retry_base": {
      "type": "integer", "minimum": 10, "maximum": 5000, "default": 100, "x-authd-unit": "ms",
      "description": "The limit of the random wait before the first retry; doubled for each further one."
    })";

// One text of several literals, for ComponentInfo.
template <std::size_t... N>
constexpr auto concatenated(const char (&... parts)[N]) {
  std::array<char, (N + ...) - sizeof...(N) + 1> all{};
  char* to = all.data();
  ((to = std::copy_n(parts, N - 1, to)), ...);
  return all;
}

// --- the settings, for constructors: invalid ones are refused on the call, so that all of them are reported together,
// and read as empty.

// The setting admin_url, checked and without trailing slashes.
std::string admin_url_of(const sdk::Config& config, sdk::Call& call);

// The setting admin_token without a leading word Bearer, in any case; empty when it is not set. Refuses what
// cannot be sent in a header.
Secret admin_token_of(const sdk::Config& config, sdk::Call& call);

// The setting tags: the tags of the credentials that authd creates (spec/kong.md), which decK's select_tags reads.
// ["authd"] unless it is set. Refuses each tag that Kong would refuse, at its own place.
std::vector<std::string> tags_of(const sdk::Config& config, sdk::Call& call);

// Checks an absolute http or https URL without user, password, query and fragment, and removes trailing
// slashes. Port and path prefix stay as they are ("https://kong:8444/admin-api"). Throws
// std::invalid_argument with the reason; the message does not repeat the URL, which may hold a password.
std::string admin_base(std::string_view url);

// Why Kong would refuse this tag, to be printed after the name of the setting; nullopt: Kong accepts it. Kong's rule
// (kong/db/schema/typedefs.lua, validate_tag): UTF-8 of which the ASCII part is printable and neither a comma nor a
// slash; not empty.
std::optional<std::string> fault_of_tag(std::string_view tag);

bool is_visible(std::string_view text); // visible ASCII without blanks; what may stand in a URL or a header

// --- one exchange

// [thread-safe]
class AdminClient {
 public:
  // Each request carries `header`: `token`, unless the token is empty. Reads pool_size, connect_timeout,
  // max_attempts and retry_base.
  AdminClient(const sdk::Host& host, const sdk::Config& config, std::string header, Secret token);

  // All but a POST is marked as safe to be sent again. A body is JSON.
  sdk::Result<sdk::HttpResponse> send(sdk::Call& call, std::string_view method, const std::string& url,
                                      std::string_view body = {}) const;

 private:
  const sdk::HttpClient http_;
  const std::string header_;
  const Secret token_;
  const std::uint32_t pool_size_;
  const sdk::milliseconds connect_timeout_;
  const std::uint32_t max_attempts_;
  const sdk::milliseconds retry_base_;
};

} // namespace authd::kong_admin
