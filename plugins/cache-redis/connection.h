// SPDX-License-Identifier: Apache-2.0
// One connection to a Redis server: commands out, replies in, each exchange under one deadline.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/Redis/Command.h>
#include <Poco/Redis/RedisStream.h>

#include "fault.h"
#include "net/deadline_socket.h"
#include "reply.h"

namespace authd::cache_redis {

using Poco::Redis::Command;

// A net::DeadlineSocket as Poco's Redis streams take it. They know failures only as exceptions, so the failure is kept
// beside.
class PocoSocket final : public Poco::Net::StreamSocketImpl {
 public:
  using Ptr = Poco::AutoPtr<PocoSocket>;

  explicit PocoSocket(net::DeadlineSocket socket) : socket_(std::move(socket)) {}

  // Bounds all that follows; until then nothing may be read or written. The deadline's operation must outlive it.
  void set_deadline(const Deadline& deadline) { deadline_ = deadline; }
  // Why the last read or write failed; nothing after the orderly end of the stream.
  const std::optional<Fault>& fault() const { return fault_; }
  const net::DeadlineSocket& socket() const { return socket_; }

  // As Poco's; every failure is kept as fault() and thrown as Poco::Exception.
  int receiveBytes(void* buffer, int length, int flags = 0) override;
  // All of it.
  int sendBytes(const void* buffer, int length, int flags = 0) override;

 private:
  [[noreturn]] void fail(const net::Failure& why);

  net::DeadlineSocket socket_;
  Deadline deadline_{milliseconds::zero()};
  std::optional<Fault> fault_;
};

// After any Fault it must not be used again: the answer may still come, and would be read as the next command's.
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
