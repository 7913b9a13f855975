// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <ios>
#include <ostream>
#include <type_traits>

#include <Poco/Exception.h>

namespace authd::cache_redis {
namespace {

using sdk::Status;

// A socket's constructor adopts a reference.
Poco::Net::SocketImpl* shared(PocoSocket::Ptr& socket) {
  socket->duplicate();
  return socket.get();
}

} // namespace

// --- PocoSocket

int PocoSocket::receiveBytes(void* buffer, int length, int) {
  const auto n = socket_.read({static_cast<char*>(buffer), static_cast<std::size_t>(length)}, deadline_);
  if (!n) fail(n.error());
  return static_cast<int>(*n);
}

int PocoSocket::sendBytes(const void* buffer, int length, int) {
  const auto sent = socket_.write({static_cast<const char*>(buffer), static_cast<std::size_t>(length)}, deadline_);
  if (!sent) fail(sent.error());
  return length;
}

void PocoSocket::fail(const net::Failure& why) {
  if (!fault_) fault_ = fault_of(why);
  throw Poco::IOException(fault_->message);
}

// --- Connection

// Without their exceptions the streams would pad what is cut short.
Connection::Connection(net::DeadlineSocket socket)
    : socket_(new PocoSocket(std::move(socket))), stream_socket_(shared(socket_)), input_(stream_socket_),
      output_(stream_socket_) {
  constexpr auto kAll = std::ios::failbit | std::ios::badbit | std::ios::eofbit;
  input_.exceptions(kAll);
  output_.exceptions(kAll);
}

template <class Operation>
auto Connection::guarded(const Deadline& deadline, Operation&& operation) -> Outcome<decltype(operation())> {
  socket_->set_deadline(deadline);
  try {
    if constexpr (std::is_void_v<decltype(operation())>) {
      operation();
      return {};
    } else {
      return operation();
    }
  } catch (const OversizedReply& e) {
    return failure(Fault::Kind::oversized, Status::corrupt, e.what());
  } catch (const MalformedReply& e) {
    return failure(Fault::Kind::lost, Status::corrupt, e.what());
  } catch (const Poco::Exception& e) {
    if (socket_->fault()) return tl::make_unexpected(*socket_->fault());
    return failure(Fault::Kind::lost, Status::unavailable, e.displayText());
  } catch (const std::ios_base::failure&) {
    if (socket_->fault()) return tl::make_unexpected(*socket_->fault());
    return failure(Fault::Kind::lost, Status::unavailable, "Redis closed the connection");
  }
}

Outcome<std::vector<Reply>> Connection::exchange(std::span<const Command> commands, const Deadline& deadline) {
  return guarded(deadline, [&] {
    for (const Command& command : commands) output_ << command.toString();
    output_.flush();
    std::vector<Reply> replies;
    replies.reserve(commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) replies.push_back(read_reply(input_));
    return replies;
  });
}

Outcome<Reply> Connection::exchange(const Command& command, const Deadline& deadline) {
  auto replies = exchange(std::span(&command, 1), deadline);
  if (!replies) return tl::make_unexpected(std::move(replies.error()));
  return replies->front();
}

Outcome<void> Connection::send(const Command& command, const Deadline& deadline) {
  return guarded(deadline, [&] { output_ << command.toString() << std::flush; });
}

Outcome<Reply> Connection::receive(const Deadline& deadline) {
  return guarded(deadline, [&] { return read_reply(input_); });
}

} // namespace authd::cache_redis
