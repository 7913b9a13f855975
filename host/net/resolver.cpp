// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <memory>

#include <netdb.h>

namespace authd::net {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

int look_up(const HostPort& host, int flags, Addresses& into) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(host.host.c_str(), host.port.c_str(), &hints, &found);
  if (rc != 0) return rc;
  const std::unique_ptr<addrinfo, FreeList> list(found);
  for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next) into.emplace_back(a->ai_addr, a->ai_addrlen);
  return 0;
}

} // namespace

Result<Addresses> resolve_by_system(const HostPort& name) {
  Addresses found;
  const int rc = look_up(name, AI_ADDRCONFIG, found);
  if (rc != 0) return lasting(std::string("name look-up: ") + ::gai_strerror(rc));
  return found;
}

std::optional<Result<Addresses>> address_of_literal(const HostPort& host) {
  if (host.host.starts_with('/')) {
    const auto address = Address::of_unix_socket(host.host);
    if (!address) return lasting("the path of the Unix socket is too long");
    return Addresses{*address};
  }
  Addresses found;
  if (look_up(host, AI_NUMERICHOST, found) != 0) return std::nullopt;
  return found;
}

} // namespace authd::net
