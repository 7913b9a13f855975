// SPDX-License-Identifier: Apache-2.0
// One Redis server and the connections to it. A thread of its own makes them, with connect_timeout and
// backoff, so that no operation pays for that: it takes an idle connection, or waits within its deadline
// for one to be ready, or is told at once that the server is away. [thread-safe]
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "dialer.h"
#include "net/backoff.h"
#include "net/descriptor.h"

namespace authd::cache_redis {

class Node {
 public:
  // Begins to connect. The dialer must outlive it.
  Node(Endpoint endpoint, const Dialer& dialer, sdk::Host host);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }

  // The use of one connection. Unless it is kept, it is closed at the end.
  class Lease {
   public:
    Lease(Node& node, std::unique_ptr<Connection> connection, bool reused)
        : node_(&node), connection_(std::move(connection)), reused_(reused) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) node_->dropped();
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    bool reused() const { return reused_; } // served an operation before: it may be dead without notice
    void keep() { node_->put_back(std::move(connection_)); }

   private:
    Node* node_;
    std::unique_ptr<Connection> connection_;
    bool reused_;
  };

  // Fault::Kind::down while the server is known to be away; timed_out when none of pool_size connections
  // became free in time.
  Outcome<Lease> take(const Deadline& deadline);

  // Another server is in charge, perhaps under the same name: connect anew.
  void forget_idle();
  // Whether the last attempt to connect, if there was one, succeeded.
  bool up() const;
  // Until the first attempt to connect has ended.
  void await_first_attempt(const Deadline& deadline) const;
  // No connection is made any more, none is given out. Ends the thread; ~Node does so too.
  void stop();

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    SteadyTime since;
    bool used; // before
  };

  void connect_while_wanted();
  bool wanted() const;
  void await_work(std::unique_lock<std::mutex>& lock);
  void attempt(std::unique_lock<std::mutex>& lock);
  std::optional<Fault> settle(Outcome<std::unique_ptr<Connection>> outcome);
  void announce(const std::optional<Fault>& down) const;
  std::optional<Lease> take_idle();
  std::optional<Fault> known_fault() const;
  void put_back(std::unique_ptr<Connection> connection);
  void dropped();

  const Endpoint endpoint_;
  const Dialer& dialer_;
  const sdk::Host host_;
  const std::size_t most_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_; // for who waits for a connection
  std::condition_variable work_;            // for the thread
  std::vector<Idle> idle_;                  // oldest first
  std::size_t open_ = 0;                    // idle, leased and being made
  std::size_t waiting_ = 0;                 // operations without a connection
  std::optional<Fault> down_;               // why the last attempt failed
  SteadyTime next_attempt_{};
  std::optional<SteadyTime> attempt_began_; // one is under way
  bool attempted_ = false;
  bool stopping_ = false;
  net::Backoff backoff_;

  net::Event stop_;
  std::thread thread_; // last: it uses all the others
};

using NodePtr = std::shared_ptr<Node>;

} // namespace authd::cache_redis
