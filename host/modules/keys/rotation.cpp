// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/rotation.h"

#include <algorithm>
#include <utility>

namespace authd::modules::keys {
namespace {

using Op = Change::Op;

constexpr std::int64_t kEmergencyMs = 3'600'000;

bool is_over(std::int64_t since_ms, milliseconds duration, std::int64_t now_ms) {
  return now_ms >= since_ms + duration.count();
}

bool is_configured(const Rotation& rotation, std::string_view algorithm) {
  const auto& all = rotation.algorithms;
  return std::find(all.begin(), all.end(), algorithm) != all.end();
}

const Claim* find_claim(const Stored& stored, std::string_view algorithm) {
  const auto at = std::find_if(stored.claims.begin(), stored.claims.end(),
                               [&](const Claim& claim) { return claim.algorithm == algorithm; });
  return at == stored.claims.end() ? nullptr : &*at;
}

Change moved_to(State state, Key key, std::int64_t now_ms) {
  key.state = state;
  key.since_ms = now_ms;
  return {Op::update, to_record(key)};
}

Change dropped(Key key, bool emergency, const Rotation& rotation, std::int64_t now_ms) {
  key.state = State::gone;
  key.since_ms = now_ms;
  key.emergency = emergency;
  return {Op::update, to_record(key, now_ms + rotation.remember.count())};
}

Change expected(const Key& key) { return {Op::expect, Record{std::string(kKeyType), key.kid, {}, key.version}}; }

// That the claim is still the one which was read, and its end.
std::vector<Change> used_up(const Claim& claim) {
  const Record record{std::string(kClaimType), claim.algorithm, {}, claim.version};
  return {{Op::expect, record}, {Op::remove, record}};
}

// The steps of one look at the store.
class Planning {
 public:
  Planning(const Stored& stored, const Rotation& rotation, std::string_view instance, std::int64_t now_ms)
      : stored_(stored), rotation_(rotation), instance_(instance), now_ms_(now_ms) {}

  std::vector<Step> all() {
    for (const std::string& algorithm : rotation_.algorithms) plan_chain(algorithm);
    for (const Key& key : stored_.keys) plan_end(key);
    return std::move(steps_);
  }

  // Begins or publishes a key, by a claim that this instance holds; without one it claims.
  void plan_new_key(Step::Kind kind, const std::string& algorithm, const Key* active) {
    const Claim* claim = find_claim(stored_, algorithm);
    if (claim == nullptr || claim->holder != instance_) return plan_claim(algorithm, claim);
    Step step{kind, algorithm, {}, used_up(*claim)};
    if (active != nullptr) step.changes.push_back(expected(*active));
    steps_.push_back(std::move(step));
  }
  std::vector<Step>& steps() { return steps_; }

 private:
  void plan_chain(const std::string& algorithm) {
    const Key* active = find_in_state(stored_.keys, algorithm, State::active);
    const Key* next = find_in_state(stored_.keys, algorithm, State::next);
    if (is_ahead(active) || is_ahead(next)) return; // plan_end resets it first
    if (next != nullptr) return plan_activation(*next, active);
    if (active == nullptr) return plan_new_key(Step::Kind::begin, algorithm, nullptr);
    if (is_over(active->since_ms, rotation_.rotate_every - rotation_.prepublish, now_ms_))
      plan_new_key(Step::Kind::publish, algorithm, active);
  }

  void plan_activation(const Key& next, const Key* active) {
    if (active != nullptr && !is_over(next.since_ms, rotation_.prepublish, now_ms_)) return;
    Step step{Step::Kind::activate, next.algorithm, next.kid, {}};
    // In this order, so that the slot of the active key is free when the next one takes it.
    if (active != nullptr) step.changes.push_back(moved_to(State::retained, *active, now_ms_));
    step.changes.push_back(moved_to(State::active, next, now_ms_));
    steps_.push_back(std::move(step));
  }

  void plan_claim(const std::string& algorithm, const Claim* held) {
    Claim claim{algorithm, std::string(instance_), now_ms_ + rotation_.claim.count(), 0};
    if (held == nullptr) {
      steps_.push_back({Step::Kind::claim, algorithm, {}, {{Op::insert, to_record(claim)}}});
    } else if (held->expires_at_ms > claim.expires_at_ms) { // made before the clock was set back
      claim.version = held->version;
      steps_.push_back({Step::Kind::claim, algorithm, {}, {{Op::update, to_record(claim)}}});
    }
  }

