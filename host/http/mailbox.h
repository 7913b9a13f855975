// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "http/exchange.h"

namespace authd::http {

// Identifies a connection of one reactor for the life of the process: a slot is reused, but with another generation.
// A late event (a ready socket, a resume, a deadline) finds no connection instead of the wrong one.
struct ConnectionKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  bool operator==(const ConnectionKey&) const = default;
  std::uint64_t packed() const { return std::uint64_t{slot} << 32 | generation; }
  static ConnectionKey unpack(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
};

// What other threads post to a reactor: continuations of deferred exchanges. Shared by the tickets, so it may outlive
// the reactor; after close() it drops what is posted.
class Mailbox {
 public:
  struct Task {
    ConnectionKey connection;
    std::uint64_t exchange = 0;
    Continuation next;
  };

  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(Task task); // [thread-safe]
  void close();         // [thread-safe] no wake-up is made after it returns

  // Moves all tasks into `tasks`, whose capacity is used for the next ones.
  void collect(std::vector<Task>& tasks);

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::function<void()> wake_;
  bool closed_ = false;
};

// The ticket for one exchange of one connection.
Ticket make_ticket(std::shared_ptr<Mailbox> mailbox, ConnectionKey connection, std::uint64_t exchange);

} // namespace authd::http
