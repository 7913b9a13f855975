// SPDX-License-Identifier: Apache-2.0
#include "poco_socket.h"

#include <Poco/Exception.h>

namespace authd::cache_redis {

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

} // namespace authd::cache_redis
