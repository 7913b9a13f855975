// SPDX-License-Identifier: Apache-2.0
#include "subscriber.h"

#include <exception>
#include <utility>
#include <vector>

#include "formats.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

// A connection that was silent for this long is checked, and given up when it is silent for as long again.
constexpr milliseconds kQuiet{2000};
// A message that has begun must end.
constexpr milliseconds kMessageTimeout{2000};

} // namespace

Subscriber::Subscriber(Topology& topology, const Dialer& dialer, const sdk::Host& host, std::string instance_id)
    : topology_(topology), dialer_(dialer), host_(host), tiers_(host), instance_id_(std::move(instance_id)),
      backoff_(dialer.settings().retry_delay) {}

Subscriber::~Subscriber() { stop(); }

void Subscriber::start(const Deadline& deadline) {
  if (!tiers_.available()) return;
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, deadline.remaining(), [this] { return attempted_; });
  attempted_ = true; // from now on operations run, and a late first subscription leaves a gap
}

void Subscriber::stop() {
  stop_.raise();
  if (thread_.joinable()) thread_.join();
  stop_.close();
}

void Subscriber::run() {
  while (!stopping()) {
    const auto ended = listen_guarded();
    if (stopping()) return;
    lost(ended.error());
    within(std::chrono::hours(1)).pause(backoff_.next());
  }
}

// An exception that left the thread would end the process.
Outcome<void> Subscriber::listen_guarded() {
  try {
    return listen();
  } catch (const std::exception& e) {
    return failure(Fault::Kind::lost, Status::internal, e.what());
  }
}

// Returns only with a Fault.
Outcome<void> Subscriber::listen() {
  const auto server = choose_server();
  if (!server) return tl::make_unexpected(server.error());
  auto connection = subscribe(*server);
  if (!connection) return tl::make_unexpected(std::move(connection.error()));
  subscribed(*server);
  return follow(**connection, *server);
}

// Any master will do: a cluster passes messages on to all its nodes. Another one each time, one that is up
// if there is any.
Outcome<Endpoint> Subscriber::choose_server() {
  auto masters = topology_.masters();
  if (!masters) return tl::make_unexpected(std::move(masters.error()));
  for (std::size_t tried = 1; tried < masters->size() && !(*masters)[next_master_ % masters->size()]->up(); ++tried)
    ++next_master_;
  return (*masters)[next_master_++ % masters->size()]->endpoint();
}

Outcome<std::unique_ptr<Connection>> Subscriber::subscribe(const Endpoint& server) {
  const Deadline deadline = within(dialer_.settings().connect_timeout);
  auto connection = dialer_.dial(server, deadline);
  if (!connection) return connection;
  Command command("SUBSCRIBE");
  command << std::string(kChannel);
  auto reply = (*connection)->exchange(command, deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  if (const std::string* error = error_of(*reply)) return tl::make_unexpected(classify_error(*error));
  return connection;
}

// The order matters: what is announced from here on will be received; the resync covers what was announced before.
void Subscriber::subscribed(const Endpoint& server) {
  backoff_.reset();
  pong_due_ = false;
  {
    const std::lock_guard lock(mutex_);
    gap_ = gap_ || std::exchange(attempted_, true);
    changed_.notify_all();
  }
  if (!std::exchange(gap_, true)) return;
  tiers_.resync();
  warned_ = false;
  host_.log(sdk::Level::info, "redis-subscribed", "receiving invalidations again, from " + server.text());
}

void Subscriber::lost(const Fault& fault) {
  {
    const std::lock_guard lock(mutex_);
    attempted_ = true;
    changed_.notify_all();
  }
  gap_ = true;
  topology_.request_refresh();
  if (std::exchange(warned_, true)) return;
  host_.log(sdk::Level::warn, "redis-unsubscribed",
            "not receiving the invalidations of other instances: " + fault.message);
}

Outcome<void> Subscriber::follow(Connection& connection, const Endpoint& server) {
  for (;;) {
    const Deadline quiet = within(kQuiet);
    auto done = connection.readable(quiet) ? receive(connection) : keep_alive(connection, server);
    if (!done) return done;
  }
}

Outcome<void> Subscriber::receive(Connection& connection) {
  auto reply = connection.receive(within(kMessageTimeout));
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  handle(*reply);
  return {};
}

Outcome<void> Subscriber::keep_alive(Connection& connection, const Endpoint& server) {
  if (stopping()) return failure(Fault::Kind::down, Status::cancelled, "stopped");
  if (pong_due_) return failure(Fault::Kind::timed_out, Status::timeout, "Redis does not answer PING");
  if (!topology_.delivers_to(server))
    return failure(Fault::Kind::misdirected, Status::unavailable, "another server is master now");
  pong_due_ = true;
  return connection.send(Command("PING"), within(kMessageTimeout));
}

// ["message", channel, text] or ["pong", ""]; any of them shows that the connection is alive.
void Subscriber::handle(const Reply& reply) {
  pong_due_ = false;
  const auto parts = elements_of(reply);
  if (parts.size() != 3 || text_of(parts[0]) != "message") return;
  const auto announcement = parse_announcement(text_of(parts[2]));
  if (!announcement || announcement->instance == instance_id_) return;
  if (announcement->key) {
    tiers_.invalidated(*announcement->key);
  } else {
    tiers_.cleared();
  }
}

} // namespace authd::cache_redis
