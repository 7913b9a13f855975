// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include <openssl/ssl.h>

#include "base/tls_identity.h"

namespace authd::http {

// Whom a client certificate names.
struct CertificateNames {
  std::string subject;                   // as RFC 4514 writes it, in UTF-8: "CN=kong,O=Example"
  std::vector<std::string> alternatives; // dNSName in lower case, URI, rfc822Name: RFC 5280, section 4.2.1.6
};

// What the TLS connections of one generation share: an identity and the protocol settings. TLS 1.2 or newer, forward
// secrecy and AEAD only, no renegotiation, no compression, no early data, "http/1.1" by ALPN. The keys of session
// tickets belong to this context: a client admitted by another one, which may trust other authorities, must present
// its certificate again.
class TlsContext {
 public:
  // Throws std::runtime_error.
  explicit TlsContext(const TlsIdentity& identity);

  // For one connection; keeps the context alive. Null: out of memory. [thread-safe]
  SSL* new_session() const { return SSL_new(context_.get()); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

// The server side of TLS over one non-blocking socket, with the interface of the socket: receive and send return what
// recv(2) and send(2) do, and both advance the handshake as far as possible. After EAGAIN, try again when the socket
// becomes readable or writable; the caller need not know which of them TLS waits for.
//
// Uses a BIO of its own instead of OpenSSL's socket BIO, because that one does not send with MSG_NOSIGNAL and does not
// tell when the socket has been drained, which saves a recv per request. For one thread.
class TlsStream {
 public:
  // Null: out of memory. The socket must outlive it.
  static std::unique_ptr<TlsStream> over(int socket, const TlsContext& context);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // 0: the client has finished sending. -1: errno is EAGAIN, or failed() holds. Reads at most kMostPerReceive bytes
  // from the socket: OpenSSL goes through any number of records without data, KeyUpdates for one, in one call.
  ssize_t receive(std::span<char> space);
  // The last receive ended because it had read that much: there may be more.
  bool paused() const { return wire_.paused; }
  // Sends part of the bytes, a record at most. A retry after EAGAIN must begin with the same bytes.
  ssize_t send(const char* data, std::size_t size);

  // The socket has become readable or writable.
  void on_ready() { wire_.drained = false; }
  // Nothing more can be received before the next on_ready().
  bool drained() const { return wire_.drained && SSL_has_pending(ssl_.get()) == 0; }
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // The handshake or a record was refused, or the connection was lost. The alert, if any, has been sent, and nothing
  // more can be sent.
  bool failed() const { return failed_; }

  // Whom the client's certificate names; nullopt: it has shown none. After the handshake.
  std::optional<CertificateNames> client_names() const;

  // Sends close_notify (RFC 8446, 6.1) once, if the handshake is complete and the connection has not failed. False: the
  // socket is not writable; call again when it is.
  bool send_close_notify();

 private:
  static constexpr std::size_t kMostPerReceive = 32 * 1024;
  struct Wire {
    int socket;
    std::size_t may_read = 0; // bytes, before it pauses
    bool paused = false;
    bool drained = false;
    bool ended = false;
  };
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  explicit TlsStream(int socket) : wire_{socket} {}
  static const BIO_METHOD* wire_method();
  static Wire& wire_of(BIO* bio);
  static int read_wire(BIO* bio, char* into, int size);
  static int write_wire(BIO* bio, const char* from, int size);
  static long control_wire(BIO* bio, int command, long number, void* pointer);
  ssize_t refused(int result);

  Wire wire_;
  std::unique_ptr<SSL, Free> ssl_;
  bool failed_ = false;
  bool close_notify_sent_ = false;
};

} // namespace authd::http
