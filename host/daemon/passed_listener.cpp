// SPDX-License-Identifier: Apache-2.0
#include "daemon/passed_listener.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/plugin_set.h"

namespace authd::daemon {
namespace {

constexpr int kFirst = 3; // SD_LISTEN_FDS_START

std::optional<long> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  const std::string_view all(text);
  long number = 0;
  const auto [end, error] = std::from_chars(all.begin(), all.end(), number);
  if (error != std::errc{} || end != all.end()) return std::nullopt;
  return number;
}

int option(int socket, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

config::ListeningAddress address_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  char text[INET6_ADDRSTRLEN] = "";
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) address.ss_family = AF_UNSPEC;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return {::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text)), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return {::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text)), ntohs(v6.sin6_port)};
  }
  throw Refused("LISTEN_FDS: the passed socket is not for TCP; in the socket unit, set ListenStream to "
                "address:port\n");
}

} // namespace

std::optional<PassedListener> passed_listener() {
  const std::optional<long> sockets = number_in("LISTEN_FDS");
  if (number_in("LISTEN_PID") != ::getpid() || !sockets || *sockets <= 0) return std::nullopt;
  if (*sockets > 1) {
    throw Refused(fmt::format("LISTEN_FDS: expected one socket, got {}; in the socket unit, keep one "
                              "ListenStream ([::]:3000 also serves IPv4)\n",
                              *sockets));
  }
  if (option(kFirst, SO_TYPE) != SOCK_STREAM || option(kFirst, SO_ACCEPTCONN) != 1) {
    throw Refused("LISTEN_FDS: the passed socket does not listen; in the socket unit, set ListenStream and "
                  "Accept=no\n");
  }
  return PassedListener{kFirst, address_of(kFirst)};
}

} // namespace authd::daemon
