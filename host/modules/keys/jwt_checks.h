// SPDX-License-Identifier: Apache-2.0
// A compact JWS (RFC 7515) with claims (RFC 7519): its parts, and what has to hold of them besides the signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace authd::modules::keys {

inline constexpr std::size_t kLongestToken = 64 * 1024; // bytes

struct TokenParts {
  std::string algorithm, kid, type; // of the header; type empty: it has no typ
  std::string claims;               // JSON text of an object
  std::string signature;            // decoded
  std::string_view signed_part;     // of the token
};

// The error says, for operators, why it is none; no part of the token is in it.
Result<TokenParts, std::string> take_apart(std::string_view token);

struct Expectation {
  std::string type; // of the header, "at+jwt"; compared without case and "application/" (RFC 7515, 4.1.9)
  std::vector<std::string> issuers;    // one of them; none: whoever
  std::vector<std::string> audiences;  // one of them is among the token's; none: whatever
  std::vector<std::string> algorithms; // one of them; none: whichever our keys are for
};

struct CheckedClaims {
  std::string json; // as the token has them
  std::string jti;  // empty: none
  std::int64_t expires_at_ms = 0;
};

// Issuer, audience, exp and nbf. exp has no leeway; nbf has 30 s, because the clocks of instances differ.
Result<CheckedClaims, std::string> check_claims(const TokenParts& parts, const Expectation& expected,
                                                std::int64_t now_ms);
bool is_type(std::string_view given, std::string_view expected);

} // namespace authd::modules::keys
