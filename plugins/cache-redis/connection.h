// SPDX-License-Identifier: Apache-2.0
// One connection to a Redis server: commands out, replies in, each exchange under one deadline.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <Poco/Net/StreamSocket.h>
#include <Poco/Redis/Command.h>
#include <Poco/Redis/RedisStream.h>

#include "poco_socket.h"
#include "reply.h"

namespace authd::cache_redis {

using Poco::Redis::Command;

// After any Fault it is spoiled: the answer may still come, and the next command would take it for its own.
class Connection {
 public:
  // Nothing is sent yet.
  explicit Connection(net::DeadlineSocket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends all the commands, then reads one reply for each. An error reply is a reply, not a Fault.
  Outcome<std::vector<Reply>> exchange(std::span<const Command> commands, const Deadline& deadline);
  Outcome<Reply> exchange(const Command& command, const Deadline& deadline);

  // For subscribers: a command whose answer comes among what they are sent, and the next of that.
  Outcome<void> send(const Command& command, const Deadline& deadline);
  Outcome<Reply> receive(const Deadline& deadline);
  bool readable(const Deadline& deadline) {
    return input_.rdbuf()->in_avail() > 0 || socket_->socket().readable(deadline);
  }

  // Fit for another exchange: not closed, and no bytes left over.
  bool quiet() { return input_.rdbuf()->in_avail() <= 0 && socket_->socket().quiet(); }
  const net::Address& peer() const { return socket_->socket().peer(); }

 private:
  // Runs an operation on the streams, and makes of what it throws a Fault.
  template <class Operation>
  auto guarded(const Deadline& deadline, Operation&& operation) -> Outcome<decltype(operation())>;

  PocoSocket::Ptr socket_;
  Poco::Net::StreamSocket stream_socket_; // shares socket_, for the streams
  Poco::Redis::RedisInputStream input_;
  Poco::Redis::RedisOutputStream output_;
};

} // namespace authd::cache_redis
