// SPDX-License-Identifier: Apache-2.0
// What the header fields say about where a request ends and whether another may follow it on the connection.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "http/exchange.h"
#include "http/refusal.h"

namespace authd::http {

struct BodyFraming {
  bool chunked = false;
  std::uint64_t length_bytes = 0; // unless chunked

  bool has_body() const { return chunked || length_bytes > 0; }
};

// RFC 9112, sections 6.1 to 6.3: whatever two parties could read differently is refused.
Result<BodyFraming, Refusal> body_framing(std::span<const HeaderField> fields, bool http_1_0);

// RFC 9112, section 9.3. Proxy-Connection means nothing (appendix C.2.2).
bool keeps_connection(std::span<const HeaderField> fields, bool http_1_0);

} // namespace authd::http
