// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pending_deletions.h"

namespace authd::pipeline {
namespace {

constexpr std::size_t kMaxKeys = 10'000;
// A tier may answer reads and still refuse deletions (a read-only Redis): each attempt costs a worker time.
constexpr milliseconds kPause{1000};

} // namespace

bool PendingDeletions::covers(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return all_ != 0 || keys_.count(key) != 0;
}

bool PendingDeletions::covers_all() const {
  const std::lock_guard lock(mutex_);
  return all_ != 0;
}

void PendingDeletions::add(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (!put(key)) replace_by_all();
}

bool PendingDeletions::add_if_room(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return all_ != 0 || put(key);
}

bool PendingDeletions::put(const std::string& key) {
  if (all_ != 0 || (keys_.size() >= kMaxKeys && keys_.count(key) == 0)) return false;
  keys_[key] = ++last_number_;
  return true;
}

void PendingDeletions::add_all() {
  const std::lock_guard lock(mutex_);
  replace_by_all();
}

void PendingDeletions::replace_by_all() {
  keys_.clear();
  all_ = ++last_number_;
}

bool PendingDeletions::may_flush(SteadyTime now) const {
  return !flushing_ && (all_ != 0 || !keys_.empty()) && now >= next_attempt_;
}

bool PendingDeletions::needs_flush(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return may_flush(now);
}

bool PendingDeletions::begin_flush(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!may_flush(now)) return false;
  return flushing_ = true;
}

// The flush ends under the same lock: what is added after that is for who begins the next one.
std::optional<PendingDeletions::Deletion> PendingDeletions::next() {
  const std::lock_guard lock(mutex_);
  if (all_ != 0) return Deletion{{}, all_};
  if (keys_.empty()) {
    flushing_ = false;
    return std::nullopt;
  }
  return Deletion{keys_.begin()->first, keys_.begin()->second};
}

void PendingDeletions::done(const Deletion& deletion) {
  const std::lock_guard lock(mutex_);
  if (all_ == deletion.number) all_ = 0;
  const auto it = keys_.find(deletion.key);
  if (it != keys_.end() && it->second == deletion.number) keys_.erase(it);
}

void PendingDeletions::end_flush(bool failed, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  flushing_ = false;
  if (failed) next_attempt_ = now + kPause;
}

} // namespace authd::pipeline
