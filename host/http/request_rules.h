// SPDX-License-Identifier: Apache-2.0
// What a parsed request head means: its target, where its body ends, and whether another request may follow on the
// connection. Whatever two parties could read differently is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/exchange.h"

namespace authd::http {

// Why a request was refused before it reached a handler. The connection is closed after the answer.
struct Refusal {
  int status = 0;
  std::string_view detail;
  std::optional<Code> code = std::nullopt; // set: the problem of that code, else the HTTP_<status> problem
};

struct TargetParts {
  std::string_view path;      // not decoded; empty for an absolute form without a path
  std::string_view query;     // without the '?'
  std::string_view authority; // of an absolute form, which replaces Host (RFC 9112, section 3.2.2); else empty
};

// Origin form, absolute form with http or https, and "*" for OPTIONS: RFC 9112, section 3.2. Nothing else,
// and no fragment. The authority of an absolute form must be a Host with a name: RFC 9110, section 4.2.1;
// user information is refused as section 4.2.4 advises. The views point into `target`.
std::optional<TargetParts> split_target(std::string_view target, Method method);

// Whether a Host field value has only characters of uri-host [":" port]: RFC 9110, section 7.2. May be empty.
bool is_host(std::string_view value);

struct BodyFraming {
  bool chunked = false;
  std::uint64_t length_bytes = 0; // unless chunked

  bool has_body() const { return chunked || length_bytes > 0; }
};

// RFC 9112, sections 6.1 to 6.3: whatever two parties could read differently is refused.
Result<BodyFraming, Refusal> body_framing(std::span<const HeaderField> fields, bool http_1_0);

// RFC 9112, section 9.3. Proxy-Connection is ignored (appendix C.2.2).
bool keeps_connection(std::span<const HeaderField> fields, bool http_1_0);

} // namespace authd::http
