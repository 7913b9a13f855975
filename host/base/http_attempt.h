// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange with a gateway, as often as it is attempted: noted for traces.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/trace_context.h"

namespace authd {

struct HttpAttempt {
  SpanId span{};   // as its traceparent has it
  SpanId parent{}; // of the operation that it is part of
  std::string method;
  std::string url; // without its query
  std::string host;
  std::string port;
  unsigned resends = 0; // attempts of the same exchange before this one
  int status = 0;       // 0: there was no answer
  std::string failure;  // why not; no secret
  SteadyTime begun{};
  std::chrono::nanoseconds duration{0};
};

} // namespace authd
