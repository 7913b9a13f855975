// SPDX-License-Identifier: Apache-2.0
// Every call into a plugin passes through here, so that an exception which its tables swore never to
// throw ends as Status::internal instead of unwinding through the host.
#pragma once

#include <exception>
#include <string>

#include "plugin/call.h"
#include "plugin/redaction.h"

namespace authd::plugin {

template <class Operation>
Status invoke(const Redaction& redaction, Call& call, Operation operation) {
  call.record({}); // what an earlier operation of the same call recorded is not this one's reason
  try {
    return to_status(operation());
  } catch (const std::exception& e) {
    call.record({Status::internal, 0, milliseconds(0), "threw " + redaction.clean(e.what())});
  } catch (...) {
    call.record({Status::internal, 0, milliseconds(0), "threw something that is no std::exception"});
  }
  return Status::internal;
}

} // namespace authd::plugin
