// SPDX-License-Identifier: Apache-2.0
// A bare root has no /etc/hosts: tests of names say that they need one, all others use addresses.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netdb.h>

namespace authd::test {

inline bool localhost_resolves() {
  addrinfo* found = nullptr;
  const bool resolves = ::getaddrinfo("localhost", nullptr, nullptr, &found) == 0;
  if (resolves) ::freeaddrinfo(found);
  return resolves;
}

// By address, and by name where there is one.
inline std::vector<std::string> loopback_hosts() {
  std::vector<std::string> hosts{"127.0.0.1"};
  if (localhost_resolves()) hosts.emplace_back("localhost");
  return hosts;
}

} // namespace authd::test

#define AUTHD_SKIP_WITHOUT_LOCALHOST()                                                                                 \
  if (!::authd::test::localhost_resolves()) GTEST_SKIP() << "\"localhost\" does not resolve: no /etc/hosts?"
