// SPDX-License-Identifier: Apache-2.0
// The events that wait to be told to one module: one after the other, so that those of a subject keep their order.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "modules/events.h"
#include "modules/module_lane.h"
#include "plugin/endpoint.h"

namespace authd::endpoints {

// [thread-safe]
class ToldEvents : public std::enable_shared_from_this<ToldEvents> {
 public:
  static constexpr std::size_t kMostWaiting = 10'000;
  static constexpr unsigned kTries = 3;

  // `dropped`: told of an event that was given up, and why. The module must outlive the last job of the share.
  ToldEvents(const plugin::Endpoint& module, std::shared_ptr<modules::ModuleShare> share, milliseconds timeout,
             std::function<void(const modules::Event&, const std::string& why)> dropped)
      : module_(module), share_(std::move(share)), timeout_(timeout), dropped_(std::move(dropped)) {}

  void add(const modules::Event& event);

 private:
  void tell_all();
  void tell(const modules::Event& event) const;

  const plugin::Endpoint& module_;
  const std::shared_ptr<modules::ModuleShare> share_;
  const milliseconds timeout_;
  const std::function<void(const modules::Event&, const std::string&)> dropped_;
  std::mutex mutex_;
  std::deque<modules::Event> waiting_; // guarded by mutex_
  bool telling_ = false;               // likewise: a job is at it
};

} // namespace authd::endpoints
