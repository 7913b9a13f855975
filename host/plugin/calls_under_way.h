// SPDX-License-Identifier: Apache-2.0
// Which thread is in which plugin, in which operation: what names the one to blame when an exit is held up, a
// deadline passes or the process crashes. Entering and leaving cost a few stores to a cache line of the
// thread's own: no lock, no allocation, no clock, because a warm token passes here too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/clock.h"
#include "plugin/redaction.h"

namespace authd::plugin {

// An instance as log lines name it.
struct Callee {
  std::string plugin_id;
  std::string instance;
  std::string fields; // both, as fields of a JSON line: `,"authd.plugin.id":"..."`; a signal handler cannot escape
};

// One for each pair of names, never freed: other threads may read it at any time. Their number is
// bounded by the names in configurations. [thread-safe]
const Callee& callee(std::string_view plugin_id, std::string_view instance);

// The operation of a call that holds a reactor up: a module's first pass. Known by its address.
inline constexpr const char kFirstPass[] = "handle, first pass";

// On the caller's stack for as long as a plugin's code runs. They nest: a plugin's call of the host may lead
// to another plugin.
class EnteredCall {
 public:
  // `operation` is a literal. `deadline` is that of the call, max() if it has none.
  EnteredCall(const Callee& callee, const char* operation, SteadyTime deadline) noexcept;
  ~EnteredCall();
  EnteredCall(const EnteredCall&) = delete;
  EnteredCall& operator=(const EnteredCall&) = delete;

 private:
  const Callee* outer_callee_;
  const char* outer_operation_;
  SteadyTime outer_deadline_;
};

struct CallUnderWay {
  const Callee* callee = nullptr; // null: the thread is in no plugin
  const char* operation = nullptr;
  SteadyTime deadline = SteadyTime::max();
  std::size_t thread = 0;     // small; a later thread may have the number of one that ended
  std::uint64_t sequence = 0; // another for each call of a thread
};

// The innermost call of the calling thread. [async-signal-safe]
CallUnderWay call_of_this_thread() noexcept;

// Visits the innermost call of each thread that is in a plugin. What begins or ends meanwhile may be missed.
// Takes no lock. [thread-safe]
void visit_calls_under_way(const std::function<void(const CallUnderWay&)>& visit);

// A call of a module's first pass is past its deadline: a reactor does nothing else. [thread-safe]
bool is_reactor_held(SteadyTime now);

// Every call into a plugin passes through here, so that it is known to be under way, and that an exception
// which its noexcept tables must not throw ends as CallStatus::internal instead of unwinding through the host.
// `name` is that of the operation, a literal.
template <class Operation>
CallStatus invoke(const Callee& callee, const char* name, const Redaction& redaction, Call& call, Operation operation) {
  const EnteredCall entered(callee, name, call.deadline());
  call.record({}); // what an earlier operation of the same call recorded is not this one's reason
  try {
    return to_status(operation());
  } catch (const std::exception& e) {
    call.record({CallStatus::internal, 0, milliseconds(0), "threw " + redaction.clean(e.what())});
  } catch (...) {
    call.record({CallStatus::internal, 0, milliseconds(0), "threw something that is not a std::exception"});
  }
  return CallStatus::internal;
}

} // namespace authd::plugin
