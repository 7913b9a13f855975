// SPDX-License-Identifier: Apache-2.0
// Service "authd.records/1": what modules keep, each instance in a space of its own, named after it, in the store of
// the process. Bodies are sealed as the note says, reads answered from copies as far as it allows.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/movable_clock.h"
#include "modules/record_cache.h"
#include "modules/record_store.h"
#include "plugin/host_context.h"
#include "secrets/master_keys.h"

namespace authd::modules {

// As long-lived as the process. [thread-safe]
class RecordSpaces {
 public:
  // `store` must outlive this.
  RecordSpaces(RecordStore& store, MasterKeys keys, MovableClock clock)
      : store_(store), keys_(std::move(keys)), clock_(std::move(clock)) {}
  RecordSpaces(const RecordSpaces&) = delete;
  RecordSpaces& operator=(const RecordSpaces&) = delete;

  // The table for one instance, which must have declared its types. This must outlive it.
  std::shared_ptr<const void> service_for(const plugin::ServiceUser& user);

  // What the store calls a type of an instance: "oauth/code". What could be mistaken, or is not visible ASCII, is
  // percent-encoded in the instance's name.
  static std::string full_type(std::string_view instance, std::string_view type);

 private:
  friend class RecordService;
  // Shared by the instances of one name, for a reload has two of them for a while.
  std::shared_ptr<RecordCache> cache_of(const std::string& full_type);

  RecordStore& store_;
  const MasterKeys keys_;
  const MovableClock clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RecordCache>, std::less<>>
      caches_; // by full type; bounded by what notes declare
};

} // namespace authd::modules
