// SPDX-License-Identifier: Apache-2.0
// What an answer says of the rate limit: RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10), and
// by setting the older X-RateLimit-Limit, -Remaining and -Reset.
#pragma once

#include <span>
#include <string>

#include "base/gcra.h"
#include "base/result.h"
#include "config/config.h"
#include "http/exchange.h"

namespace authd::endpoints {

class RateLimitFields {
 public:
  explicit RateLimitFields(const config::RateLimit& settings);

  // None for what was not counted. In buffers of the calling thread until its next call; allocates nothing.
  std::span<const http::HeaderField> of(const RateVerdict& verdict) const;

  // AUTH_006. Requires that the verdict refuses.
  Error refusal(const RateVerdict& verdict) const;

 private:
  const config::RateLimit settings_;
  const std::string policy_; // "default";q=100;w=60
};

} // namespace authd::endpoints