  void plan_end(const Key& key) {
    if (key.state == State::gone) return;
    if (is_ahead(&key)) {
      steps_.push_back({Step::Kind::reset, key.algorithm, key.kid, {moved_to(key.state, key, now_ms_)}});
    } else if (key.state == State::retained) {
      if (is_over(key.since_ms, rotation_.retain, now_ms_)) drop(key);
    } else if (!is_configured(rotation_, key.algorithm) && is_over(key.since_ms, rotation_.rotate_every, now_ms_)) {
      key.state == State::active ? retire(key) : drop(key);
    }
  }

  void drop(const Key& key) {
    steps_.push_back({Step::Kind::drop, key.algorithm, key.kid, {dropped(key, false, rotation_, now_ms_)}});
  }
  void retire(const Key& key) {
    steps_.push_back({Step::Kind::retire, key.algorithm, key.kid, {moved_to(State::retained, key, now_ms_)}});
  }

  // By more than the clocks of instances may differ: less would make a key sign too early by the clock that is ahead.
  bool is_ahead(const Key* key) const {
    return key != nullptr && key->since_ms > now_ms_ + rotation_.prepublish.count();
  }

  const Stored& stored_;
  const Rotation& rotation_;
  const std::string_view instance_;
  const std::int64_t now_ms_;
  std::vector<Step> steps_;
};

// Active and next before those that sign no more.
int urgency(const Key& key) { return key.state == State::active ? 0 : key.state == State::next ? 1 : 2; }

} // namespace

std::string_view name_of(Step::Kind kind) {
  switch (kind) {
  case Step::Kind::claim:
    return "claim";
  case Step::Kind::begin:
    return "begin";
  case Step::Kind::publish:
    return "publish";
  case Step::Kind::activate:
    return "activate";
  case Step::Kind::retire:
    return "retire";
  case Step::Kind::drop:
    return "drop";
  case Step::Kind::reset:
    return "reset";
  }
  return "reset";
}

const Key* find_in_state(const std::vector<Key>& keys, std::string_view algorithm, State state) {
  const auto at = std::find_if(keys.begin(), keys.end(),
                               [&](const Key& key) { return key.algorithm == algorithm && key.state == state; });
  return at == keys.end() ? nullptr : &*at;
}

std::vector<Step> due_steps(const Stored& stored, const Rotation& rotation, std::string_view instance,
                            std::int64_t now_ms) {
  return Planning(stored, rotation, instance, now_ms).all();
}

std::vector<Change> with_new_key(const Step& step, Key made, std::int64_t now_ms) {
  std::vector<Change> changes = step.changes;
  made.state = step.kind == Step::Kind::begin ? State::active : State::next;
  made.since_ms = made.created_ms = now_ms;
  changes.push_back({Op::insert, to_record(made)});
  return changes;
}

std::optional<Step> rotate_now(const Stored& stored, const Rotation& rotation, std::string_view algorithm,
                               std::string_view instance, std::int64_t now_ms) {
  if (find_in_state(stored.keys, algorithm, State::next) != nullptr) return std::nullopt;
  const Key* active = find_in_state(stored.keys, algorithm, State::active);
  Planning planning(stored, rotation, instance, now_ms);
  planning.plan_new_key(active != nullptr ? Step::Kind::publish : Step::Kind::begin, std::string(algorithm), active);
  if (planning.steps().empty()) return std::nullopt;
  return planning.steps().front();
}

std::vector<Change> emergency_changes(const Stored& stored, const Rotation& rotation,
                                      const std::vector<std::string>& kids, const std::optional<Key>& made,
                                      std::int64_t now_ms) {
  std::vector<Key> left;
  for (const Key& key : stored.keys)
    if (key.is_published() && std::find(kids.begin(), kids.end(), key.kid) != kids.end()) left.push_back(key);
  if (left.empty()) return {};
  std::sort(left.begin(), left.end(), [](const Key& a, const Key& b) { return urgency(a) < urgency(b); });
  if (left.size() >= RecordStore::kMostChanges) left.resize(RecordStore::kMostChanges - 1);
  std::vector<Change> changes;
  for (const Key& key : left) changes.push_back(dropped(key, true, rotation, now_ms));
  if (made) changes = with_new_key({Step::Kind::begin, made->algorithm, {}, std::move(changes)}, *made, now_ms);
  return changes;
}

std::int64_t emergency_end_ms(const std::vector<Key>& keys) {
  std::int64_t end = 0;
  for (const Key& key : keys)
    if (key.state == State::gone && key.emergency) end = std::max(end, key.since_ms + kEmergencyMs);
  return end;
}

} // namespace authd::modules::keys
