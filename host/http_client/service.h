// SPDX-License-Identifier: Apache-2.0
// The host's side of service "authd.http/1" (authd/http.h): every adapter's exchanges pass through here
// and get the same deadline, pooling, verification, bounds and retries (retry_policy.h).
//
// What is not marked idempotent travels on a connection of its own, with "Connection: close", and is never
// sent twice: a create that was resent would be two credentials.
#pragma once

#include <memory>

#include "authd/http.h"
#include "base/tls_identity.h"
#include "net/connector.h"
#include "net/descriptor.h"
#include "net/tls_context.h"

namespace authd::http_client {

// [thread-safe]
class HttpService {
 public:
  // The resolver answers for all names in URLs.
  explicit HttpService(net::Resolver resolver = net::resolve_by_system);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  // A table for one plugin instance, with a pool and a retry budget of its own that go with the table. `identity`:
  // whom its HTTPS connections trust and what they present; null: the system's authorities, and no certificate.
  // Failures are recorded through `host`; it and the service must outlive the table. The calls that are handed to the
  // table are Call's, or null.
  std::shared_ptr<const authd_http_v1> connect(const authd_host* host,
                                               std::shared_ptr<const TlsIdentity> identity = nullptr);

  // The system's authorities are read again: to be called when they may have been renewed. [thread-safe]
  void forget_authorities() { system_tls_.forget(); }

  // From now on every exchange ends at once with AUTHD_CANCELLED, also those under way. For the end of the
  // process: there is no way back.
  void abort() noexcept { interrupt_.raise(); }

 private:
  class Client;
  net::SystemTlsContext system_tls_;
  net::Connector connector_; // one for all instances, so that all know which address of a name answers
  net::Event interrupt_;
};

} // namespace authd::http_client
