// SPDX-License-Identifier: Apache-2.0
#include "net/deadline_socket.h"

#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace authd::net {
namespace {

tl::unexpected<Failure> system_failure(int error) { return lost(std::system_category().message(error)); }

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

tl::unexpected<Failure> tls_failure(const SSL* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return lasting(std::string("TLS certificate not accepted: ") + X509_verify_cert_error_string(verdict));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return lost(std::string("TLS: ") + (reason != nullptr ? reason : "connection lost"));
}

// The name that the certificate must carry, and the one that a server with several sites chooses by.
bool expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

} // namespace

Result<void> DeadlineSocket::secure(const std::string& host, SSL_CTX* context, const Deadline& deadline) {
  ERR_clear_error();
  if (context != nullptr) ssl_.reset(SSL_new(context));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1 || !expect_host(ssl_.get(), host)) {
    return lost("TLS could not be set up");
  }
  for (;;) {
    ERR_clear_error();
    const int rc = SSL_connect(ssl_.get());
    if (rc == 1) return {};
    if (auto ready = wait_for_tls(rc, deadline); !ready) return ready;
  }
}

Result<void> DeadlineSocket::await(short events, const Deadline& deadline) const {
  if (deadline.await(fd_.get(), events)) return {};
  return tl::unexpected(deadline.why_over());
}

Result<void> DeadlineSocket::wait_for_tls(int rc, const Deadline& deadline) const {
  switch (SSL_get_error(ssl_.get(), rc)) {
  case SSL_ERROR_WANT_READ:
    return await(POLLIN, deadline);
  case SSL_ERROR_WANT_WRITE:
    return await(POLLOUT, deadline);
  default:
    return tls_failure(ssl_.get());
  }
}

Result<std::size_t> DeadlineSocket::read(std::span<char> into, const Deadline& deadline) {
  if (ssl_) return read_tls(into, deadline);
  for (;;) {
    // The deadline comes first: a peer that always has another byte ready must not outlive it.
    if (auto ready = await(POLLIN, deadline); !ready) return tl::unexpected(ready.error());
    const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EAGAIN && errno != EINTR) return system_failure(errno);
  }
}

Result<std::size_t> DeadlineSocket::read_tls(std::span<char> into, const Deadline& deadline) {
  for (;;) {
    if (deadline.over()) return tl::unexpected(deadline.why_over());
    ERR_clear_error();
    std::size_t n = 0;
    const int rc = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
    if (rc == 1) return n;
    if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (auto ready = wait_for_tls(rc, deadline); !ready) return tl::unexpected(ready.error());
  }
}

Result<void> DeadlineSocket::write(std::string_view all, const Deadline& deadline) {
  while (!all.empty()) {
    const auto n = write_some(all, deadline);
    if (!n) return tl::unexpected(n.error());
    all.remove_prefix(*n);
  }
  return {};
}

Result<std::size_t> DeadlineSocket::write_some(std::string_view bytes, const Deadline& deadline) {
  for (;;) {
    if (deadline.over()) return tl::unexpected(deadline.why_over());
    Result<void> ready;
    if (ssl_) {
      ERR_clear_error();
      std::size_t n = 0;
      const int rc = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
      if (rc == 1) return n;
      ready = wait_for_tls(rc, deadline);
    } else {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EAGAIN && errno != EINTR) return system_failure(errno);
      ready = await(POLLOUT, deadline);
    }
    if (!ready) return tl::unexpected(ready.error());
  }
}

bool DeadlineSocket::quiet() const {
  pollfd p{fd_.get(), POLLIN, 0};
  return !buffered() && ::poll(&p, 1, 0) == 0;
}

bool DeadlineSocket::readable(const Deadline& deadline) const {
  return buffered() || deadline.await(fd_.get(), POLLIN);
}

} // namespace authd::net
