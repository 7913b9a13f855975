// SPDX-License-Identifier: Apache-2.0
// Structured log: one line per event, JSON in Elastic Common Schema unless people read it at a terminal. A caller never
// waits: a background thread writes the lines from a bounded queue. When the queue is full a line is dropped and
// counted, and the next line is preceded by one with the number of lost lines.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/repeated_lines.h"
#include "base/timed_steps.h"

namespace authd {

enum class Level : std::uint8_t { debug, info, warn, error, fatal };

std::optional<Level> parse_level(std::string_view name); // "debug" ... "fatal"
std::string_view name_of(Level level);

// A field with an empty text, no number or no steps is left out of the line.
struct Field {
  std::string_view name; // an ECS name, e.g. "url.path"; must need no JSON escapes
  std::variant<std::string_view, std::int64_t, double, bool, const TimedSteps*> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
  Field(std::string_view n, int v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, std::optional<std::int64_t> v) : name(n), value(std::string_view()) {
    if (v) value = *v;
  }
  Field(std::string_view n, std::optional<bool> v) : name(n), value(std::string_view()) {
    if (v) value = *v;
  }
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  // An array of {"name","tier" (of a read),"result","duration" (ns)}.
  Field(std::string_view n, const TimedSteps& v) : name(n), value(&v) {}
};

// One event, as it is written or handed on. Views: valid during the call.
struct LogEvent {
  WallTime at;
  Level level;
  std::string_view action; // event.action
  std::string_view message;
  std::span<const Field> fields;
};

// Who is told of each event, beside or in place of the descriptor. [thread-safe], must neither block nor log.
class LogTap {
 public:
  virtual ~LogTap() = default;
  virtual void on_event(const LogEvent& event) = 0;
};

enum class LogForm : std::uint8_t { json, text, coloured_text };
// Text where the descriptor is a terminal, in colour unless $NO_COLOR is set (https://no-color.org) or the terminal is
// dumb; else JSON.
LogForm form_for(int fd);

class Log {
 public:
  struct Options {
    Level level = Level::info;
    std::string service_name;
    std::string service_version;
    std::string environment;
    int fd = 1; // not owned
    LogForm form = LogForm::json;
    std::size_t queue_bytes = 1 << 20; // limit of the queue
  };

  using Fields = std::initializer_list<Field>;

  explicit Log(Options options);
  ~Log(); // writes the queue, for at most one second
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool enabled(Level level) const;
  void set_level(Level level);

  // `event` becomes event.action. [thread-safe], never blocks on I/O. A `fatal` line is written before
  // the call returns, because nothing may come after it.
  void write(Level level, std::string_view event, std::string_view message, Fields fields = {});

  // The same for lines that may come in bursts: of similar lines (same event, `code` and `what`) the first ten within a
  // second are written; the number of the others is written once a second, and at the end, as a warning
  // `log-lines-summed`. See RepeatedLines. A line that is only counted is not formatted.
  void write_repeated(Level level, std::string_view event, std::string_view message, std::string_view code,
                      std::string_view what, Fields fields);

  // For the audit trail: at level info, regardless of the level of the log.
  void write_always(std::string_view event, std::string_view message, Fields fields);

  // From now on `tap`, if not null, is told of every event. `writes` false: only fatal ones are written, too. When it
  // returns, the one before is told nothing any more. [thread-safe]
  void set_tap(std::shared_ptr<LogTap> tap, bool writes = true);

  // Creates the thread-local buffer of write(). Otherwise a thread's first write does, which takes the dynamic linker's
  // lock; a plugin that hangs in dlopen holds it.
  void prepare_thread() const;

  // Waits until all earlier lines are written, for at most one second. [may-block]
  void flush();

  // The part of every line between its message and the event's name: `,"ecs.version":...,"event.action":`. For lines
  // that a signal handler writes directly.
  std::string_view constant_fields() const;
  int fd() const;

  std::uint64_t dropped() const; // lines lost since start

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

} // namespace authd
