// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_debts.h"

#include <utility>

namespace authd::pipeline {
namespace {

constexpr std::size_t kMaxKeys = 10'000;
// A tier may answer reads and still refuse deletions (a read-only Redis): each attempt costs a worker time.
constexpr milliseconds kPause{1000};

} // namespace

bool TierDebts::owes(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return all_ != 0 || keys_.count(key) != 0;
}

void TierDebts::borrow(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (all_ == 0 && (keys_.size() < kMaxKeys || keys_.count(key) != 0)) {
    keys_[key] = ++last_number_;
  } else {
    owe_all();
  }
}

void TierDebts::borrow_all() {
  const std::lock_guard lock(mutex_);
  owe_all();
}

void TierDebts::owe_all() {
  keys_.clear();
  all_ = ++last_number_;
}

bool TierDebts::begin_settling(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if ((all_ == 0 && keys_.empty()) || now < next_attempt_) return false;
  return !std::exchange(settling_, true);
}

std::optional<TierDebts::Debt> TierDebts::next() const {
  const std::lock_guard lock(mutex_);
  if (all_ != 0) return Debt{{}, all_};
  if (keys_.empty()) return std::nullopt;
  return Debt{keys_.begin()->first, keys_.begin()->second};
}

void TierDebts::settled(const Debt& debt) {
  const std::lock_guard lock(mutex_);
  if (all_ == debt.number) all_ = 0;
  const auto it = keys_.find(debt.key);
  if (it != keys_.end() && it->second == debt.number) keys_.erase(it);
}

void TierDebts::end_settling(bool failed, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  settling_ = false;
  if (failed) next_attempt_ = now + kPause;
}

} // namespace authd::pipeline
