// SPDX-License-Identifier: Apache-2.0
// The connections of one plugin instance: whom their TLS trusts, and those that are idle.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/tls_identity.h"
#include "net/deadline_socket.h"
#include "net/tls_context.h"

namespace authd::http_client {

// The TLS settings of one instance's HTTPS connections: they trust the authorities of its identity, else the system's,
// and present the certificate of its identity, if it has one. [thread-safe]
class ClientTls {
 public:
  // `identity` null: the system's authorities, and no certificate. `system` must outlive it. Throws std::bad_alloc,
  // and std::runtime_error when OpenSSL refuses what is in the identity.
  ClientTls(net::SystemTlsContext& system, std::shared_ptr<const TlsIdentity> identity);

  // For one connection; follows the system's authorities where these are trusted. Throws as above.
  std::shared_ptr<SSL_CTX> get();

 private:
  net::SystemTlsContext& system_;
  const std::shared_ptr<const TlsIdentity> identity_;
  std::mutex mutex_;
  std::shared_ptr<SSL_CTX> own_;       // guarded by mutex_; null: not made yet
  std::shared_ptr<SSL_CTX> made_from_; // guarded by mutex_; the system's context whose authorities `own_` trusts
};

// Idle keep-alive connections, to any number of origins. [thread-safe]
class ConnectionPool {
 public:
  // Kong closes at 75 s; closing first never writes into a closed connection.
  static constexpr seconds kMaxIdle{60};
  static constexpr std::size_t kMaxTotal = 256; // over all origins

  // The connection to `origin` that was used last and is still quiet; nullopt: open one.
  std::optional<net::DeadlineSocket> take(std::string_view origin, SteadyTime now);
  // Keeps a connection whose answer was read whole; the oldest of its origin goes when there are more
  // than `most`.
  void keep(std::string origin, net::DeadlineSocket socket, std::size_t most, SteadyTime now);
  std::size_t size() const;

 private:
  struct Idle {
    std::string origin;
    net::DeadlineSocket socket;
    SteadyTime since;
  };

  mutable std::mutex mutex_;
  std::vector<Idle> idle_; // oldest first
};

} // namespace authd::http_client
