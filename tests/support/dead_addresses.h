// SPDX-License-Identifier: Apache-2.0
// Loopback addresses at which nobody answers, for tests without a network.
#pragma once

#include <cstdint>
#include <string>

#include "net/address.h"
#include "net/descriptor.h"

namespace authd::test {

net::Address numeric(const std::string& ip, std::uint16_t port); // IPv4 or IPv6; throws std::runtime_error

// Bound, never listening: connections are refused.
class RefusingAddress {
 public:
  explicit RefusingAddress(const std::string& ip, std::uint16_t port = 0); // port 0: the kernel chooses

  const net::Address& address() const { return address_; }
  std::uint16_t port() const;
  int fd() const { return socket_.get(); }

 private:
  net::Descriptor socket_;
  net::Address address_;
};

// Listening with a full queue: packets of new connections are swallowed, as by a host that is gone.
class BlackHole {
 public:
  explicit BlackHole(const std::string& ip, std::uint16_t port = 0);

  const net::Address& address() const { return bound_.address(); }
  std::uint16_t port() const { return bound_.port(); }
  void open(); // the next connection is accepted

 private:
  RefusingAddress bound_;
  net::Descriptor filler_; // the one connection that the queue holds
};

} // namespace authd::test
