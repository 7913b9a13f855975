// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace authd::net {

// A server as a configuration names it.
struct Endpoint {
  std::string host; // a name, a numeric address without brackets, or the absolute path of a Unix socket
  std::string port; // decimal; empty for a Unix socket

  bool is_unix_socket() const { return host.starts_with('/'); }
  std::string text() const; // "kong:8001", "[::1]:80", "/run/redis.sock"
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Where connect(2) goes to: IPv4, IPv6 or a Unix socket.
class Address {
 public:
  Address(const sockaddr* address, socklen_t length); // copies
  // nullopt: longer than a Unix socket's path can be (unix(7): 107 bytes).
  static std::optional<Address> of_unix_socket(const std::string& path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  std::string text() const; // "127.0.0.1:80", "[::1]:80", "/run/redis.sock"

  friend bool operator==(const Address& a, const Address& b);

 private:
  sockaddr_storage storage_{};
  socklen_t length_;
};

using Addresses = std::vector<Address>;

// RFC 8305, section 4: the families alternate, that of the first address first, and each keeps the order that
// it has by RFC 6724. So one family that leads nowhere costs one attempt and not as many as it has addresses.
Addresses interleaved(const Addresses& sorted);

} // namespace authd::net
