// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

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

} // namespace authd::http
