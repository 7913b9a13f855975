// SPDX-License-Identifier: Apache-2.0
// A net::DeadlineSocket as Poco's Redis streams take it. They know failures only as exceptions, so that what
// happened is kept beside.
#pragma once

#include <optional>
#include <utility>

#include <Poco/Net/StreamSocketImpl.h>

#include "deadline.h"
#include "fault.h"
#include "net/deadline_socket.h"

namespace authd::cache_redis {

class PocoSocket final : public Poco::Net::StreamSocketImpl {
 public:
  using Ptr = Poco::AutoPtr<PocoSocket>;

  explicit PocoSocket(net::DeadlineSocket socket) : socket_(std::move(socket)) {}

  // Bounds all that follows; until then nothing may be read or written. Borrows what the deadline borrows.
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

} // namespace authd::cache_redis
