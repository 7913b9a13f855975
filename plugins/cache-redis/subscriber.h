// SPDX-License-Identifier: Apache-2.0
// Receives what other instances announce, and tells the host. A silent connection is checked with PING, so a
// dead one is noticed within five seconds; after every interruption the host is told that messages may have
// been missed, because what was announced meanwhile is lost (Redis' publish/subscribe keeps nothing).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "authd/tiers.hpp"
#include "net/backoff.h"
#include "net/descriptor.h"
#include "topology.h"

namespace authd::cache_redis {

class Subscriber {
 public:
  // All but the id must outlive it. The id is this instance's: its own announcements are ignored.
  Subscriber(Topology& topology, const Dialer& dialer, const sdk::Host& host, std::string instance_id);
  ~Subscriber(); // stops

  // Does nothing where the host has no authd.tiers/1. Waits until the first attempt has ended.
  void start(const Deadline& deadline);
  void stop();

 private:
  void run();
  Outcome<void> listen_guarded();
  Outcome<void> listen();
  Outcome<std::unique_ptr<Connection>> subscribe(const Endpoint& server);
  Outcome<Endpoint> choose_server();
  void subscribed(const Endpoint& server);
  Outcome<void> follow(Connection& connection, const Endpoint& server);
  Outcome<void> receive(Connection& connection);
  Outcome<void> keep_alive(Connection& connection, const Endpoint& server);
  void handle(const Reply& reply);
  void lost(const Fault& fault);
  void attempted();
  Deadline within(milliseconds time) const { return Deadline(time).cancelled_by(stop_.descriptor()); }
  bool stopping() const { return within(milliseconds(1)).over(); }

  Topology& topology_;
  const Dialer& dialer_;
  const sdk::Host host_;
  const sdk::Tiers tiers_;
  const std::string instance_id_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool attempted_ = false; // to subscribe, since start

  // Of the thread alone:
  bool gap_ = false;    // invalidations may have been missed
  bool warned_ = false; // of the current interruption
  bool pong_due_ = false;
  std::size_t next_master_ = 0;
  net::Backoff backoff_;

  net::Event stop_;
  std::thread thread_;
};

} // namespace authd::cache_redis
