// SPDX-License-Identifier: Apache-2.0
// The outcome of one request: the only input of its observers (access log, audit trail, metrics, traces),
// reported once. Every stage adds what it knows; nothing about a request is logged in any other way.
//
// All texts are views that are valid for the duration of the observers' call.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/gcra.h"
#include "base/http_attempt.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/timed_steps.h"
#include "base/trace_context.h"

namespace authd {

struct RequestOutcome {
  struct Token {
    std::string_view jti;         // empty: none was issued
    std::string_view key;         // of the credential that signed it
    std::string_view algorithm{}; // static text: "HS256"
    std::chrono::nanoseconds signing{0};
    SteadyTime signing_begun{};
  };

  // The lookup that it waited for, possibly together with others.
  struct Lookup {
    TimedSteps steps;
    std::span<const HttpAttempt> attempts; // within the calls to the gateway among them
    TraceContext owner;                    // whose span these are a part of: the first request's that waited
  };

  // --- the request; if it was refused early, only what could be read ---
  std::string_view method;
  std::string_view path;
  std::string_view route; // the path of its route; empty: none has this path and method
  std::string_view request_id;
  TraceContext trace;              // its span
  SteadyTime received{};           // when its last byte had been parsed
  IpAddress peer;                  // none: a Unix socket
  IpAddress client;                // for whom a trusted gateway forwarded it; none: unknown
  std::string_view client_subject; // of the peer's certificate, if security.client_subjects judges it: RFC 4514

  // --- the consumer as sent: neither validated nor limited in length ---
  std::string_view consumer_id;
  std::string_view consumer_name;

  // --- the answer ---
  int status = 0;
  std::size_t body_bytes = 0;
  std::chrono::nanoseconds duration{0}; // from its last byte to the answer
  std::optional<Code> code;             // AUTH_nnn, if authd refused the request
  std::string_view detail;              // of a failure, as sent to the client
  std::string_view reason;              // the cause, for operators; empty: same as the detail
  bool refused = false;                 // before it reached a route: malformed, or beyond a limit
  bool faulted = false;                 // an endpoint threw or did not answer

  RateVerdict rate; // limit 0: it was not counted
  Token token;
  std::string_view stale; // why the token was signed with a stale copy; empty: not stale
  LocalReads local_reads; // of the tiers that were asked at once
  Lookup lookup;

  std::string_view message() const { return reason.empty() ? detail : reason; }
};

// Called on reactors: must be thread-safe and must not block.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void on_outcome(const RequestOutcome& outcome) = 0;
  // An endpoint violated its contract after it had answered, when the outcome had already been reported.
  virtual void on_fault(const RequestOutcome& outcome, std::string_view what) = 0;
};

} // namespace authd
