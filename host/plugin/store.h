// SPDX-License-Identifier: Apache-2.0
// The checked proxy of an authd.store/1 instance: statuses are normalised, exceptions stopped, and what the plugin puts
// is copied, bounded and held against what was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authd/store.h"
#include "base/call.h"
#include "base/result.h"
#include "plugin/health.h"
#include "plugin/record.h"

namespace authd::plugin {

class Instance;

struct StoreStats {
  std::uint64_t expired = 0; // wait for their removal; UINT64_MAX: unknown
  std::uint64_t bytes = 0;   // on disk; UINT64_MAX: unknown
  std::uint64_t batches = 0; // that were applied, since the start
  std::uint64_t commits = 0; // in so many transactions
};

// Nothing of it may be called on a reactor. [thread-safe] [may-block]
class Store {
 public:
  // The instance's component must be of kind authd.store/1 and have its required operations.
  explicit Store(std::shared_ptr<Instance> instance);

  // See modules::RecordStore.
  Result<Record, CallFailure> get(Call& call, std::string_view type, std::string_view id) const;
  Result<std::vector<Record>, CallFailure> find(Call& call, std::string_view type, const IndexValue& index, bool prefix,
                                                std::string_view after, std::size_t limit) const;
  Result<std::vector<Record>, CallFailure> apply(Call& call, std::span<const Change> changes,
                                                 std::size_t* failed = nullptr) const;

  // Living records of every type, by type and id; both empty: from the first.
  Result<std::vector<Record>, CallFailure> scan(Call& call, std::string_view after_type, std::string_view after_id,
                                                std::size_t limit) const;
  // What was looked at, in a line.
  Result<std::string, CallFailure> check(Call& call) const;
  Result<void, CallFailure> backup(Call& call, std::string_view path) const;
  Result<StoreStats, CallFailure> stats(Call& call) const;

  const std::string& name() const; // the instance's

 private:
  std::shared_ptr<Instance> instance_;
  const authd_store_ops* ops_;
};

} // namespace authd::plugin
