// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>

#include <openssl/ssl.h>

#include "base/tls_identity.h"
#include "net/tls_context.h"

namespace authd::http_client {

// What the HTTPS connections of one instance believe and show: the authorities of its identity, else the system's; the
// certificate of its identity, if it has one. [thread-safe]
class ClientTls {
 public:
  // `identity` null: the system's authorities, and no certificate. Borrows `system`. Throws std::bad_alloc,
  // std::runtime_error when OpenSSL refuses what is in the identity.
  ClientTls(net::SystemTlsContext& system, std::shared_ptr<const TlsIdentity> identity);

  // For one connection; follows the system's authorities where these are believed. Throws as above.
  std::shared_ptr<SSL_CTX> get();

 private:
  net::SystemTlsContext& system_;
  const std::shared_ptr<const TlsIdentity> identity_;
  std::mutex mutex_;
  std::shared_ptr<SSL_CTX> own_;       // guarded by mutex_; null: not made yet
  std::shared_ptr<SSL_CTX> made_from_; // guarded by mutex_; whose authorities `own_` believes, when the system's
};

} // namespace authd::http_client
