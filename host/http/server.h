// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server: one reactor thread per core, each with its own epoll and its own SO_REUSEPORT listening socket,
// or all with one that was passed.
// See docs/http.md for limits and behaviour.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/ip_address.h"
#include "base/log.h"
#include "base/request_outcome.h"
#include "http/exchange.h"
#include "http/router.h"
#include "http/tls.h"

namespace authd::http {

// A Unix socket to listen on.
struct LocalSocket {
  std::string path; // empty: none
  mode_t mode = S_IRUSR | S_IWUSR;
  std::string group{}; // name or number; empty: that of the process
};

struct ServerOptions {
  LocalSocket local;       // served by every reactor, without TLS
  bool local_only = false; // and nothing is listened for on host and port
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000; // 0: the kernel chooses, see Server::port
  unsigned reactors = 0;     // 0: one per usable CPU
  unsigned max_connections = 10000;
  unsigned max_connections_per_peer = 0; // 0: no such limit. Gateways that are known have none
  std::size_t header_limit = 16 * 1024;
  std::size_t url_limit = 8 * 1024;
  std::size_t body_limit = 1024 * 1024;
  // Limit, in bytes, for the bodies being received and served by all reactors; at least four times body_limit. Beyond
  // it: 503 AUTH_014.
  std::size_t body_memory = 64 * 1024 * 1024;
  milliseconds idle_timeout{75'000};
  milliseconds header_timeout{10'000};   // also for a TLS handshake
  std::shared_ptr<const TlsContext> tls; // null: plain HTTP
  std::vector<std::string> cors{"*"};
  bool cors_credentials = false;
  // Whether a peer may ask for tokens; called once per connection. A peer of the Unix socket may.
  std::function<bool(const IpAddress&)> is_trusted;
  // The same of one that shows this certificate; null: of each that the authorities have signed.
  std::function<bool(const CertificateNames&)> is_known_client;
  std::vector<uid_t> local_users; // who may connect to the Unix socket; others get 403. Empty: any
  // Whether trusted peers are gateways: their X-Forwarded-For names the client, and their connections are of many.
  bool trusted_are_gateways = false;
  double trace_sample_ratio = 0.1; // of requests that come without a trace: 0 to 1
};

// How requests are limited and answered: what a reload replaces. Reactors and deferred exchanges share it; what the
// router's handlers refer to must live until the last of them has released it.
struct Application {
  ServerOptions options;
  const Router& router;
  RequestObserver* observer; // notified of every request that was answered or refused; may be null
};

// Told how long each turn of a reactor's loop took: an event that became ready meanwhile waited for that long at most.
class TurnObserver {
 public:
  virtual ~TurnObserver() = default;
  // Called on the reactor: must not block.
  virtual void on_turn(unsigned reactor, std::chrono::nanoseconds took) = 0;
};

struct ReactorActivity {
  unsigned connections = 0;   // open now
  std::uint64_t requests = 0; // since start
  std::uint64_t active = 0;   // requests that have no answer yet
};

class Server {
 public:
  // Binds, so that a port in use or a bad host fails here. Throws std::runtime_error that names server.host or
  // server.port and the remedy. The log must outlive the server.
  // So must `turns`; null: nobody is told. `passed`: a listening socket instead of host and port, of a service manager
  // that keeps it for a successor; the server takes it over. Below zero: none.
  Server(std::shared_ptr<const Application> application, Log& log, TurnObserver* turns = nullptr, int passed = -1);
  // The same with an application that is never replaced; router and observer must outlive the server.
  Server(ServerOptions options, const Router& router, RequestObserver* observer, Log& log);
  ~Server(); // stops at once, open connections are closed
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start(); // the reactors begin to accept
  std::uint16_t port() const;
  unsigned reactors() const;
  unsigned connections() const;                  // open now, including those being refused [thread-safe]
  std::vector<ReactorActivity> activity() const; // of each reactor, in order [thread-safe]
  // Whether every reactor has turned since the last call; and asks each to turn again. False: one of them is stuck in
  // a call that should not block. For one caller.
  bool beat();

  // Accepts the backlog, unless that of a passed socket, which is the successor's; closes the listeners, answers
  // requests already read and closes idle connections. True when all connections are closed, false on timeout. Call
  // once. [may-block]
  bool drain(milliseconds timeout);

  // New requests go to the new application; deferred ones stay with theirs. Host, port and reactors do not change. A
  // connection keeps what was decided when it was accepted: trust, and TLS with its identity. [thread-safe]
  void replace(std::shared_ptr<const Application> application);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace authd::http
