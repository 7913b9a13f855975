// SPDX-License-Identifier: Apache-2.0
// Every call into a plugin passes through here, so that it is known to be under way, and that an exception
// which its noexcept tables must not throw ends as CallStatus::internal instead of unwinding through the host.
#pragma once

#include <exception>
#include <string>

#include "base/call.h"
#include "plugin/calls_under_way.h"
#include "plugin/redaction.h"

namespace authd::plugin {

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
