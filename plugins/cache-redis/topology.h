// SPDX-License-Identifier: Apache-2.0
// Which server to ask for a key. A thread finds that out in the background; the methods answer from what is
// known. [thread-safe]
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "fault.h"
#include "net/descriptor.h"
#include "node.h"

namespace authd::cache_redis {

class Topology {
 public:
  virtual ~Topology() = default;

  // Begins to connect, and waits until that was tried once or the deadline is over.
  virtual void start(const Deadline& deadline) = 0;
  virtual void stop() = 0; // ends all threads; operations fail from then on

  // The server that has the key.
  virtual Outcome<NodePtr> route(std::string_view key) = 0;
  // Every server that has keys of its own.
  virtual Outcome<std::vector<NodePtr>> masters() = 0;
  // The server that an answer pointed to; `from` gave the answer.
  virtual Outcome<NodePtr> follow(const Redirection& to, const Node& from);

  // To be called after an answer, or a failure, that suggests that another server is in charge. Does no I/O.
  virtual void request_refresh() {}
  // Whether messages that are published now reach a subscriber at this server.
  virtual bool delivers_to(const Endpoint& server) = 0;
};

// A thread that finds out which servers are in charge, periodically and on request.
class TopologyRefresher {
 public:
  // `refresh` gets a deadline that is over as soon as stop() is called.
  TopologyRefresher(milliseconds period, std::function<void(const Deadline&)> refresh);
  ~TopologyRefresher(); // stops

  void start();
  void stop();
  // Soon, but at most ten times a second. [thread-safe]
  void refresh_now();
  // Waits until the first refresh has ended. [thread-safe] [may-block]
  void await_first(const Deadline& deadline) const;

 private:
  void run();
  void refresh() noexcept;

  const milliseconds period_;
  const std::function<void(const Deadline&)> refresh_;
  mutable std::mutex mutex_;
  mutable std::condition_variable refreshed_;
  std::condition_variable work_; // for the thread
  bool requested_ = false;
  bool has_refreshed_ = false;
  bool stopping_ = false;
  net::Event stop_;
  std::thread thread_;
};

// Of the deployment that the settings' url names. The dialer must outlive it.
std::unique_ptr<Topology> make_topology(const Dialer& dialer, const sdk::Host& host);

} // namespace authd::cache_redis
