// SPDX-License-Identifier: Apache-2.0
// The host's side of the services "authd.tiers/1" (authd/tiers.h) and "authd.consumers/1"
// (authd/consumers.h): passes on what plugins report to the generations that are in use. Two are while a
// reload drains the old one.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "authd/consumers.h"
#include "authd/tiers.h"
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

  // The table for one instance. Of a tier that was built for 1.0, which has no other word for it, `resync`
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

} // namespace authd::pipeline
