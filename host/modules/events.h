// SPDX-License-Identifier: Apache-2.0
// Service "authd.events/1": what modules say has happened. Each event is a line of the audit trail, is counted, and is
// handed to the modules that listen to its type.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "plugin/host_context.h"

namespace authd::modules {

struct Event {
  std::string type;    // "code.replayed"
  std::string subject; // whom it is about; may be empty
  std::string json;    // an object, without secrets
};

// As long-lived as the process. [thread-safe]
class EventBus {
 public:
  explicit EventBus(Log& log) : log_(log) {}
  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;

  // The table for one instance. This must outlive it.
  std::shared_ptr<const void> service_for(const plugin::ServiceUser& user);

  // A module that listens: called for each event of its types, on the thread that emitted it. Must not block or throw.
  struct Listener {
    std::vector<std::string> types;
    std::function<void(const Event&)> hear;
  };
  // From now on these and no others, which a reload replaces; what is under way ends first.
  void replace_listeners(std::vector<Listener> listeners);

  struct Count {
    std::string instance, type;
    std::uint64_t events = 0;
  };
  std::vector<Count> counts() const; // since start

 private:
  struct Table;
  void emit(std::string_view instance, std::string_view request_id, const Event& event);

  Log& log_;
  mutable std::mutex mutex_; // held while listeners are told, so that an old one is never called after it was replaced
  std::vector<Listener> listeners_;                                       // guarded by mutex_
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_{}; // likewise; bounded by what notes declare
};

} // namespace authd::modules
