// SPDX-License-Identifier: Apache-2.0
// /debug/profiling/*: spec/token-service.md, "Debug". For trusted peers; nothing of it is served in production.
#pragma once

#include <functional>
#include <string_view>

#include "config/config.h"
#include "http/router.h"
#include "profiling/worker.h"

namespace authd::endpoints {

class ProfilingEndpoints {
 public:
  // The worker lives as long as the process, because a reload must not end a session. Both must outlive the router's
  // last dispatch.
  ProfilingEndpoints(const config::Config& config, profiling::Worker& worker) : config_(config), worker_(worker) {}

  // Adds nothing in production.
  void add_to(http::Router& router);

 private:
  // The rest of an answer, made on the worker's thread.
  using Answer = http::Continuation;
  using Work = std::function<Answer(profiling::Sessions&)>;

  // The handler, for trusted peers while profiling is enabled. Else `empty` are the members of what has nothing to
  // show.
  http::Handler guarded(http::Handler handler, std::string_view empty) const;
  void on_worker(http::Exchange& exchange, Work work) const;
  profiling::Settings settings() const;

  void start(http::Exchange& exchange) const;
  void stop(http::Exchange& exchange) const;
  void status(http::Exchange& exchange) const;
  void reports(http::Exchange& exchange) const;
  void report(http::Exchange& exchange) const;
  void clean_up(http::Exchange& exchange) const;

  const config::Config& config_;
  profiling::Worker& worker_;
};

} // namespace authd::endpoints
