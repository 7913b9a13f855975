// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <sys/types.h>

#include <openssl/ssl.h>

#include "base/tls_identity.h"

namespace authd::http {

// What the TLS connections of one generation share: an identity, and the terms on which it is shown. TLS 1.2
// or newer, forward secrecy and AEAD only, no renegotiation, no compression, no early data, "http/1.1" by
// ALPN. Sessions are resumed by tickets whose keys are this context's own: who was let in by another one,
// with other authorities perhaps, has to show himself again.
class TlsContext {
 public:
  // Throws std::runtime_error.
  explicit TlsContext(const TlsIdentity& identity);

  // For one connection, which keeps the context alive; null when there is no memory. [thread-safe]
  SSL* new_session() const { return SSL_new(context_.get()); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

// The server's side of TLS over one non-blocking socket, with the manners of the socket itself: to receive
// and to send answer as recv(2) and send(2) do. Either carries the handshake on as far as it goes. Which of
// the two the socket must be ready for is not the caller's affair: after EAGAIN, try again when anything
// becomes ready.
//
// OpenSSL over a BIO of ours and not over its own: it sends with MSG_NOSIGNAL, and it knows when the socket
// has been read empty, which saves a recv for each request. For one thread.
class TlsStream {
 public:
  // Null when there is no memory. The socket must outlive it.
  static std::unique_ptr<TlsStream> over(int socket, const TlsContext& context);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // 0: the client has finished sending. -1: errno is EAGAIN, or failed() holds.
  ssize_t receive(std::span<char> space);
  // Some of the bytes, a record at most. What is tried again after EAGAIN must begin with the same bytes.
  ssize_t send(const char* data, std::size_t size);

  // The socket has become ready for something.
  void on_ready() { wire_.drained = false; }
  // Nothing more can be received before it does so again.
  bool drained() const { return wire_.drained && SSL_has_pending(ssl_.get()) == 0; }
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // The handshake or a record was refused, or the connection lost; the client has been told what TLS has to
  // say about it, and nothing can be sent any more.
  bool failed() const { return failed_; }

  // close_notify (RFC 8446, 6.1), once, and only if there is a connection to be closed. False: the socket
  // does not take it yet; call again when it does.
  bool say_goodbye();

 private:
  struct Wire {
    int socket;
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
  bool goodbye_said_ = false;
};

} // namespace authd::http
