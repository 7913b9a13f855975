// SPDX-License-Identifier: Apache-2.0
#include "support/dead_addresses.h"

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/name_lookup.h"

namespace authd::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

net::Address bound_to(int fd, const net::Address& wanted) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, wanted.get(), wanted.length()) != 0) fail("bind");
  sockaddr_storage got{};
  socklen_t length = sizeof got;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&got), &length) != 0) fail("getsockname");
  return {reinterpret_cast<const sockaddr*>(&got), length};
}

net::Descriptor stream_socket(const net::Address& of) {
  return net::Descriptor(::socket(of.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
}

} // namespace

net::Address numeric(const std::string& ip, std::uint16_t port) {
  const auto address = net::address_of_literal({ip, std::to_string(port)});
  if (!address || !*address) throw std::runtime_error(ip + " is no address");
  return (*address)->front();
}

RefusingAddress::RefusingAddress(const std::string& ip, std::uint16_t port)
    : socket_(stream_socket(numeric(ip, port))), address_(bound_to(socket_.get(), numeric(ip, port))) {}

std::uint16_t RefusingAddress::port() const {
  const auto* any = address_.get();
  return ntohs(any->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(any)->sin6_port
                                          : reinterpret_cast<const sockaddr_in*>(any)->sin_port);
}

BlackHole::BlackHole(const std::string& ip, std::uint16_t port)
    : bound_(ip, port), filler_(stream_socket(bound_.address())) {
  if (::listen(bound_.fd(), 0) != 0) fail("listen"); // room for one connection
  if (::connect(filler_.get(), address().get(), address().length()) != 0) fail("connect");
}

void BlackHole::open() { const net::Descriptor taken(::accept4(bound_.fd(), nullptr, nullptr, SOCK_CLOEXEC)); }

} // namespace authd::test
