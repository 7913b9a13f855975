// SPDX-License-Identifier: Apache-2.0
#include "support/tls_client.h"

#include <algorithm>
#include <array>
#include <csignal>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>

namespace authd::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{20};
using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;

BioPtr reading(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

CertificatePtr certificate_from(const std::string& pem) {
  return CertificatePtr(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : kLost;
}

void apply(const TlsOptions& options, SSL_CTX* context) {
  if (options.newest != 0) {
    SSL_CTX_set_min_proto_version(context, std::min(options.newest, TLS1_2_VERSION));
    SSL_CTX_set_max_proto_version(context, options.newest);
    SSL_CTX_set_security_level(context, 0); // else this library itself refuses what is old
  }
  if (!options.groups.empty()) SSL_CTX_set1_groups_list(context, options.groups.c_str());
  if (!options.authority.empty()) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate_from(options.authority).get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (options.own.certificate.empty()) return;
  SSL_CTX_use_certificate(context, certificate_from(options.own.certificate).get());
  const KeyPtr key(PEM_read_bio_PrivateKey(reading(options.own.key).get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_PrivateKey(context, key.get());
}

void offer(const std::string& protocol, SSL* ssl) {
  if (protocol.empty()) return;
  const std::string wire = static_cast<char>(protocol.size()) + protocol;
  SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
}

} // namespace

TlsConnection::TlsConnection(std::uint16_t port, const TlsOptions& options)
    : wire_(port), context_(SSL_CTX_new(TLS_client_method())) {
  std::signal(SIGPIPE, SIG_IGN); // OpenSSL sends by write(2)
  apply(options, context_.get());
  if (options.receive_buffer_bytes > 0) {
    setsockopt(wire_.fd(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof options.receive_buffer_bytes);
  }
  ::fcntl(wire_.fd(), F_SETFL, O_NONBLOCK);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), wire_.fd());
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_tlsext_host_name(ssl_.get(), "localhost");
  if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
  offer(options.protocol, ssl_.get());
  const auto deadline = Clock::now() + kPatience;
  Step step = Step::again;
  while (step == Step::again) {
    ERR_clear_error();
    step = after(SSL_connect(ssl_.get()), deadline);
  }
  if (step == Step::ended) throw TlsRefused(failure_);
}

TlsConnection::Step TlsConnection::after(int result, Clock::time_point deadline) {
  if (result > 0) return Step::done;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd p{wire_.fd(), static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
    if (left > 0 && ::poll(&p, 1, static_cast<int>(left)) > 0) return Step::again;
    failure_ = "nothing came in time";
    return Step::ended;
  }
  failure_ = last_reason();
  const bool cut = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  ending_ = error == SSL_ERROR_ZERO_RETURN ? TlsEnding::notified : cut ? TlsEnding::cut : TlsEnding::failed;
  ERR_clear_error();
  return Step::ended;
}

bool TlsConnection::send(std::string_view bytes) {
  const auto deadline = Clock::now() + kPatience;
  while (!bytes.empty()) {
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (after(n, deadline) == Step::ended) return false;
  }
  return true;
}

std::size_t TlsConnection::send_some(std::string_view bytes) {
  ERR_clear_error();
  const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool TlsConnection::fill(Clock::time_point deadline) {
  std::array<char, 16384> bytes;
  for (;;) {
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (n > 0) received_.append(bytes.data(), static_cast<std::size_t>(n));
    const Step step = after(n, deadline);
    if (step != Step::again) return step == Step::done;
  }
}

std::optional<HttpReply> TlsConnection::read(milliseconds at_most, bool head) {
  const auto deadline = Clock::now() + at_most;
  std::optional<HttpReply> reply;
  while (!(reply = take_reply(received_, head))) {
    if (!fill(deadline)) return std::nullopt;
  }
  return reply;
}

HttpReply TlsConnection::exchange(std::string_view request) {
  send(request);
  auto reply = read();
  if (!reply) throw std::runtime_error("no answer: " + failure_);
  return *reply;
}

TlsEnding TlsConnection::await_end(milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  while (fill(deadline)) received_.clear();
  return ending_;
}

void TlsConnection::say_goodbye() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsConnection::cut() { wire_.shut_down_sending(); }

long TlsConnection::serial() const {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  return certificate != nullptr ? ASN1_INTEGER_get(X509_get0_serialNumber(certificate.get())) : -1;
}

std::size_t TlsConnection::chain() const {
  return static_cast<std::size_t>(sk_X509_num(SSL_get_peer_cert_chain(ssl_.get())));
}

std::string TlsConnection::version() const { return SSL_get_version(ssl_.get()); }

std::string TlsConnection::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

} // namespace authd::test
