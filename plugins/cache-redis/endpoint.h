// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "net/address.h"

namespace authd::cache_redis {

// Where a server listens: a host and a port, or the path of a Unix socket.
struct Endpoint {
  std::string host; // a name, or a numeric address without brackets
  std::uint16_t port = 0;
  std::string path; // absolute; empty for TCP

  friend bool operator==(const Endpoint&, const Endpoint&) = default;

  net::Endpoint host_port() const {
    return path.empty() ? net::Endpoint{host, std::to_string(port)} : net::Endpoint{path, {}};
  }
  std::string text() const {
    if (!path.empty()) return path;
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

} // namespace authd::cache_redis
