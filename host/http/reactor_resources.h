// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/request_outcome.h"
#include "base/trace_ids.h"
#include "http/buffers.h"
#include "http/cors.h"
#include "http/mailbox.h"
#include "http/peer_shares.h"
#include "http/response_writer.h"
#include "http/server.h"
#include "http/timeouts.h"

namespace authd::http {

// How long a kept connection may be idle while the server drains: enough for an active client to send its next request
// and read "Connection: close" in the answer.
inline constexpr milliseconds kDrainGrace{1000};
// At max_connections, a connection that has waited for less is not closed for a new one: its request may be in transit.
inline constexpr milliseconds kMinWait{1000};
// How long the rest of a refused request is read and dropped, so that the answer is not lost to a reset.
inline constexpr milliseconds kLingerTime{2000};

// The client of a connection, as determined when it was accepted, and, where certificates are judged, after the
// handshake.
struct Peer {
  IpAddress address; // none: a Unix socket
  bool trusted = true;
  bool over_tls = false;
  bool certificate_judged = false;
  std::string subject{}; // of a certificate that was judged
};

// Only an open exchange has one, so an idle connection stays small.
struct PooledOutcome {
  RequestOutcome value;
  std::string trace_state; // what value.trace.state views, if it came in several lines
  bool recycle() {
    value = {};
    trace_state.clear();
    return true;
  }
};

// What all reactors of a server share. [thread-safe]
struct SharedByReactors {
  std::atomic<unsigned> open_connections{0};
  PeerShares peers;
  BodyBudget bodies;
  TurnObserver* turns = nullptr;
};

// How busy a reactor is: written by its thread only, so that a count is a load and a store. [thread-safe] to read.
class ActivityCount {
 public:
  void request_begun() { step(begun_); }
  void request_ended() { step(ended_); }
  void set_connections(std::size_t open) { connections_.store(static_cast<unsigned>(open), std::memory_order_relaxed); }
  ReactorActivity read() const {
    const std::uint64_t ended = ended_.load(std::memory_order_relaxed); // first: there are never more ended than begun
    const std::uint64_t begun = begun_.load(std::memory_order_relaxed);
    return {connections_.load(std::memory_order_relaxed), begun, begun > ended ? begun - ended : 0};
  }

 private:
  static void step(std::atomic<std::uint64_t>& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<unsigned> connections_{0};
};

// What the connections of one reactor share. Used by its thread only, except the mailbox.
struct ReactorResources {
  ReactorResources(std::shared_ptr<const Application> a, Log& l, BodyBudget& b)
      : application(std::move(a)), log(l), bodies(b), cors(make_cors()), idle(options().idle_timeout),
        reading(options().header_timeout), writing(options().idle_timeout), lingering(kLingerTime),
        fresh(options().header_timeout) {}

  const ServerOptions& options() const { return application->options; }
  RequestLimits limits() const { return {options().header_limit, options().url_limit, options().body_limit}; }
  std::array<TimeoutQueue*, 5> queues() { return {&idle, &reading, &writing, &lingering, &fresh}; }
  std::size_t body_memory() const { return std::max(options().body_memory, 4 * options().body_limit); }
  Cors make_cors() const { return {options().cors, options().cors_credentials}; }

  std::shared_ptr<const Application> application;
  Log& log;
  BodyBudget& bodies; // of all reactors

  Cors cors;
  HttpDate date;
  UuidSource ids;
  TraceIdSource trace_ids{24 * 1024}; // of 1024 requests
  Pool<Inbox> inboxes;
  Pool<OutputBuffer> outputs;
  Pool<PooledOutcome> outcomes;
  std::shared_ptr<Mailbox> mailbox;

  TimeoutQueue idle;      // between requests
  TimeoutQueue reading;   // a request has begun and is not complete
  TimeoutQueue writing;   // the client does not read its answers
  TimeoutQueue lingering; // answered and shut down, until the client closes
  TimeoutQueue fresh;     // before the first request, a TLS handshake included
  DeadlineHeap deadlines;
  std::vector<ConnectionKey> again; // that have more to do in the next turn of the loop
  SteadyTime now = steady_now();    // of the current turn
  bool draining = false;
  ActivityCount activity;
};

} // namespace authd::http
