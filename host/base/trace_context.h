// SPDX-License-Identifier: Apache-2.0
// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/): to which trace a request belongs, as the headers
// `traceparent` and `tracestate` carry it. Nothing here allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace authd {

using TraceId = std::array<std::uint8_t, 16>; // all zero: none
using SpanId = std::array<std::uint8_t, 8>;   // all zero: none

// A span, the trace that it is part of and the span that caused it.
struct TraceContext {
  TraceId trace{};
  SpanId span{};
  SpanId parent{};          // none: it is the root of its trace
  bool sampled = false;     // as the caller decided, or, for a root, the ratio
  std::string_view state{}; // tracestate as received; empty: none

  explicit operator bool() const { return trace != TraceId{}; }
};

// What a caller sent.
struct TraceParent {
  TraceId trace{};
  SpanId span{};
  bool sampled = false;
};

// nullopt: invalid (section 3.2.2), so that the trace begins here. Of a version after 00 what is known is read, as
// section 3.2.4 says.
std::optional<TraceParent> parse_traceparent(std::string_view text);

// Whether a tracestate, its lines joined with commas, may be passed on: at most 512 bytes and 32 members of the form of
// section 3.3.1, no key twice.
inline constexpr std::size_t kMaxTraceState_bytes = 512;
inline constexpr std::size_t kMaxTraceStateMembers = 32;
bool is_tracestate(std::string_view text);

// "00-<trace>-<span>-01", for what `context.span` calls.
using TraceParentText = std::array<char, 55>;
inline constexpr std::size_t kSpanInTraceParent = 36; // where the span begins in it
TraceParentText traceparent_of(const TraceContext& context);

// Lower-case hexadecimal.
using TraceIdText = std::array<char, 32>;
using SpanIdText = std::array<char, 16>;
TraceIdText hex_of(const TraceId& id);
SpanIdText hex_of(const SpanId& id);
// The reverse; none unless it is that.
TraceId trace_id_of(std::string_view hex);
SpanId span_id_of(std::string_view hex);

template <std::size_t N>
std::string_view view(const std::array<char, N>& text) {
  return {text.data(), text.size()};
}

// Whether a trace is among the given fraction (0 to 1) of all. Judged by the low 8 bytes of its id, as OpenTelemetry's
// TraceIdRatioBased sampler does, so that services with the same ratio agree.
bool sampled_by_ratio(const TraceId& trace, double ratio);

} // namespace authd
