// SPDX-License-Identifier: Apache-2.0
#include "http/sent_trace.h"

#include <cstddef>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// Copies nothing unless there are several lines; stops where they are too long to be valid.
std::string_view trace_state(const Request& request, std::string& joined) {
  std::string_view state;
  std::size_t lines = 0;
  for (const HeaderField& field : request.headers) {
    if (!equals_ignoring_case(field.name, "tracestate")) continue;
    if (++lines == 1) {
      state = field.value;
      continue;
    }
    if (lines == 2) joined = state;
    if (joined.size() <= kMaxTraceState_bytes) joined.append(",").append(field.value);
    state = joined;
  }
  return is_tracestate(state) ? state : std::string_view();
}

} // namespace

SentTrace sent_trace(const Request& request, std::string& joined) {
  const auto sent = request.header("traceparent");
  if (!sent) return {};
  const auto parent = parse_traceparent(*sent);
  if (!parent || request.header_count("traceparent") > 1) return {};
  return {parent, trace_state(request, joined)};
}

} // namespace authd::http
