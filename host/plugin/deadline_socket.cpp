// SPDX-License-Identifier: Apache-2.0
#include "plugin/deadline_socket.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace authd::plugin {
namespace {

using Failed = tl::unexpected<SocketFailure>;

Failed unavailable(std::string what) { return Failed({AUTHD_UNAVAILABLE, std::move(what)}); }
Failed lasting(std::string what) { return Failed({AUTHD_UNAVAILABLE, std::move(what), true}); }
Failed system_failure(int error) { return unavailable(std::system_category().message(error)); }

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses, SocketFailure> look_up(const Endpoint& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (is_address(to.host) ? AI_NUMERICHOST : AI_ADDRCONFIG);
  addrinfo* list = nullptr;
  const int rc = getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &list);
  if (rc != 0) return lasting(std::string("name look-up: ") + gai_strerror(rc));
  return Addresses(list);
}

Failed tls_failure(const SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return lasting(std::string("TLS certificate not accepted: ") + X509_verify_cert_error_string(verdict));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return unavailable(std::string("TLS: ") + (reason != nullptr ? reason : "connection lost"));
}

// The name that the certificate must carry, and the one that a server with several sites chooses by.
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

} // namespace

std::shared_ptr<SSL_CTX> TlsContext::get() {
  const std::lock_guard lock(mutex_);
  if (context_) return context_;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return nullptr;
  context_.reset(context, SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_verify_paths(context);
  return context_;
}

void TlsContext::forget() {
  const std::lock_guard lock(mutex_);
  context_.reset();
}

DeadlineSocket::Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<DeadlineSocket, SocketFailure> DeadlineSocket::connect(const Endpoint& to, const CallClock& clock,
                                                              TlsContext& tls) {
  if (auto why = clock.over()) return tl::make_unexpected(std::move(*why));
  const auto addresses = look_up(to);
  if (!addresses) return tl::make_unexpected(addresses.error());
  int untried = 0;
  for (const addrinfo* a = addresses->get(); a != nullptr; a = a->ai_next) ++untried;
  Result<DeadlineSocket, SocketFailure> socket = unavailable("no address");
  for (const addrinfo* a = addresses->get(); a != nullptr; a = a->ai_next) {
    // An address that swallows packets must leave time for the others.
    const CallClock share = clock.capped(milliseconds(clock.remaining_ms() / untried--));
    socket = open(a->ai_family, a->ai_addr, a->ai_addrlen, untried == 0 ? clock : share);
    if (socket) break;
  }
  if (!socket || !to.tls) return socket;
  if (auto done = socket->secure(to.host, clock, tls.get().get()); !done)
    return tl::make_unexpected(done.error());
  return socket;
}

Result<DeadlineSocket, SocketFailure> DeadlineSocket::open(int family, const void* address, unsigned size,
                                                           const CallClock& clock) {
  DeadlineSocket socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = socket.fd_.get();
  if (fd < 0) return system_failure(errno);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, static_cast<const sockaddr*>(address), size) != 0) {
    if (errno != EINPROGRESS) return system_failure(errno);
    if (auto ready = clock.await(fd, POLLOUT); !ready) return tl::make_unexpected(ready.error());
  }
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return system_failure(error);
  return socket;
}

Result<void, SocketFailure> DeadlineSocket::secure(const std::string& host, const CallClock& clock,
                                                   SSL_CTX* context) {
  ERR_clear_error();
  if (context != nullptr) ssl_.reset(SSL_new(context));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1 || !expect_host(ssl_.get(), host)) {
    return unavailable("TLS could not be set up");
  }
  for (;;) {
    ERR_clear_error();
    const int rc = SSL_connect(ssl_.get());
    if (rc == 1) return {};
    if (auto ready = wait_for_tls(rc, clock); !ready) return ready;
  }
}

Result<void, SocketFailure> DeadlineSocket::wait_for_tls(int rc, const CallClock& clock) const {
  switch (SSL_get_error(ssl_.get(), rc)) {
  case SSL_ERROR_WANT_READ:
    return clock.await(fd_.get(), POLLIN);
  case SSL_ERROR_WANT_WRITE:
    return clock.await(fd_.get(), POLLOUT);
  default:
    return tls_failure(ssl_.get());
  }
}

Result<std::size_t, SocketFailure> DeadlineSocket::read(std::span<char> into, const CallClock& clock) {
  if (ssl_) return read_tls(into, clock);
  for (;;) {
    // The clock comes first: a peer that always has another byte ready must not outlive it.
    if (auto ready = clock.await(fd_.get(), POLLIN); !ready) return tl::make_unexpected(ready.error());
    const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EAGAIN && errno != EINTR) return system_failure(errno);
  }
}

Result<std::size_t, SocketFailure> DeadlineSocket::read_tls(std::span<char> into, const CallClock& clock) {
  for (;;) {
    if (auto why = clock.over()) return tl::make_unexpected(std::move(*why));
    ERR_clear_error();
    std::size_t n = 0;
    const int rc = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
    if (rc == 1) return n;
    if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (auto ready = wait_for_tls(rc, clock); !ready) return tl::make_unexpected(ready.error());
  }
}

Result<void, SocketFailure> DeadlineSocket::write(std::string_view all, const CallClock& clock) {
  while (!all.empty()) {
    const auto n = write_some(all, clock);
    if (!n) return tl::make_unexpected(n.error());
    all.remove_prefix(*n);
  }
  return {};
}

Result<std::size_t, SocketFailure> DeadlineSocket::write_some(std::string_view bytes,
                                                              const CallClock& clock) {
  for (;;) {
    if (auto why = clock.over()) return tl::make_unexpected(std::move(*why));
    Result<void, SocketFailure> ready;
    if (ssl_) {
      ERR_clear_error();
      std::size_t n = 0;
      const int rc = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
      if (rc == 1) return n;
      ready = wait_for_tls(rc, clock);
    } else {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EAGAIN && errno != EINTR) return system_failure(errno);
      ready = clock.await(fd_.get(), POLLOUT);
    }
    if (!ready) return tl::make_unexpected(ready.error());
  }
}

bool DeadlineSocket::quiet() const {
  pollfd p{fd_.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

} // namespace authd::plugin
