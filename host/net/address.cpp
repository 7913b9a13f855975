// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace authd::net {
namespace {

std::string joined(const std::string& host, const std::string& port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

} // namespace

std::string Endpoint::text() const { return is_unix_socket() ? host : joined(host, port); }

Address::Address(const sockaddr* address, socklen_t length) : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, address, length_);
}

std::optional<Address> Address::of_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::copy(path.begin(), path.end(), address.sun_path);
  return Address(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

std::string Address::text() const {
  if (family() == AF_UNIX) return reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "?";
  ::getnameinfo(get(), length_, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  return joined(host, port);
}

bool operator==(const Address& a, const Address& b) {
  return a.length_ == b.length_ && std::memcmp(&a.storage_, &b.storage_, a.length_) == 0;
}

Addresses interleaved(const Addresses& sorted) {
  if (sorted.empty()) return {};
  Addresses leading, others, out;
  for (const Address& address : sorted)
    (address.family() == sorted.front().family() ? leading : others).push_back(address);
  for (std::size_t i = 0; i < std::max(leading.size(), others.size()); ++i) {
    if (i < leading.size()) out.push_back(leading[i]);
    if (i < others.size()) out.push_back(others[i]);
  }
  return out;
}

} // namespace authd::net
