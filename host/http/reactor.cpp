// SPDX-License-Identifier: Apache-2.0
#include "http/reactor.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include "http/listener.h"

namespace authd::http {
namespace {

// Of the first listener; that of the second is one less.
constexpr std::uint64_t kListenerToken = EventLoop::kWakeToken - 1;
constexpr milliseconds kAcceptPause{100};
// Beyond max_connections, this many at a time get a 503; further ones are closed without an answer.
constexpr unsigned kRefusedAtOnce = 64;
// Beyond max_connections_per_peer, of one peer.
constexpr unsigned kRefusedOfPeer = 8;

} // namespace

Reactor::Reactor(std::vector<Listener> listeners, std::shared_ptr<const Application> application, Log& log,
                 SharedByReactors& all)
    : shared_(std::move(application), log, all.bodies), listeners_(std::move(listeners)), all_(all) {
  shared_.mailbox = std::make_shared<Mailbox>([this] { loop_.wake(); });
  begin_accepting();
}

Reactor::~Reactor() {
  shared_.mailbox->close();
  for (const Slot& slot : slots_) {
    if (slot.connection != nullptr) --all_.open_connections;
  }
}

std::future<void> Reactor::close_listener() {
  close_listener_ = true;
  loop_.wake();
  return listener_closed_.get_future();
}

void Reactor::drain() {
  drain_ = true;
  loop_.wake();
}

void Reactor::stop() {
  stop_ = true;
  loop_.wake();
}

void Reactor::replace(std::shared_ptr<const Application> application) {
  {
    const std::lock_guard lock(mutex_);
    next_application_ = std::move(application);
  }
  loop_.wake();
}

void Reactor::run(unsigned number) {
  while (!done()) {
    const auto ready = loop_.wait(next_due());
    shared_.now = steady_now();
    shared_.date.refresh(std::time(nullptr));
    for (const epoll_event& event : ready) handle(event);
    run_again();
    expire_deadlines();
    for (TimeoutQueue* queue : shared_.queues()) expire(*queue);
    if (accept_again_ <= shared_.now) begin_accepting();
    if (all_.turns != nullptr) all_.turns->on_turn(number, steady_now() - shared_.now);
  }
  ended_ = true;
}

bool Reactor::beat() {
  const bool has_turned = !asked_to_turn_.exchange(true);
  loop_.wake();
  return has_turned || ended_;
}

bool Reactor::done() const { return stop_ || (shared_.draining && free_slots_.size() == slots_.size()); }

SteadyTime Reactor::next_due() {
  if (!shared_.again.empty()) return shared_.now;
  SteadyTime due = std::min(shared_.deadlines.next_due(), accept_again_);
  for (const TimeoutQueue* queue : shared_.queues()) due = std::min(due, queue->next_due());
  return due;
}

void Reactor::handle(const epoll_event& event) {
  if (kListenerToken - event.data.u64 < listeners_.size())
    return accept_next(listeners_[kListenerToken - event.data.u64]);
  if (event.data.u64 == EventLoop::kWakeToken) {
    loop_.acknowledge_wake();
    asked_to_turn_ = false;
    run_tasks();
    return apply_requests();
  }
  Connection* connection = find(ConnectionKey::unpack(event.data.u64));
  if (connection == nullptr) return;
  connection->on_ready(event.events);
  reap(*connection);
}

// One per turn of the loop: the listening socket is level-triggered, so the next one is reported again.
void Reactor::accept_next(Listener& listener) {
  std::optional<Poco::Net::StreamSocket> socket;
  Poco::Net::SocketAddress peer;
  switch (accept_one(listener.socket, socket, peer)) {
  case AcceptOutcome::accepted:
    return admit(std::move(*socket), peer);
  case AcceptOutcome::no_resources:
    return pause_accepting();
  case AcceptOutcome::nothing:
    return;
  }
}

void Reactor::admit(Poco::Net::StreamSocket socket, const Poco::Net::SocketAddress& peer) {
  const ServerOptions& options = shared_.options();
  const int fd = socket.impl()->sockfd();
  Peer from{IpAddress::of(peer.addr())};
  const bool local = from.address.empty();
  from.over_tls = !local && options.tls != nullptr;
  if (!local && options.is_trusted) from.trusted = options.is_trusted(from.address);
  PeerShares::Share share = share_of(from);
  if (share.connections() > options.max_connections_per_peer + kRefusedOfPeer) return;
  std::optional<Refusal> refusal = refusal_of(share);
  if (all_.open_connections >= options.max_connections && (refusal || !evict_longest_waiting())) {
    if (all_.open_connections >= options.max_connections + kRefusedAtOnce) return;
    refusal = {503, "Too many connections"};
  }
  if (!refusal && local && !may_connect(socket)) refusal = {403, "This user may not connect: server.unix_peers"};
  std::unique_ptr<TlsStream> tls;
  if (!local && options.tls != nullptr) {
    tls = TlsStream::over(fd, *options.tls);
    if (tls == nullptr) return; // out of memory
  }
  Connection& connection = add_connection(std::move(socket), std::move(tls), from, std::move(share));
  try {
    loop_.add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection.key().packed());
  } catch (const std::exception& e) {
    shared_.log.write(Level::warn, "accept-failed", "Cannot watch a connection", {{"error.message", e.what()}});
    return reap(connection);
  }
  if (refusal) connection.refuse(*refusal);
  reap(connection);
}

