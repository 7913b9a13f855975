// SPDX-License-Identifier: Apache-2.0
// The trace that a request says it is a part of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/trace_context.h"
#include "http/exchange.h"

namespace authd::http {

struct SentTrace {
  std::optional<TraceParent> parent; // nullopt: none, more than one, or an invalid one
  std::string_view state;            // empty unless there is a parent and what was sent is valid
};

// `joined`: room for a tracestate that came in several lines, which are one list (RFC 9110, section 5.3).
SentTrace sent_trace(const Request& request, std::string& joined);

} // namespace authd::http
