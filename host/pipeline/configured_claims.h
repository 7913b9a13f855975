// SPDX-License-Identifier: Apache-2.0
// What [jwt.claims] adds to a token: constants, and what headers of the request say.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "pipeline/consumer.h"

namespace authd::pipeline {

inline constexpr std::size_t kMaxClaimHeaderBytes = 4096;

// What all tokens of one configuration share, computed once. [thread-safe]
class ConfiguredClaims {
 public:
  explicit ConfiguredClaims(const std::vector<config::Claim>& claims);

  // The names of the headers that claims are read from, one for each such claim. The values that check and append
  // take are in this order.
  std::span<const std::string> headers() const { return headers_; }

  // AUTH_007: one of them was sent more than once, is longer than 4 KiB, has control characters or is not UTF-8.
  Result<void> check(std::span<const HeaderValue> values) const;

  // Appends `,"name":value` for each claim, in the order of the configuration. One whose header is absent or blank, or
  // lists no item, is left out. `values` have passed check.
  void append(std::string& payload, std::span<const HeaderValue> values) const;

 private:
  struct Part {
    enum class Kind { constants, text, list };
    Kind kind;
    std::string json; // constants: `,"a":1,"b":true`, those that stand together; else the claim's name: `,"c":`
  };

  std::vector<Part> parts_;
  std::vector<std::string> headers_; // of the parts that are no constants
};

} // namespace authd::pipeline
