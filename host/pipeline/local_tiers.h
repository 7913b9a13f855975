// SPDX-License-Identifier: Apache-2.0
// The non-blocking tiers in their order: asked on reactors, at once. Each copy is stored as its record and a
// LocalStamp. [thread-safe]
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timed_steps.h"
#include "pipeline/drop_result.h"
#include "pipeline/freshness.h"
#include "pipeline/recorder.h"
#include "pipeline/tier_slot.h"

namespace authd::pipeline {

class LocalTiers {
 public:
  // The recorder must outlive it.
  LocalTiers(std::vector<TierSlot> slots, FreshnessClock clock, std::shared_ptr<TierHistory> history,
             Recorder& recorder);

  // The first copy that is within its TTL; stale: it is, but suspect for longer than lookup.suspect_grace; gone:
  // there is none. Unless gone, `record` is replaced. Allocates nothing once it has grown.
  // `reports` false: a second look on behalf of the same request, which must not count as another hit or miss.
  // `reads`: where what is reported is noted, too; null: nowhere.
  Freshness get(std::string_view key, std::string& record, bool reports = true, LocalReads* reads = nullptr) const;
  // Any copy within its stale window, fresh ones too.
  bool get_stale(std::string_view key, std::string& record, bool reports = true) const;

  // For the TTL of each tier, `at_most` if that is shorter. It is due as if that were `refresh_within`, if shorter.
  void put(std::string_view key, std::string_view record, std::uint64_t period,
           milliseconds at_most = milliseconds::max(), milliseconds refresh_within = milliseconds::max()) const;
  DropResult remove(std::string_view key) const;
  // The copies that a tier had are those of its statistics.
  DropResult clear() const;

  // Whether there are copies that may be used; too hopeful after single deletions.
  bool holds_usable() const;
  const std::vector<TierSlot>& slots() const { return slots_; }

 private:
  std::optional<LocalStamp> open(std::string& value) const;
  template <class Operation>
  CallStatus call(const TierSlot& slot, TierOperation name, Operation&& operation, bool reports = true,
                  LocalReads* reads = nullptr) const;
  void report(TierCall done, SteadyTime start, LocalReads* reads) const;

  const std::vector<TierSlot> slots_;
  const FreshnessClock clock_;
  const std::shared_ptr<TierHistory> history_;
  Recorder& recorder_;
};

} // namespace authd::pipeline
