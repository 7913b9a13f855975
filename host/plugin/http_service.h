// SPDX-License-Identifier: Apache-2.0
// The host's side of service "authd.http/1" (authd/http.h): every adapter's exchanges pass through here
// and get the same deadline, pooling, verification and bounds.
//
// What is resent: an idempotent request, once, when a connection taken from the pool turned out dead
// before any byte of the answer. What is not marked idempotent travels on a connection of its own, with
// "Connection: close", and is never sent twice: a create that was resent would be two credentials.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "authd/http.h"
#include "plugin/deadline_socket.h"

namespace authd::plugin {

// [thread-safe]
class HttpService {
 public:
  HttpService();
  ~HttpService(); // closes what is pooled; no exchange may be under way
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  // The table for one plugin instance, with a pool of its own; failures are recorded through `host`,
  // which must outlive the service. The same host gets the same table.
  const authd_http_v1* table(const authd_host* host);

 private:
  class Client;
  std::mutex mutex_;
  TlsContext tls_;
  std::map<const authd_host*, std::unique_ptr<Client>> clients_;
};

} // namespace authd::plugin
