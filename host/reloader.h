// SPDX-License-Identifier: Apache-2.0
// From one configuration to the next without losing a request: loads and validates the whole file, builds
// the new generation beside the old, swaps, retires the old in the background. Any failure keeps the old.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/fixed_settings.h"
#include "generation.h"
#include "http/server.h"
#include "pipeline/invalidation_hub.h"
#include "plugin/http_service.h"
#include "plugin/loader.h"
#include "sd_notify.h"

namespace authd {

// Loads and validates; throws Refused with every error, one a line.
config::Config load_config(const std::string& file);

// The server must be destroyed first: a generation is retired when the server has let go of it.
class Reloader {
 public:
  // Builds the first generation. Throws Refused. References must outlive it.
  Reloader(std::string config_file, config::Config config, const plugin::Loader& loader,
           plugin::HttpService& exchanges, pipeline::InvalidationHub& hub, const SystemdNotifier& systemd,
           Log& log);

  // The first generation, for the server that is then attached. Call once each, in this order.
  std::shared_ptr<const http::Application> publish() { return current_->publish(); }
  void attach(http::Server& server) { server_ = &server; }

  struct Outcome {
    bool applied = false;
    std::vector<std::string> lines; // why not; or what a running process cannot change
  };
  Outcome reload(); // [thread-safe] [may-block]; the service manager is told

  // The generation that serves; valid until the next reload has retired it.
  std::shared_ptr<Generation> current() const;

 private:
  Outcome load_and_swap();
  void swap_in(std::shared_ptr<Generation> next);
  void retire(std::shared_ptr<Generation> old);

  const std::string config_file_;
  const config::FixedSettings started_with_; // what this process does, whatever was loaded since
  const plugin::Loader& loader_;
  plugin::HttpService& exchanges_;
  pipeline::InvalidationHub& hub_;
  const SystemdNotifier& systemd_;
  Log& log_;
  http::Server* server_ = nullptr;
  std::mutex reloading_; // one reload at a time
  mutable std::mutex mutex_;
  std::shared_ptr<Generation> current_;     // guarded by mutex_
  std::vector<std::future<void>> retiring_; // their destructors wait
};

} // namespace authd
