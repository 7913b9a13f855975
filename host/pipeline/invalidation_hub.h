// SPDX-License-Identifier: Apache-2.0
// The host's side of the services "authd.tiers/1" (authd/tiers.h) and "authd.consumers/1"
// (authd/consumers.h): passes on what plugins report to the generations that are in use. Two are while a
// reload drains the old one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/consumers.h"
#include "authd/tiers.h"
#include "pipeline/blocking_lane.h"
#include "plugin/host_context.h"

namespace authd::pipeline {

// [thread-safe] Must outlive every plugin instance that has one of its tables.
class InvalidationHub {
 public:
  // Called on a plugin's thread, which must not be kept: no I/O, and nothing that asks the hub or a plugin.
  class Listener {
   public:
    // A remote tier tells what another instance did:
    virtual void invalidated(std::string_view remote_key) = 0; // it deleted this key
    virtual void cleared() = 0;                                // it dropped everything
    virtual void missed() = 0;                                 // any of that may have gone unheard
    // A gateway tells that its source changed:
    virtual void changed(std::string_view consumer) = 0; // what it says of this name
    virtual void all_changed() = 0;                      // what it says of any

   protected:
    ~Listener() = default;
  };

  InvalidationHub() = default;
  InvalidationHub(const InvalidationHub&) = delete;
  InvalidationHub& operator=(const InvalidationHub&) = delete;

  // The table for one instance. Of a tier that was built for 1.0, which has no separate call for it, `resync`
  // may mean that everything was cleared, so it is taken for that.
  std::shared_ptr<const authd_tiers_v1> tiers_for(const plugin::ServiceUser& user);
  std::shared_ptr<const authd_consumers_v1> consumers_for(const plugin::ServiceUser& user);

  // A listener is told from attach on; after detach has returned it is not touched any more.
  void attach(Listener& listener);
  void detach(Listener& listener);

 private:
  struct TiersTable;
  struct ConsumersTable;
  template <class Report>
  void tell_all(Report report);

  std::mutex mutex_;
  std::vector<Listener*> listeners_;
};

// Consumers whose gateway says that their credentials changed: forgotten in the background, because a remote
// tier may have to be told, and the plugin's thread must not wait for that. [thread-safe]
class ConsumerChanges {
 public:
  using Forget = std::function<void(const std::string& consumer)>;
  using ForgetAll = std::function<void()>;
  // They may block, must not throw, and are called by one thread at a time.
  ConsumerChanges(Forget forget, ForgetAll forget_all)
      : forget_(std::move(forget)), forget_all_(std::move(forget_all)) {}

  // Return at once. However many come, the bookkeeping is one entry per consumer.
  void add(std::string_view consumer);
  void add_all();

  // Carries out what is left and joins. [may-block]
  void stop() { worker_.stop(); }

 private:
  void carry_out();

  const Forget forget_;
  const ForgetAll forget_all_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> pending_; // consumers
  bool all_pending_ = false;
  // One worker and one place: a job that finds no room is not needed, for the one that waits takes all that
  // is pending when it begins.
  BlockingLane worker_{1, 1};
};

} // namespace authd::pipeline