// A gateway has the connections of all its clients.
PeerShares::Share Reactor::share_of(const Peer& peer) {
  const ServerOptions& options = shared_.options();
  const bool is_gateway = options.trusted_are_gateways && peer.trusted;
  if (options.max_connections_per_peer == 0 || peer.address.empty() || is_gateway) return {};
  return all_.peers.take(peer.address);
}

std::optional<Refusal> Reactor::refusal_of(const PeerShares::Share& share) const {
  if (share.connections() <= shared_.options().max_connections_per_peer) return std::nullopt;
  return Refusal{503, "Too many connections from this address"};
}

// By the permissions of the file, and, if users are named, by these: spec/configuration.md, unix_peers.
bool Reactor::may_connect(const Poco::Net::StreamSocket& socket) const {
  const std::vector<uid_t>& users = shared_.options().local_users;
  if (users.empty()) return true;
  const auto user = user_of_peer(socket);
  return user && std::find(users.begin(), users.end(), *user) != users.end();
}

// So that idle clients cannot hold all connections: closes the one that has waited longest, in whatever phase.
bool Reactor::evict_longest_waiting() {
  for (int attempts = 16; attempts > 0; --attempts) {
    const auto queues = shared_.queues();
    const TimeoutQueue& longest = **std::min_element(
        queues.begin(), queues.end(), [](auto* a, auto* b) { return a->waits_since() < b->waits_since(); });
    if (longest.first() == nullptr || longest.waits_since() > shared_.now - kMinWait) return false;
    auto& connection = static_cast<Connection&>(*longest.first());
    connection.try_evict();
    if (!connection.closed()) continue; // a request had just arrived
    reap(connection);
    return true;
  }
  return false;
}

Connection& Reactor::add_connection(Poco::Net::StreamSocket socket, std::unique_ptr<TlsStream> tls, const Peer& peer,
                                    PeerShares::Share share) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_slots_.back();
  Slot& slot = slots_[number];
  slot.connection = std::make_unique<Connection>(shared_, ConnectionKey{number, slot.generation}, std::move(socket),
                                                 std::move(tls), peer);
  slot.share = std::move(share);
  free_slots_.pop_back();
  ++all_.open_connections;
  shared_.activity.set_connections(slots_.size() - free_slots_.size());
  return *slot.connection;
}

// Without free descriptors the listening socket stays ready, and the loop would spin.
void Reactor::pause_accepting() {
  shared_.log.write(Level::warn, "accept-paused",
                    "Out of file descriptors: raise LimitNOFILE or lower "
                    "server.max_connections");
  for (const Listener& listener : listeners_) loop_.remove(listener.socket.impl()->sockfd());
  accept_again_ = shared_.now + kAcceptPause;
}

