// SPDX-License-Identifier: Apache-2.0
// The store of the process, from when its plugin has started until the last set of plugins that has it ends. It never
// becomes another one: that takes a restart.
#pragma once

#include <memory>
#include <mutex>

#include "modules/record_store.h"
#include "plugin/store.h"

namespace authd::modules {

// As long-lived as the process. Before there is a store each operation is CallStatus::unavailable. [thread-safe]
class CurrentStore final : public RecordStore {
 public:
  CurrentStore() = default;
  CurrentStore(const CurrentStore&) = delete;
  CurrentStore& operator=(const CurrentStore&) = delete;

  void replace(const std::shared_ptr<const plugin::Store>& store);
  std::shared_ptr<const plugin::Store> store() const; // null: there is none

  Result<Record, CallFailure> get(Call& call, std::string_view type, std::string_view id) const override;
  Result<std::vector<Record>, CallFailure> find(Call& call, std::string_view type, const IndexValue& index, bool prefix,
                                                std::string_view after, std::size_t limit) const override;
  Result<std::vector<Record>, CallFailure> apply(Call& call, const std::vector<Change>& changes,
                                                 std::size_t* failed) override;

 private:
  mutable std::mutex mutex_;
  std::weak_ptr<const plugin::Store> store_; // guarded by mutex_
};

} // namespace authd::modules
