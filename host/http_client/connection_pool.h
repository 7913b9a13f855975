// SPDX-License-Identifier: Apache-2.0
// Idle keep-alive connections of one plugin instance, newest first.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/deadline_socket.h"

namespace authd::http_client {

// [thread-safe]
class ConnectionPool {
 public:
  // Kong closes at 75 s; who closes first never writes into a closed connection.
  static constexpr seconds kMaxIdle{60};
  static constexpr std::size_t kMaxTotal = 256; // over all origins

  // The connection to `origin` that was used last and is still quiet; nullopt: open one.
  std::optional<net::DeadlineSocket> take(std::string_view origin, SteadyTime now);
  // Keeps a connection whose answer was read whole; the oldest of its origin goes when there are more
  // than `most`.
  void keep(std::string origin, net::DeadlineSocket socket, std::size_t most, SteadyTime now);
  std::size_t size() const;

 private:
  struct Idle {
    std::string origin;
    net::DeadlineSocket socket;
    SteadyTime since;
  };

  mutable std::mutex mutex_;
  std::vector<Idle> idle_; // oldest first
};

} // namespace authd::http_client
