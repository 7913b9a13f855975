// SPDX-License-Identifier: Apache-2.0
// Copies of one type's records, for reads that may be answered by one that is not too old. Bounded. [thread-safe]
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "plugin/record.h"

namespace authd::modules {

class RecordCache {
 public:
  explicit RecordCache(std::size_t most_records = 10'000) : most_(most_records) {}
  RecordCache(const RecordCache&) = delete;
  RecordCache& operator=(const RecordCache&) = delete;

  // A copy that was read at most max_stale ago; null: there is none.
  std::shared_ptr<const plugin::Record> get(std::string_view id, SteadyTime now, milliseconds max_stale) const;

  // Taken before the store is read: what changes in between makes the copy worthless.
  std::uint64_t epoch() const;
  void put(std::shared_ptr<const plugin::Record> record, SteadyTime read_at, std::uint64_t epoch);
  void drop(std::string_view id);
  void drop_all();

 private:
  struct Copy {
    std::shared_ptr<const plugin::Record> record;
    SteadyTime read_at;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::uint64_t epoch_ = 0; // counts drops
  std::unordered_map<std::string, Copy, Hash, std::equal_to<>> copies_;
};

} // namespace authd::modules
