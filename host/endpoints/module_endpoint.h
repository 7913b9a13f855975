// SPDX-License-Identifier: Apache-2.0
// The routes of one module: its handlers are called on the reactor first, if the route says so, and then, or at once,
// on a worker. See sdk/include/authd/endpoint.h for the two passes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/movable_clock.h"
#include "config/config.h"
#include "endpoints/module_operation.h"
#include "endpoints/module_request.h"
#include "endpoints/told_events.h"
#include "http/router.h"
#include "modules/events.h"
#include "modules/module_lane.h"
#include "plugin/endpoint.h"

namespace authd::endpoints {

// Told what modules do that they should not. Called on reactors and workers: must be thread-safe and must not block.
class ModuleObserver {
 public:
  virtual ~ModuleObserver() = default;
  // A first pass took longer than it may.
  virtual void overran(const ModuleOperation& operation, std::chrono::nanoseconds took) = 0;
  // Its route is called on workers alone from now on.
  virtual void demoted(const ModuleOperation& operation) = 0;
  // An event was not told to the module, and never will be.
  virtual void dropped(const std::string& instance, const modules::Event& event, const std::string& why) = 0;
};

// Counts the first passes of one route that took too long. [thread-safe]
class FirstPass {
 public:
  static constexpr std::chrono::microseconds kBudget{200};
  static constexpr unsigned kOverruns = 10; // within
  static constexpr seconds kWindow{10};     // these are too many

  bool is_allowed() const { return allowed_.load(std::memory_order_relaxed); }
  // True: this was one too many, and none is allowed from now on.
  bool overran(SteadyTime now);

 private:
  std::atomic<bool> allowed_{true};
  std::mutex mutex_;
  std::array<SteadyTime, kOverruns - 1> last_{}; // those before, a ring
  std::size_t next_ = 0;
};

class ModuleEndpoint {
 public:
  struct Surroundings {
    pipeline::BlockingLane& lane;
    std::size_t workers; // of the lane, for all modules
    milliseconds request_timeout;
    const MovableClock& clock;
    std::function<bool(const IpAddress&)> is_gateway; // whose X-Forwarded-For counts; null: nobody's
    ModuleObserver& observer;
  };

  // All that is referred to must outlive the routers' last dispatch and the lane's last job.
  ModuleEndpoint(plugin::Endpoint module, ModuleOperations operations, const config::Endpoint& settings,
                 const Surroundings& surroundings);
  ModuleEndpoint(const ModuleEndpoint&) = delete;
  ModuleEndpoint& operator=(const ModuleEndpoint&) = delete;

  // Each route where its audience is.
  void add_to(http::Router& clients, http::Router& operators);
  const std::string& name() const { return module_.name(); }
  const modules::ModuleShare& share() const { return *share_; }
  unsigned demoted() const; // routes
  // What it hears; nullopt: nothing.
  std::optional<modules::EventBus::Listener> listener() const;

 private:
  struct Route {
    std::unique_ptr<const ModuleOperation> operation;
    FirstPass first_pass;
  };
  struct Work; // one call on a worker

  void serve(http::Exchange& exchange, std::span<const std::string_view> parameters, std::size_t route);
  // True: it has answered.
  bool answered_at_once(http::Exchange& exchange, const std::vector<std::string>& parameters, std::size_t route);
  void hand_over(http::Exchange& exchange, const std::vector<std::string>& parameters, std::size_t route);
  void run(Work& work) const;
  void finish(http::Exchange& exchange, const Work& work) const;
  RequestFacts facts_of(const http::Request& request, std::size_t route) const;

  const plugin::Endpoint module_;
  const config::Endpoint settings_;
  const Surroundings around_;
  std::vector<std::unique_ptr<Route>> routes_;
  const std::shared_ptr<modules::ModuleShare> share_;
  const std::shared_ptr<ToldEvents> events_;
};

} // namespace authd::endpoints
