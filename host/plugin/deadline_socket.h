// SPDX-License-Identifier: Apache-2.0
// A TCP or TLS connection of which every operation ends when its clock says so, however slowly bytes
// trickle: the clock is asked anew before each wait. Timeouts per receive, as Poco's sockets and
// SO_RCVTIMEO have them, let a peer that drips bytes stretch 500 ms into seconds.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "base/result.h"
#include "plugin/call_clock.h"

namespace authd::plugin {

// What TLS connections share: TLS 1.2 or newer, the system's authorities, verification always on. Loaded
// at the first use, because the authorities cost memory that a plain-http gateway need not pay. [thread-safe]
class TlsContext {
 public:
  std::shared_ptr<SSL_CTX> get(); // null: OpenSSL could not be set up
  void forget();                  // the next use reads the authorities again; open connections stay

 private:
  std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_; // guarded by mutex_
};

// Where a connection leads to. `host` is a name or a numeric address without brackets.
struct Endpoint {
  bool tls = false;
  std::string host;
  std::string port; // decimal
};

// TLS writes by write(2): the process must ignore SIGPIPE.
class DeadlineSocket {
 public:
  // Tries the host's addresses in turn. A name is looked up by the system's resolver, which knows no
  // deadline: it may hold this thread for the resolver's own timeout (resolv.conf); an address does not.
  static Result<DeadlineSocket, SocketFailure> connect(const Endpoint& to, const CallClock& clock,
                                                       TlsContext& tls);

  DeadlineSocket(DeadlineSocket&&) noexcept = default;
  DeadlineSocket& operator=(DeadlineSocket&&) noexcept = default;

  // 0: the peer closed in good order.
  Result<std::size_t, SocketFailure> read(std::span<char> into, const CallClock& clock);
  Result<void, SocketFailure> write(std::string_view all, const CallClock& clock);
  // Nothing to read on an idle connection: neither its end nor bytes that nobody asked for.
  bool quiet() const;

 private:
  class Descriptor {
   public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
    }
    ~Descriptor();
    int get() const { return fd_; }

   private:
    int fd_;
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  explicit DeadlineSocket(int fd) : fd_(fd) {}
  Result<void, SocketFailure> secure(const std::string& host, const CallClock& clock, SSL_CTX* context);
  // After an SSL operation that returned `rc` <= 0: waits when OpenSSL asks for it, else says why.
  Result<void, SocketFailure> wait_for_tls(int rc, const CallClock& clock) const;
  Result<std::size_t, SocketFailure> read_tls(std::span<char> into, const CallClock& clock);
  Result<std::size_t, SocketFailure> write_some(std::string_view bytes, const CallClock& clock);
  static Result<DeadlineSocket, SocketFailure> open(int family, const void* address, unsigned size,
                                                    const CallClock& clock);

  Descriptor fd_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

} // namespace authd::plugin
