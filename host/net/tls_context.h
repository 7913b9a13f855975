// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <openssl/ssl.h>

namespace authd::net {

// For clients that verify: TLS 1.2 or newer, a chain to the authorities of `ca_file` (PEM; empty: the
// system's); the name is checked for each connection (DeadlineSocket::secure). Throws std::invalid_argument
// when the file holds no authority that can be read, std::bad_alloc when OpenSSL cannot be set up.
std::shared_ptr<SSL_CTX> make_tls_context(const std::string& ca_file = {});
// The same without any authority yet.
std::shared_ptr<SSL_CTX> make_bare_tls_context();

// One with the system's authorities, for all connections. Made at the first use, because the authorities cost
// memory that plain connections need not pay. [thread-safe]
class SystemTlsContext {
 public:
  std::shared_ptr<SSL_CTX> get(); // throws std::bad_alloc
  void forget();                  // the next use reads the authorities again; open connections stay

 private:
  std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_; // guarded by mutex_
};

} // namespace authd::net
