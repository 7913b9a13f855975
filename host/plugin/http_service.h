// SPDX-License-Identifier: Apache-2.0
// The host's side of service "authd.http/1" (authd/http.h): every adapter's exchanges pass through here
// and get the same deadline, pooling, verification and bounds.
//
// What is resent: an idempotent request, once, when a connection taken from the pool turned out dead
// before any byte of the answer. What is not marked idempotent travels on a connection of its own, with
// "Connection: close", and is never sent twice: a create that was resent would be two credentials.
#pragma once

#include <memory>

#include "authd/http.h"
#include "plugin/deadline_socket.h"

namespace authd::plugin {

// [thread-safe]
class HttpService {
 public:
  HttpService();
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  // A table for one plugin instance, with a pool of its own that is closed with the table. Failures are
  // recorded through `host`; it and the service must outlive the table.
  std::shared_ptr<const authd_http_v1> connect(const authd_host* host);

 private:
  class Client;
  TlsContext tls_;
};

} // namespace authd::plugin
