// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "base/tls_identity.h"
#include "http/tls.h"
#include "support/certificates.h"
#include "support/tls_client.h"
#include "test_server.h"

namespace authd::http {

// `client_ca` empty: clients need no certificate. Throws std::runtime_error with the first fault.
inline std::shared_ptr<const TlsContext> context_of(const test::Issued& issued, const std::string& client_ca = {}) {
  TlsIdentity::Pem pem{issued.certificate, issued.key, std::nullopt};
  if (!client_ca.empty()) pem.authorities = client_ca;
  const auto identity = TlsIdentity::make(pem, "server.tls.certificate");
  if (!identity) throw std::runtime_error(identity.error().front().what);
  return std::make_shared<const TlsContext>(**identity);
}

inline ServerOptions over_tls(const test::Issued& issued, ServerOptions options = {}) {
  options.tls = context_of(issued);
  return options;
}

} // namespace authd::http
