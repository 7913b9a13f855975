// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "http/exchange.h"

namespace authd::http {

// Names a connection of one reactor for ever: a slot is used again, but not with the same generation. What
// comes late (a ready socket, a resume, a deadline) finds nobody instead of a stranger.
struct ConnectionKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  bool operator==(const ConnectionKey&) const = default;
  std::uint64_t packed() const { return std::uint64_t{slot} << 32 | generation; }
  static ConnectionKey unpack(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
};

// What other threads hand to a reactor. Tickets share it, and it outlives the reactor: after close() it takes
// letters and drops them.
class Mailbox {
 public:
  struct Letter {
    ConnectionKey connection;
    std::uint64_t exchange = 0;
    Continuation next;
  };

  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(Letter letter); // [thread-safe]
  void close();             // [thread-safe] no wake-up is made after it returns

  // Takes all letters into `letters`, whose room is used for the next ones.
  void collect(std::vector<Letter>& letters);

 private:
  std::mutex mutex_;
  std::vector<Letter> letters_;
  std::function<void()> wake_;
  bool closed_ = false;
};

// The ticket for one exchange of one connection.
Ticket make_ticket(std::shared_ptr<Mailbox> mailbox, ConnectionKey connection, std::uint64_t exchange);

} // namespace authd::http
