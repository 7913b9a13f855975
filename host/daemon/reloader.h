// SPDX-License-Identifier: Apache-2.0
// From one configuration to the next without losing a request: loads and validates the whole file, builds
// the new generation beside the old, swaps, retires the old in the background. Any failure keeps the old.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "config/fixed_settings.h"
#include "config/loading.h"
#include "daemon/generation.h"
#include "daemon/lifecycle.h"
#include "daemon/watchdog.h"
#include "http/server.h"
#include "http_client/service.h"
#include "pipeline/invalidation_hub.h"
#include "plugin/loader.h"

namespace authd::daemon {

// What the configuration is made from, at the start and at each reload.
struct ConfigSource {
  std::string file;                                      // empty: config::load's default
  std::optional<config::ListeningAddress> listener = {}; // of a socket that was passed
};

// Loads and validates; throws Refused with every error, one a line. With a `trial` plugins are asked what is wrong
// with their settings also where the rest is refused already; else those are created later, and say it then.
config::Config load_config(const ConfigSource& source, config::PluginTrial trial = {});

// The server must be destroyed first: a generation is retired when the server has let go of it.
class Reloader {
 public:
  // Builds the first generation. Throws Refused. References must outlive it.
  Reloader(ConfigSource source, config::Config config, const plugin::Loader& loader, const ServiceSources& sources,
           Lifecycle& lifecycle, Log& log);

  // The first generation, for the server that is then attached. Call once each, in this order.
  std::shared_ptr<const http::Application> publish() {
    auto application = current_->publish();
    current_->hear_events();
    return application;
  }
  void attach(http::Server& server) { server_ = &server; }

  struct Outcome {
    bool applied = false;
    std::vector<std::string> lines; // why not; or what a running process cannot change
  };
  // The service manager is told. Refused while the process drains. [thread-safe] [may-block]
  Outcome reload();

  // The generation that serves; valid until the next reload has retired it.
  std::shared_ptr<Generation> current() const;

 private:
  Outcome load_and_swap();
  std::shared_ptr<Generation> load_next(Outcome& outcome);
  Outcome refused(const std::string& why);
  void swap_in(std::shared_ptr<Generation> next, std::shared_ptr<const http::Application> application,
               Retirement::Prepared retirement) noexcept;

  const ConfigSource source_;
  const config::FixedSettings started_with_; // what this process does, whatever was loaded since
  const plugin::Loader& loader_;
  const ServiceSources& sources_;
  Lifecycle& lifecycle_;
  Log& log_;
  http::Server* server_ = nullptr;
  std::mutex reloading_; // one reload at a time
  mutable std::mutex mutex_;
  std::shared_ptr<Generation> current_; // guarded by mutex_
  const std::shared_ptr<void> gauges_;  // last: reads current_
};

// Reloads when the watchdog has taken a SIGHUP. A thread of its own, because a plugin may hang while it starts, and
// signals must be taken all the same.
class ReloadThread {
 public:
  ReloadThread(Watchdog& watchdog, Reloader& reloader); // both must outlive it
  ~ReloadThread();
  ReloadThread(const ReloadThread&) = delete;
  ReloadThread& operator=(const ReloadThread&) = delete;

 private:
  Watchdog& watchdog_;
  std::thread thread_;
};

} // namespace authd::daemon
