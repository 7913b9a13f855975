// SPDX-License-Identifier: Apache-2.0
// What a session recorded, as addresses; and where it comes from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace authd::profiling {

enum class Type : std::uint8_t { cpu, heap };

inline std::string_view name_of(Type type) { return type == Type::cpu ? "cpu" : "heap"; }

struct Sample {
  std::vector<std::uintptr_t> stack; // addresses inside the calling instructions, the innermost first
  std::string thread;                // heap: empty
  std::int64_t count = 0;            // cpu: periods; heap: live objects
  std::int64_t value = 0;            // cpu: ns; heap: bytes
};

struct Recording {
  Type type = Type::cpu;
  WallTime started;
  WallTime stopped;
  std::int64_t period = 0; // Profile::period
  std::vector<Sample> samples;
  std::int64_t lost = 0;                    // samples that found no room
  std::vector<std::string> blocked_threads; // those that block SIGPROF, and so were not sampled
};

// Where recordings of one type come from. For one thread.
class Source {
 public:
  virtual ~Source() = default;
  // Why there can be no session, with the mend; empty: there can.
  virtual std::string obstacle() const = 0;
  virtual void start() = 0; // throws std::runtime_error
  virtual void keep_up() {} // called ten times a second while a session runs
  virtual Recording stop() = 0;
};

} // namespace authd::profiling
