// SPDX-License-Identifier: Apache-2.0
// What became of one request: the only thing that its observers (access log, audit trail, later metrics and traces)
// are given, once. Whoever has to do with the request writes what it knows into it; nothing is logged past it.
//
// All texts are views that hold for the duration of the observers' call.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/ip_address.h"
#include "base/timed_steps.h"

namespace authd {

struct RequestOutcome {
  struct Token {
    std::string_view jti; // empty: none was issued
    std::string_view key; // of the credential that signed it
  };

  // --- the request; of one that was refused early only what could be read ---
  std::string_view method;
  std::string_view path;
  std::string_view request_id;
  IpAddress peer;   // none: it came over a Unix socket
  IpAddress client; // whom a trusted gateway forwarded it for; none: not known

  // --- who asks, as it was said: neither checked nor bounded ---
  std::string_view consumer_id;
  std::string_view consumer_name;

  // --- the answer ---
  int status = 0;
  std::size_t body_bytes = 0;
  std::chrono::nanoseconds duration{0}; // from its last byte to the answer
  std::optional<Code> code;             // AUTH_nnn, of a refusal of authd's own
  std::string_view detail;              // of a failure, as the client was told
  std::string_view reason;              // and why, for operators; empty: the detail says all
  bool refused = false;                 // before it came to a route: not HTTP, or too much of it
  bool faulted = false;                 // an endpoint threw, or forgot to answer

  Token token;
  std::string_view stale; // why the token was signed with a stale copy; empty: it was not
  TimedSteps steps;       // of the lookup that it waited for; others may have waited for the same

  std::string_view message() const { return reason.empty() ? detail : reason; }
};

// Called on reactors: must be thread-safe and must not block.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void on_outcome(const RequestOutcome& outcome) = 0;
  // An endpoint did what it may not after it had answered, so that the outcome has been told already.
  virtual void on_fault(const RequestOutcome& outcome, std::string_view what) = 0;
};

} // namespace authd
