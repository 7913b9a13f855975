// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <Poco/Net/ServerSocket.h>

#include "http/connection.h"
#include "http/event_loop.h"
#include "http/reactor_resources.h"

namespace authd::http {

// Whose the connections are that wait to be accepted when the server stops listening: its own, because they would be
// reset, or a successor's, because the socket was passed and stays open.
enum class Backlog { own, of_successor };

struct Listener {
  Poco::Net::ServerSocket socket;
  Backlog backlog;
  bool shared; // other reactors have it, too: a connection shall wake only one of them
};

// One thread's share of the server: listening sockets and the connections accepted from them.
class Reactor {
 public:
  // At least one listener.
  Reactor(std::vector<Listener> listeners, std::shared_ptr<const Application> application, Log& log,
          SharedByReactors& all);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void run(unsigned number);                                    // until stopped, or drained and without connections
  void stop();                                                  // [thread-safe]
  void replace(std::shared_ptr<const Application> application); // [thread-safe]

  // Whether it has turned since the last call, or runs no more; and asks it to turn again. [thread-safe]
  bool beat();

  ReactorActivity activity() const { return shared_.activity.read(); } // [thread-safe]

  // Draining takes two steps, so that no reactor tells a client to close, and thereby to reconnect, while the listener
  // of another one is about to close. Each [thread-safe], once, in this order.
  std::future<void> close_listener(); // after its own backlog has been accepted
  void drain();

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    PeerShares::Share share;
    std::uint32_t generation = 0;
  };

  bool done() const;
  SteadyTime next_due();
  void handle(const epoll_event& event);
  void accept_next(Listener& listener);
  void admit(Poco::Net::StreamSocket socket, const Poco::Net::SocketAddress& peer);
  PeerShares::Share share_of(const Peer& peer);
  std::optional<Refusal> refusal_of(const PeerShares::Share& share) const;
  bool may_connect(const Poco::Net::StreamSocket& socket) const;
  bool evict_longest_waiting();
  Connection& add_connection(Poco::Net::StreamSocket socket, std::unique_ptr<TlsStream> tls, const Peer& peer,
                             PeerShares::Share share);
  void pause_accepting();
  void begin_accepting();
  void accept_backlog(Listener& listener);
  void finish_accepting();
  void begin_drain();
  void adopt_application();
  void apply_requests();
  void run_tasks();
  void run_again();
  void expire_deadlines();
  void expire(TimeoutQueue& queue);
  Connection* find(ConnectionKey key);
  void reap(Connection& connection);

  ReactorResources shared_;
  EventLoop loop_;
  std::vector<Listener> listeners_;
  SharedByReactors& all_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<ConnectionKey> turns_;
  std::vector<Mailbox::Task> tasks_;
  SteadyTime accept_again_ = SteadyTime::max(); // while out of descriptors
  std::mutex mutex_;
  std::shared_ptr<const Application> next_application_; // guarded by mutex_
  std::atomic<bool> stop_{false};
  std::atomic<bool> close_listener_{false};
  std::atomic<bool> drain_{false};
  std::atomic<bool> asked_to_turn_{false};
  std::atomic<bool> ended_{false};
  std::promise<void> listener_closed_;
  bool listening_ = true;
};

} // namespace authd::http
