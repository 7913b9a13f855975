// SPDX-License-Identifier: Apache-2.0
// A RecordStore in memory, for tests of what stands above the store: the same rules as a real one, and nothing is
// durable. [thread-safe]
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/record_store.h"

namespace authd::test {

class MemoryRecords final : public modules::RecordStore {
 public:
  using Record = modules::Record;
  using Change = modules::Change;

  // `now_ms`: what time it is, since the epoch.
  explicit MemoryRecords(std::function<std::int64_t()> now_ms) : now_ms_(std::move(now_ms)) {}

  // Each operation fails with this, until it is ok again.
  std::atomic<CallStatus> failing{CallStatus::ok};
  // Called before each apply, outside of the lock: what another instance does just then.
  std::function<void()> before_apply = [] {};
  int applied() const { return applied_; }     // applies that succeeded
  int conflicts() const { return conflicts_; } // applies that were refused because something had changed

  Result<Record, CallFailure> get(Call&, std::string_view type, std::string_view id) const override {
    const std::lock_guard lock(mutex_);
    if (failing != CallStatus::ok) return fail(failing, "told to fail");
    const Record* record = find_living(type, id);
    if (record == nullptr) return fail(CallStatus::not_found, "there is no such record");
    return *record;
  }

  Result<std::vector<Record>, CallFailure> find(Call&, std::string_view type, const modules::IndexValue& index,
                                                bool prefix, std::string_view after, std::size_t limit) const override {
    const std::lock_guard lock(mutex_);
    if (failing != CallStatus::ok) return fail(failing, "told to fail");
    std::vector<Record> found;
    for (const auto& [key, record] : records_) {
      if (key.first != type || key.second <= after || !lives(record) || found.size() == limit) continue;
      if (index.name.empty() || has_index(record, index, prefix)) found.push_back(record);
    }
    return found;
  }

  Result<std::vector<Record>, CallFailure> apply(Call&, const std::vector<Change>& changes,
                                                 std::size_t* failed = nullptr) override {
    before_apply();
    const std::lock_guard lock(mutex_);
    if (failing != CallStatus::ok) return fail(failing, "told to fail");
    if (changes.size() > kMostChanges) return fail(CallStatus::invalid, "too many changes");
    const Records before = records_;
    std::vector<Record> found;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const CallStatus status = make(changes[i], found);
      if (status == CallStatus::ok) continue;
      records_ = before;
      if (failed != nullptr) *failed = i;
      if (status == CallStatus::conflict) ++conflicts_;
      return fail(status, "change " + std::to_string(i) + " is refused");
    }
    ++applied_;
    return found;
  }

 private:
  using Records = std::map<std::pair<std::string, std::string>, Record>; // by type and id

  static Failure<CallFailure> fail(CallStatus status, std::string why) {
    return Failure<CallFailure>(CallFailure{status, 0, milliseconds(0), std::move(why)});
  }

  bool lives(const Record& record) const { return record.expires_at_ms > now_ms_(); }

  const Record* find_living(std::string_view type, std::string_view id) const {
    const auto at = records_.find({std::string(type), std::string(id)});
    return at != records_.end() && lives(at->second) ? &at->second : nullptr;
  }

  static bool has_index(const Record& record, const modules::IndexValue& wanted, bool prefix) {
    return std::any_of(record.index.begin(), record.index.end(), [&](const modules::IndexValue& value) {
      return value.name == wanted.name &&
             (prefix ? value.value.starts_with(wanted.value) : value.value == wanted.value);
    });
  }

  bool is_unique(const Record& record) const {
    for (const modules::IndexValue& value : record.index)
      for (const auto& [key, other] : records_)
        if (value.unique && key.first == record.type && key.second != record.id && lives(other) &&
            has_index(other, value, false))
          return false;
    return true;
  }

  CallStatus make(const Change& change, std::vector<Record>& found) {
    using Op = Change::Op;
    const Record& wanted = change.record;
    const Record* stored = find_living(wanted.type, wanted.id);
    const std::uint64_t version = stored != nullptr ? stored->version : 0;
    switch (change.op) {
    case Op::insert:
      return stored != nullptr ? CallStatus::conflict : write(wanted, 1);
    case Op::put:
      return write(wanted, version + 1);
    case Op::update:
      if (stored == nullptr) return CallStatus::not_found;
      if (version != wanted.version) return CallStatus::conflict;
      found.push_back(*stored);
      return write(wanted, version + 1);
    case Op::take:
      if (stored == nullptr) return CallStatus::not_found;
      found.push_back(*stored);
      [[fallthrough]];
    case Op::remove:
      records_.erase({wanted.type, wanted.id});
      return CallStatus::ok;
    case Op::remove_by:
      std::erase_if(records_, [&](const auto& entry) {
        return entry.first.first == wanted.type && has_index(entry.second, wanted.index.at(0), false);
      });
      return CallStatus::ok;
    case Op::expect:
      return version == wanted.version ? CallStatus::ok : CallStatus::conflict;
    }
    return CallStatus::invalid;
  }

  CallStatus write(const Record& record, std::uint64_t version) {
    if (!is_unique(record)) return CallStatus::conflict;
    Record& stored = records_[{record.type, record.id}] = record;
    stored.version = version;
    return CallStatus::ok;
  }

  std::function<std::int64_t()> now_ms_;
  mutable std::mutex mutex_;
  Records records_;
  std::atomic<int> applied_{0};
  std::atomic<int> conflicts_{0};
};

} // namespace authd::test
