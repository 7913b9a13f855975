// SPDX-License-Identifier: Apache-2.0
// How an adapter talks to an admin API: the settings that all of them have, and one exchange with the token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "authd/http_client.hpp"
#include "secret_text.h"

namespace authd::kong {

// Of a constructor: what is wrong with these is refused on its call, so that all of it is said at once, and they
// return something empty.

// The setting admin_url, checked and without trailing slashes.
std::string admin_url_of(const sdk::Config& config, sdk::Call& call);

// The setting admin_token without a leading word Bearer, in any case; empty when it is not set. Refused is what
// cannot stand in a header.
SecretText admin_token_of(const sdk::Config& config, sdk::Call& call);

// [thread-safe]
class AdminClient {
 public:
  // Each request carries `header`: `token`, unless the token is empty. Reads pool_size, connect_timeout,
  // max_attempts and retry_base.
  AdminClient(const sdk::Host& host, const sdk::Config& config, std::string header, SecretText token);

  // All but a POST is marked as safe to be sent again. A body is JSON.
  sdk::Result<sdk::HttpResponse> send(sdk::Call& call, std::string_view method, const std::string& url,
                                      std::string_view body = {}) const;

 private:
  const sdk::HttpClient http_;
  const std::string header_;
  const SecretText token_;
  const std::uint32_t pool_size_;
  const sdk::milliseconds connect_timeout_;
  const std::uint32_t max_attempts_;
  const sdk::milliseconds retry_base_;
};

} // namespace authd::kong
