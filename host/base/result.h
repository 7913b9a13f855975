// SPDX-License-Identifier: Apache-2.0
// A value or an error. The codes are the closed set of reasons for which authd refuses a request:
// spec/token-service.md, "Errors".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace authd {

enum class Code : std::uint8_t {
  missing_consumer = 1,    // AUTH_001
  unknown_consumer = 2,    // AUTH_002
  signing_failed = 3,      // AUTH_003
  gateway_unavailable = 4, // AUTH_004
  breaker_open = 5,        // AUTH_005
  rate_limited = 6,        // AUTH_006
  malformed_request = 7,   // AUTH_007
  unforeseen = 8,          // AUTH_008
  anonymous_consumer = 9,  // AUTH_009
  token_expired = 10,      // AUTH_010
  token_invalid = 11,      // AUTH_011
  no_bearer_token = 12,    // AUTH_012
  no_credential = 13,      // AUTH_013
  overloaded = 14,         // AUTH_014
  untrusted_peer = 15,     // AUTH_015
};

struct CodeInfo {
  std::string_view code;  // "AUTH_001"
  std::string_view type;  // "urn:authd:problem:auth-001"
  std::string_view title; // the HTTP reason phrase
  int status;             // HTTP status
};

// The row of the table for a code. Total: every enumerator has a row.
const CodeInfo& describe(Code code);

struct Error {
  Code code;
  std::string detail;                 // for the client: no secret, no internal address
  std::chrono::seconds retry_after{}; // > 0: sent as Retry-After
  std::string reason{};               // for operators: the cause, if not in the detail; no secret
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

template <class E = Error>
using Failure = tl::unexpected<E>;

inline Failure<Error> fail(Code code, std::string detail, std::chrono::seconds retry_after = {}) {
  return Failure<Error>(Error{code, std::move(detail), retry_after});
}

} // namespace authd
