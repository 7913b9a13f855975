// SPDX-License-Identifier: Apache-2.0
// The status page: one HTML file that draws GET /admin/status. The admin listener serves it, and so does a port of its
// own for `authd ui`, because no browser opens a Unix socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "endpoints/access_rules.h"
#include "http/router.h"
#include "http/server.h"
#include "pipeline/blocking_lane.h"

namespace authd::endpoints {

// The page, with a Content-Security-Policy that allows its own script and style, and requests to where it came from.
void respond_status_page(http::Exchange& exchange);

// GET /admin/ui and GET /admin/status on a port of 127.0.0.1. Everybody on the machine can reach that, and every page
// that a browser on it shows may try to: it wants a token, and refuses a Host that is not loopback (DNS rebinding) and
// a foreign Origin, all with 403.
class StatusPageServer {
 public:
  // What the daemon answers to GET /admin/status; nullopt: it does not. [thread-safe] [may-block]
  using Fetch = std::function<std::optional<std::string>()>;

  // `port` 0: the kernel chooses. Throws std::runtime_error that says why it cannot listen there. The log must outlive
  // it.
  StatusPageServer(std::uint16_t port, Fetch fetch, Log& log);

  // With the token in its query: a browser does not send a fragment, so the page could not be kept from others by one.
  std::string url() const;

 private:
  http::Route guarded(const http::Operation& operation, http::Handler handler) const;
  std::optional<std::string_view> objection(const http::Request& request) const;
  bool has_token(std::string_view query) const;
  void answer_status(http::Exchange& exchange);

  const Fetch fetch_;
  const std::string token_; // 128 bits, base64url
  const AdminGuard origins_{"127.0.0.1"};
  pipeline::BlockingLane lane_{1, 16};
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

} // namespace authd::endpoints
