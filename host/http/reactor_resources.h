// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/request_outcome.h"
#include "base/uuid.h"
#include "http/buffers.h"
#include "http/cors.h"
#include "http/mailbox.h"
#include "http/response_writer.h"
#include "http/server.h"
#include "http/timeouts.h"

namespace authd::http {

// How long a kept connection may go without a request once the server drains: long enough for a client that
// is busy on it to send the next one and read "Connection: close" in the answer.
inline constexpr milliseconds kDrainGrace{1000};
// At max_connections nobody has to go for a new connection who has waited for less: a request that is on its
// way has come by then.
inline constexpr milliseconds kLeastWait{1000};
// How long the rest of a refused request is read and dropped, so that the answer is not lost to a reset.
inline constexpr milliseconds kLingerTime{2000};

// Who is at the other end of a connection, as it was decided when it was accepted.
struct Peer {
  IpAddress address; // none: a Unix socket
  bool trusted = true;
};

// Only an open exchange has one, so that an idle connection stays small.
struct PooledOutcome {
  RequestOutcome value;
  bool recycle() {
    value = {};
    return true;
  }
};

// What all reactors of a server share. [thread-safe]
struct SharedByReactors {
  std::atomic<unsigned> open_connections{0};
  BodyBudget bodies;
};

// What the connections of one reactor share. Touched by its thread only, but for the mailbox.
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
  std::vector<ConnectionKey> again; // have more to do in the next turn of the loop
  SteadyTime now = steady_now();    // of the current turn
  bool draining = false;
};

} // namespace authd::http
