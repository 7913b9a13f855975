// SPDX-License-Identifier: Apache-2.0
// Spans, records and values of every instrument, to be exported.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "telemetry/instruments.h"
#include "telemetry/signals.h"

namespace authd::telemetry {

inline WallTime at_ns(std::int64_t ns) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(ns)));
}

inline Span sample_span(std::string name = "GET /tokens") {
  Span span;
  span.trace = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  span.id = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
  span.parent = {0, 0, 0, 0, 0, 0, 0, 9};
  span.trace_state = "kong=1";
  span.flags = 1;
  span.name = std::move(name);
  span.kind = Span::Kind::server;
  span.start = at_ns(1'700'000'000'123'456'789);
  span.end = at_ns(1'700'000'000'223'456'789);
  span.attributes = {{"http.request.method", std::string("GET")},
                     {"http.response.status_code", std::int64_t{9'007'199'254'740'993}},
                     {"authd.ratio", 0.5},
                     {"authd.token.stale", true}};
  span.failed = true;
  span.message = "the gateway hangs";
  return span;
}

inline std::vector<Span> sample_spans(std::size_t count) { return std::vector<Span>(count, sample_span()); }

inline LogRecord sample_record(std::string message = "token issued") {
  LogRecord record;
  record.at = at_ns(1'700'000'000'000'000'001);
  record.level = Level::warn;
  record.event = "token-issued";
  record.message = std::move(message);
  record.attributes = {{"user.name", std::string("alice")}};
  record.trace = sample_span().trace;
  record.span = sample_span().id;
  return record;
}

// A point of every instrument.
inline Snapshot sample_snapshot() {
  Snapshot snapshot{at_ns(1'700'000'000'000'000'000), at_ns(1'700'000'010'000'000'000), {}};
  for (const Instrument& instrument : instruments()) {
    Point point;
    for (const auto name : instrument.label_names()) point.labels.push_back(std::string(name) + "-value");
    if (instrument.kind == InstrumentKind::histogram) {
      point.buckets.assign(kBuckets, 2);
      point.sum = 1.25;
    } else {
      point.value = instrument.kind == InstrumentKind::counter ? 42 : 0.75;
    }
    snapshot.families.push_back({&instrument, {point}});
  }
  return snapshot;
}

} // namespace authd::telemetry