void Reactor::begin_accepting() {
  accept_again_ = SteadyTime::max();
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const std::uint32_t events = listeners_[i].shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
    loop_.add(listeners_[i].socket.impl()->sockfd(), events, kListenerToken - i);
  }
}

void Reactor::adopt_application() {
  std::shared_ptr<const Application> next;
  {
    const std::lock_guard lock(mutex_);
    next.swap(next_application_);
  }
  if (!next) return;
  shared_.application.swap(next);
  shared_.cors = shared_.make_cors();
  shared_.reading.change_duration(shared_.options().header_timeout);
  shared_.writing.change_duration(shared_.options().idle_timeout);
  if (shared_.draining) return;
  shared_.idle.change_duration(shared_.options().idle_timeout);
  shared_.fresh.change_duration(shared_.options().header_timeout);
}

void Reactor::apply_requests() {
  adopt_application();
  if (close_listener_ && listening_) finish_accepting();
  if (drain_ && !shared_.draining) begin_drain();
}

void Reactor::finish_accepting() {
  for (Listener& listener : listeners_) {
    if (listener.backlog == Backlog::own) accept_backlog(listener);
    loop_.remove(listener.socket.impl()->sockfd()); // closing is not enough while others have the socket, too
    listener.socket.close();
  }
  listening_ = false;
  accept_again_ = SteadyTime::max();
  listener_closed_.set_value();
}

// A client that connected before the listener closes is served.
void Reactor::accept_backlog(Listener& listener) {
  while (has_backlog(listener.socket)) {
    std::optional<Poco::Net::StreamSocket> socket;
    Poco::Net::SocketAddress peer;
    if (accept_one(listener.socket, socket, peer) == AcceptOutcome::no_resources) break;
    if (socket) admit(std::move(*socket), peer);
  }
}

void Reactor::begin_drain() {
  shared_.draining = true;
  shared_.idle.change_duration(std::min(kDrainGrace, shared_.options().idle_timeout));
  shared_.fresh.change_duration(std::min(kDrainGrace, shared_.options().header_timeout));
}

void Reactor::run_tasks() {
  shared_.mailbox->collect(tasks_);
  for (const Mailbox::Task& task : tasks_) {
    Connection* connection = find(task.connection);
    if (connection == nullptr) continue;
    connection->on_resume(task.exchange, task.next);
    reap(*connection);
  }
  tasks_.clear(); // now, because others may wait for the destruction of what a continuation owns
}

void Reactor::run_again() {
  turns_.swap(shared_.again);
  for (const ConnectionKey key : turns_) {
    Connection* connection = find(key);
    if (connection == nullptr) continue;
    connection->on_turn();
    reap(*connection);
  }
  turns_.clear();
}

void Reactor::expire_deadlines() {
  DeadlineHeap::Entry entry;
  while (shared_.deadlines.pop_due(shared_.now, entry)) {
    Connection* connection = find(entry.connection);
    if (connection == nullptr) continue;
    connection->on_deadline(entry.serial);
    reap(*connection);
  }
}

void Reactor::expire(TimeoutQueue& queue) {
  while (Timed* due = queue.pop_due(shared_.now)) {
    auto& connection = static_cast<Connection&>(*due);
    connection.on_timeout();
    reap(connection);
  }
}

Connection* Reactor::find(ConnectionKey key) {
  if (key.slot >= slots_.size() || slots_[key.slot].generation != key.generation) return nullptr;
  return slots_[key.slot].connection.get();
}

void Reactor::reap(Connection& connection) {
  if (!connection.closed()) return;
  const std::uint32_t number = connection.key().slot;
  ++slots_[number].generation;
  slots_[number].connection.reset(); // closes the socket, which leaves epoll
  slots_[number].share = {};
  free_slots_.push_back(number);
  --all_.open_connections;
  shared_.activity.set_connections(slots_.size() - free_slots_.size());
}

} // namespace authd::http
