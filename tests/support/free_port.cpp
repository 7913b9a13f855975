// SPDX-License-Identifier: Apache-2.0
#include "support/free_port.h"

#include <Poco/Net/ServerSocket.h>

namespace authd::test {

std::uint16_t free_port() {
  const Poco::Net::ServerSocket probe(Poco::Net::SocketAddress("127.0.0.1", 0));
  return probe.address().port();
}

} // namespace authd::test
