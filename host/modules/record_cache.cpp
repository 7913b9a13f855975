// SPDX-License-Identifier: Apache-2.0
#include "modules/record_cache.h"

#include <utility>

namespace authd::modules {

std::shared_ptr<const plugin::Record> RecordCache::get(std::string_view id, SteadyTime now,
                                                       milliseconds max_stale) const {
  const std::lock_guard lock(mutex_);
  const auto at = copies_.find(id);
  if (at == copies_.end() || now - at->second.read_at > max_stale) return nullptr;
  return at->second.record;
}

std::uint64_t RecordCache::epoch() const {
  const std::lock_guard lock(mutex_);
  return epoch_;
}

// When it is full it begins anew: what is in use is soon there again.
void RecordCache::put(std::shared_ptr<const plugin::Record> record, SteadyTime read_at, std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) return;
  if (copies_.size() >= most_ && !copies_.contains(record->id)) copies_.clear();
  std::string id = record->id;
  copies_.insert_or_assign(std::move(id), Copy{std::move(record), read_at});
}

void RecordCache::drop(std::string_view id) {
  const std::lock_guard lock(mutex_);
  ++epoch_;
  if (const auto at = copies_.find(id); at != copies_.end()) copies_.erase(at);
}

void RecordCache::drop_all() {
  const std::lock_guard lock(mutex_);
  ++epoch_;
  copies_.clear();
}

} // namespace authd::modules
