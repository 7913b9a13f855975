// SPDX-License-Identifier: Apache-2.0
// A connected stream socket, plain or TLS, of which every operation ends when its deadline says so, however
// slowly bytes trickle, inside a TLS record too.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "net/address.h"
#include "net/deadline.h"
#include "net/descriptor.h"

namespace authd::net {

// TLS writes by write(2): the process must ignore SIGPIPE.
class DeadlineSocket {
 public:
  // `connected` is non-blocking.
  DeadlineSocket(Descriptor connected, const Address& peer) : fd_(std::move(connected)), peer_(peer) {}
  DeadlineSocket(DeadlineSocket&&) noexcept = default;
  DeadlineSocket& operator=(DeadlineSocket&&) noexcept = default;

  // Makes it TLS: the server must have a certificate that the context's authorities vouch for and that names
  // `host`, which is a name (sent to it, RFC 6066, section 3) or a numeric address. Null: OpenSSL could not
  // be set up.
  Result<void> secure(const std::string& host, SSL_CTX* context, const Deadline& deadline);

  // 0: the peer closed in good order.
  Result<std::size_t> read(std::span<char> into, const Deadline& deadline);
  Result<void> write(std::string_view all, const Deadline& deadline);
  // Nothing to read on an idle connection: neither its end nor unexpected bytes.
  bool quiet() const;
  // Waits for something to read; false when the deadline came first.
  bool readable(const Deadline& deadline) const;

  const Address& peer() const { return peer_; }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  Result<void> await(short events, const Deadline& deadline) const;
  // After an SSL operation that returned `rc` <= 0: waits when OpenSSL asks for it, else says why.
  Result<void> wait_for_tls(int rc, const Deadline& deadline) const;
  Result<std::size_t> read_tls(std::span<char> into, const Deadline& deadline);
  Result<std::size_t> write_some(std::string_view bytes, const Deadline& deadline);
  // OpenSSL may have buffered what poll(2) no longer reports.
  bool buffered() const { return ssl_ && SSL_pending(ssl_.get()) > 0; }

  Descriptor fd_;
  Address peer_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

} // namespace authd::net
