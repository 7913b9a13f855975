// SPDX-License-Identifier: Apache-2.0
// Operations, on a listener of their own that clients never reach: spec/token-service.md, "Operations".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "endpoints/access_rules.h"
#include "endpoints/api.h"
#include "http/router.h"
#include "http/server.h"
#include "pipeline/blocking_lane.h"
#include "pipeline/drop_result.h"
#include "telemetry/logs.h"

namespace authd::endpoints {

// The operations, provided by the owner of the parts. All [thread-safe] and [may-block].
struct AdminActions {
  struct ReloadOutcome {
    bool applied = false;
    std::vector<std::string> lines;
  };
  std::function<pipeline::Invalidation(std::string_view consumer)> invalidate;
  std::function<pipeline::Invalidation()> invalidate_all;
  std::function<ReloadOutcome()> reload;
  std::function<std::string()> cache_stats; // a JSON object
  std::function<std::string()> plugins;     // a JSON object
  std::function<std::string()> status;      // a JSON object
  struct KeysOutcome {
    int status = 200;
    std::string text; // a JSON object; of another status than 200: what is wrong
  };
  std::function<KeysOutcome()> keys;
  std::function<KeysOutcome(std::string_view algorithm, bool emergency)> rotate_keys;
  // The routes of modules whose audience is operators: those of the configuration that is in effect. [thread-safe],
  // must not block. The owner is kept alive for as long as one of its exchanges is open.
  struct Modules {
    std::shared_ptr<const void> owner;
    const http::Router* routes = nullptr;
  };
  std::function<Modules()> modules;
};

class AdminEndpoints {
 public:
  static constexpr unsigned kMaxConnections = 64; // of the listener

  AdminEndpoints(AdminActions actions, AdminGuard guard) : actions_(std::move(actions)), guard_(std::move(guard)) {}

  void add_to(http::Router& router);
  // A route behind the guard. This must outlive the router's last dispatch.
  http::Route guarded(const http::Operation& operation, http::Handler handler) const;

 private:
  struct Reply {
    int status = 200;
    std::string text;     // the body
    bool problem = false; // `text` is the detail of one instead
  };
  static Reply to_reply(AdminActions::KeysOutcome outcome);
  // Runs the work on the lane and answers with what it returns.
  static void answer_later(pipeline::BlockingLane& lane, http::Exchange& exchange, std::function<Reply()> work);
  // GET of what one of the actions says.
  http::Route view(const http::Operation& operation, const std::function<std::string()>& says);
  std::size_t body_limit_of_module(http::Method method, std::string_view path) const;
  bool serve_module(http::Exchange& exchange) const;
  void invalidate(http::Exchange& exchange);
  void rotate_keys(http::Exchange& exchange);
  Reply reload() const;

  const AdminActions actions_;
  const AdminGuard guard_;
  pipeline::BlockingLane operations_{1, 16}; // one at a time
  // Apart, so that who looks does not wait for a reload. A connection asks for one thing at a time: it is never full.
  pipeline::BlockingLane views_{1, kMaxConnections};
};

// The listener for operations: its own Unix socket, or an address that clients do not reach.
class AdminServer {
 public:
  // `listen`: "unix:/path" or "host:port", as admin.listen. Throws std::runtime_error that says why it cannot
  // listen there. The log must outlive it. Its requests are logged, and its document is titled, as `config` says.
  AdminServer(const std::string& listen, AdminActions actions, const config::Config& config, Log& log);

 private:
  telemetry::AccessLog access_log_;
  AdminEndpoints endpoints_;
  http::Router router_;
  ApiEndpoint document_;
  std::unique_ptr<http::Server> server_;
};

} // namespace authd::endpoints
