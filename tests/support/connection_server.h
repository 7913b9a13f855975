// SPDX-License-Identifier: Apache-2.0
// A loopback server with one thread per connection and full control over what goes over the wire: it can
// drip, hang and reset, which no well-behaved HTTP server does.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "support/certificates.h"

namespace authd::test {

using std::chrono::milliseconds;

struct ReceivedRequest {
  std::string method;
  std::string target; // as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::optional<std::string> header(std::string_view name) const; // without case
};

// One accepted connection, on its own thread. Everything returns early when the server stops.
class Peer {
 public:
  Peer(int fd, int stop_fd, std::size_t number) : fd_(fd), stop_fd_(stop_fd), number_(number) {}
  // From here on what is read and sent is TLS. False: the client and the context do not agree.
  bool secure(SSL_CTX* context);
  long client_serial() const; // of the certificate that the client showed; 0: none

  std::optional<ReceivedRequest> read_request(); // nullopt: closed, or the server stops
  bool send(std::string_view bytes);
  bool drip(std::string_view bytes, milliseconds every); // one byte at a time
  void hang();                                           // until the client closes
  bool wait(milliseconds duration);                      // false: the server stops
  void reset();                                          // RST instead of FIN
  std::size_t number() const { return number_; }         // 0 for the first connection
  int fd() const { return fd_; }

 private:
  bool fill();
  bool await(short events, milliseconds at_most);
  bool await_tls(int result); // false: it cannot go on
  std::ptrdiff_t receive(char* into, std::size_t size);
  std::ptrdiff_t send_some(std::string_view bytes);

  std::unique_ptr<SSL, OpenSslDeleter<SSL_free>> ssl_; // null: plain
  int fd_;
  int stop_fd_;
  std::size_t number_;
  std::string buffer_;
};

class ConnectionServer {
 public:
  using Serve = std::function<void(Peer&)>;

  // Listens on 127.0.0.1; port 0: the kernel chooses.
  explicit ConnectionServer(Serve serve, std::uint16_t port = 0);
  ~ConnectionServer(); // ends every connection and joins its thread
  ConnectionServer(const ConnectionServer&) = delete;
  ConnectionServer& operator=(const ConnectionServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t accepted() const { return accepted_; }

 private:
  struct Connection {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  void accept_all();
  void reap();

  Serve serve_;
  int listener_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_{0};
  std::list<Connection> connections_; // touched by the accepting thread only
  std::thread accepting_;
};

} // namespace authd::test
