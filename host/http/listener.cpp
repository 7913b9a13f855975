// SPDX-License-Identifier: Apache-2.0
#include "http/listener.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <fmt/format.h>

namespace authd::http {
namespace {

using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;

constexpr int kBacklog = 1024;

// Poco has no way to make a server socket from a descriptor.
class AdoptedSocket : public ServerSocket {
  class Adopted : public Poco::Net::ServerSocketImpl {
   public:
    explicit Adopted(int descriptor) { reset(descriptor); }
  };

 public:
  explicit AdoptedSocket(int descriptor) : ServerSocket(new Adopted(descriptor), true) {}
};

[[noreturn]] void refuse_host(const std::string& host, const Poco::Exception& cause) {
  throw std::runtime_error(fmt::format("server.host: \"{}\" is not an address of this machine ({}); set server.host "
                                       "(HOST) to one of its addresses, 127.0.0.1 or 0.0.0.0 for example",
                                       host, cause.displayText()));
}

[[noreturn]] void refuse_port(const SocketAddress& address, const std::string& why, std::string_view remedy) {
  throw std::runtime_error(fmt::format("server.port: {} {}; {}", address.toString(), why, remedy));
}

SocketAddress resolve(std::string host, std::uint16_t port) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  try {
    return SocketAddress(host, port);
  } catch (const Poco::Exception& e) {
    refuse_host(host, e);
  }
}

ServerSocket bind_to(const SocketAddress& address, const std::string& host, bool shared) {
  ServerSocket socket;
  try {
    socket.bind(address, true, shared);
  } catch (const Poco::Exception& e) {
    const int code = e.code() != 0 ? e.code() : errno;
    if (code == EADDRNOTAVAIL) refuse_host(host, e);
    if (code == EADDRINUSE) {
      refuse_port(address, "is already in use by another process", "stop it, or set server.port (PORT) to a free port");
    }
    if (code == EACCES) {
      refuse_port(address, "needs permission to bind a privileged port",
                  "set server.port (PORT) above 1023, or grant CAP_NET_BIND_SERVICE");
    }
    refuse_port(address, "cannot be bound (" + e.displayText() + ")", "check server.host and server.port");
  }
  return socket;
}

bool is_served(const SocketAddress& address) {
  try {
    Poco::Net::StreamSocket probe;
    probe.connect(address, Poco::Timespan(1, 0));
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

void close_on_exec(const Poco::Net::Socket& socket) { ::fcntl(socket.impl()->sockfd(), F_SETFD, FD_CLOEXEC); }

// By name or number; nullopt: there is none.
std::optional<gid_t> group_of(const std::string& name) {
  if (const struct group* known = ::getgrnam(name.c_str())) return known->gr_gid;
  gid_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

void give_to_group(const std::string& path, const std::string& name) {
  const auto group = group_of(name);
  if (!group)
    throw std::runtime_error(fmt::format("{}: there is no group \"{}\"; create it, or name another", path, name));
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *group) == 0) return;
  throw std::runtime_error(fmt::format("{}: cannot give it to the group \"{}\" ({}); authd's user must be a member: "
                                       "SupplementaryGroups={} in the unit",
                                       path, name, std::strerror(errno), name));
}

} // namespace

std::vector<ServerSocket> open_listeners(const std::string& host, std::uint16_t port, unsigned count) {
  SocketAddress address = resolve(host, port);
  // With SO_REUSEPORT, a second authd would silently take half of the connections: first bind without it.
  if (port != 0) bind_to(address, host, false).close();
  std::vector<ServerSocket> listeners;
  for (unsigned i = 0; i < count; ++i) {
    ServerSocket socket = bind_to(address, host, true);
    socket.listen(kBacklog);
    socket.setBlocking(false);
    close_on_exec(socket);
    address = socket.address();
    listeners.push_back(socket);
  }
  return listeners;
}

std::vector<ServerSocket> share_listener(int passed, unsigned count) {
  std::vector<ServerSocket> listeners;
  for (unsigned i = 0; i < count; ++i) {
    const int own = ::fcntl(passed, F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw std::system_error(errno, std::system_category(), "LISTEN_FDS");
    listeners.push_back(AdoptedSocket(own));
    listeners.back().setBlocking(false);
  }
  ::close(passed);
  return listeners;
}

ServerSocket open_local_listener(const LocalSocket& wanted) {
  const std::string& path = wanted.path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw std::runtime_error(
        fmt::format("{}: the path of a Unix socket has at most {} bytes, this one {}; choose a shorter one", path,
                    sizeof(sockaddr_un::sun_path) - 1, path.size()));
  }
  try {
    const SocketAddress address(SocketAddress::UNIX_LOCAL, path);
    if (is_served(address)) throw std::runtime_error(path + ": another process is listening on this socket; stop it");
    ::unlink(path.c_str());
    ServerSocket socket;
    // Created without permissions for others: if they were removed afterwards, others could connect in between.
    const mode_t mask = ::umask(S_IRWXG | S_IRWXO);
    try {
      socket.bind(address, false);
    } catch (...) {
      ::umask(mask);
      throw;
    }
    ::umask(mask);
    if (!wanted.group.empty()) give_to_group(path, wanted.group);
    if (::chmod(path.c_str(), wanted.mode) != 0) throw Poco::IOException(std::strerror(errno));
    socket.listen(kBacklog);
    socket.setBlocking(false);
    close_on_exec(socket);
    return socket;
  } catch (const Poco::Exception& e) {
    throw std::runtime_error(fmt::format("{}: cannot listen on this Unix socket ({}); the directory must exist and be "
                                         "writable by the user that runs authd",
                                         path, e.displayText()));
  }
}

std::optional<uid_t> user_of_peer(const Poco::Net::StreamSocket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const int done = ::getsockopt(socket.impl()->sockfd(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return done == 0 ? std::optional(peer.uid) : std::nullopt;
}

bool has_backlog(const ServerSocket& listener) {
  pollfd waiting{listener.impl()->sockfd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

AcceptOutcome accept_one(ServerSocket& listener, std::optional<Poco::Net::StreamSocket>& socket, SocketAddress& peer) {
  try {
    socket = listener.acceptConnection(peer);
    socket->setBlocking(false);
    if (peer.family() != Poco::Net::AddressFamily::UNIX_LOCAL) socket->setNoDelay(true);
    close_on_exec(*socket);
    return AcceptOutcome::accepted;
  } catch (const Poco::Exception& e) {
    const bool exhausted = e.code() == EMFILE || e.code() == ENFILE || e.code() == ENOBUFS || e.code() == ENOMEM;
    return exhausted ? AcceptOutcome::no_resources : AcceptOutcome::nothing;
  }
}

} // namespace authd::http
