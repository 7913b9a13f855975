// SPDX-License-Identifier: Apache-2.0
// What leaves authd as spans and log records, whoever sends it: owned copies, free of secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/trace_context.h"

namespace authd::telemetry {

using authd::SpanId;
using authd::TraceId;

struct Attribute {
  std::string_view name; // static text: of OpenTelemetry's semantic conventions, else authd.*
  std::variant<std::string, std::int64_t, double, bool> value;
};

struct Span {
  enum class Kind : std::uint8_t { internal = 1, server = 2, client = 3 }; // numbers of OTLP

  TraceId trace{};
  SpanId id{};
  SpanId parent{};         // none: a root
  std::string trace_state; // as received
  std::uint32_t flags = 0; // W3C: 1 is sampled
  std::string name;
  Kind kind = Kind::internal;
  WallTime start;
  WallTime end;
  std::vector<Attribute> attributes;
  bool failed = false;
  std::string message; // why it failed
};

struct LogRecord {
  WallTime at;
  Level level = Level::info;
  std::string event; // event.action
  std::string message;
  std::vector<Attribute> attributes;
  TraceId trace{};
  SpanId span{};
};

// Where spans go. [thread-safe], never blocks.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  // Whether so many spans would be taken now. False: they need not be built, and are counted as dropped.
  virtual bool admits(std::size_t spans) = 0;
  virtual void offer(std::vector<Span> spans) = 0;
};

// Where log records go. [thread-safe], never blocks.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void offer(LogRecord record) = 0;
};

} // namespace authd::telemetry
