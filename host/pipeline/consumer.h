// SPDX-License-Identifier: Apache-2.0
// Stage 1: who asks? From the headers that Kong sets to a consumer, or a refusal.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace authd::pipeline {

// Kong's upstream headers (kong/runloop/handler.lua and the key-auth plugin set them).
inline constexpr std::string_view kConsumerIdHeader = "X-Consumer-ID";
inline constexpr std::string_view kConsumerUsernameHeader = "X-Consumer-Username";
inline constexpr std::string_view kAnonymousHeader = "X-Anonymous-Consumer";

inline constexpr std::size_t kMaxIdentityBytes = 256;

// One header as it came: how often, and the value of the first.
struct HeaderValue {
  std::size_t count = 0;
  std::string_view value;
};

struct IdentityHeaders {
  HeaderValue id;
  HeaderValue username;
  HeaderValue anonymous;
  bool peer_trusted = true;
  std::span<const HeaderValue> claims = {}; // as ConfiguredClaims::headers names them; empty: no token is asked for
};

// Views into the request. Both names: 1 to 256 bytes of UTF-8 without control characters.
struct Consumer {
  std::string_view id;
  std::string_view username;
  std::span<const HeaderValue> claims = {}; // checked by ConfiguredClaims
};

// Why a text cannot be an id or username, such as " is longer than 256 bytes"; empty: it can.
std::string_view name_problem(std::string_view text);

// The same without a limit of length.
std::string_view text_problem(std::string_view text);

// AUTH_001 missing or blank, AUTH_009 anonymous, AUTH_007 duplicate or malformed, AUTH_015 untrusted peer;
// in this order.
Result<Consumer> validate(const IdentityHeaders& headers);

} // namespace authd::pipeline
