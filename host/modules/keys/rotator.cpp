// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/rotator.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "modules/keys/verifying_key.h"

namespace authd::modules::keys {
namespace {

constexpr int kMostRounds = 8;          // of one look: a chain needs two, a claim and its key
constexpr std::size_t kMostKeys = 1000; // RecordStore::find
constexpr std::int64_t kLeftOverMs = 3'600'000;
constexpr unsigned kLooksBetweenLists = 10;

using Failed = authd::Failure<CallFailure>;

Failed failed(CallStatus status, std::string why) {
  return Failed(CallFailure{status, 0, milliseconds(0), std::move(why)});
}

std::string_view event_of(Step::Kind kind) {
  switch (kind) {
  case Step::Kind::publish:
    return "key-published";
  case Step::Kind::begin:
  case Step::Kind::activate:
    return "key-activated";
  case Step::Kind::retire:
    return "key-retained";
  default:
    return "key-dropped";
  }
}

std::string_view message_of(Step::Kind kind) {
  switch (kind) {
  case Step::Kind::publish:
    return "the next signing key is published";
  case Step::Kind::begin:
    return "the first signing key of its algorithm is active";
  case Step::Kind::activate:
    return "the next signing key is active; the one before verifies until its last token has expired";
  case Step::Kind::retire:
    return "a signing key of an algorithm that is no longer configured has stopped signing";
  default:
    return "a signing key has ended";
  }
}

} // namespace

Rotator::Rotator(RecordStore& store, plugin::Signer signer, Rotation rotation, std::string instance, Log& log)
    : store_(store), signer_(std::move(signer)), rotation_(std::move(rotation)), instance_(std::move(instance)),
      log_(log) {}

Result<std::vector<Key>, CallFailure> Rotator::look(Call& call, std::int64_t now_ms) {
  std::set<std::string> refused; // steps that failed: not tried again before the next look
  for (int round = 0;; ++round) {
    auto stored = read(call);
    if (!stored) return Failed(std::move(stored.error()));
    list_if_needed(call, *stored);
    bool moved = false;
    for (const Step& step : due_steps(*stored, rotation_, instance_, now_ms)) {
      const std::string name = fmt::format("{} {} {}", name_of(step.kind), step.algorithm, step.kid);
      if (round == kMostRounds || refused.contains(name)) continue;
      if (take(call, *stored, step, now_ms))
        moved = true;
      else
        refused.insert(name);
    }
    if (moved) continue;
    destroy_gone(call, *stored);
    return std::move(stored->keys);
  }
}

// Claims before keys: see Stored.
Result<Stored, CallFailure> Rotator::read(Call& call) {
  Stored stored;
  const auto claims = store_.find(call, kClaimType, {}, false, "", kMostKeys);
  if (!claims) return Failed(claims.error());
  for (const Record& record : *claims)
    if (auto claim = read_claim(record)) stored.claims.push_back(std::move(*claim));
  const auto keys = store_.find(call, kKeyType, {}, false, "", kMostKeys);
  if (!keys) return Failed(keys.error());
  for (const Record& record : *keys) {
    if (auto key = read_key(record))
      stored.keys.push_back(std::move(*key));
    else
      warn_once("record " + record.id, "key-record-unreadable",
                fmt::format("the record of key {} is not one that this version of authd wrote; update authd, or remove "
                            "the record",
                            record.id));
  }
  return stored;
}

Result<void, CallFailure> Rotator::list_held(Call& call) {
  auto keys = signer_.public_keys(call);
  if (!keys) return Failed(std::move(keys.error()));
  held_ = std::move(*keys);
  return {};
}

bool Rotator::holds(const Key& key) const {
  return held_ && std::any_of(held_->begin(), held_->end(), [&](const plugin::PublicKey& held) {
           return held.id == key.signer_id && held.spki == key.public_key;
         });
}

// To list is I/O. It is done when another instance has published something, and now and then while a key is missing.
void Rotator::list_if_needed(Call& call, const Stored& stored) {
  const auto missing = [&] {
    std::set<std::string, std::less<>> kids;
    for (const Key& key : stored.keys)
      if (key.is_published() && !holds(key)) kids.insert(key.kid);
    return kids;
  };
  const auto before = missing();
  const bool is_time = !before.empty() && ++looks_ % kLooksBetweenLists == 0;
  if (held_ && before == missing_ && !is_time) return;
  if (const auto listed = list_held(call); !listed) {
    warn_once("list", "keys-not-listed",
              fmt::format("the signer {} cannot say which keys it has: {}", signer_.name(), listed.error().message));
    return;
  }
  warned_.erase("list");
  missing_ = missing();
  for (const std::string& kid : missing_)
    warn_once(
        "missing " + kid, "key-not-held",
        fmt::format("the signer {} does not have key {}, which another instance published: all that share a store "
                    "must share the signer's keys",
                    signer_.name(), kid));
}

bool Rotator::take(Call& call, const Stored& stored, const Step& step, std::int64_t now_ms) {
  std::vector<Change> changes = step.changes;
  std::string kid = step.kid;
  if (step.makes_key()) {
    auto made = new_key(call, stored, step.algorithm, now_ms - kLeftOverMs);
    if (!made) {
      warn_once("make " + step.algorithm, "key-not-made",
                fmt::format("the signer {} cannot make a key for {}: {}", signer_.name(), step.algorithm,
                            made.error().message));
      return false;
    }
    warned_.erase("make " + step.algorithm);
    kid = made->kid;
    changes = with_new_key(step, std::move(*made), now_ms);
  }
  if (!store_.apply(call, changes)) return false; // another instance was first, or the next read says what is wrong
  tell(step, kid);
  return true;
}

// One that is left over from a process that ended between making a key and writing its record is used first.
Result<Key, CallFailure> Rotator::new_key(Call& call, const Stored& stored, std::string_view algorithm,
                                          std::int64_t not_before_ms) {
  if (auto listed = list_held(call); !listed) return Failed(std::move(listed.error()));
  const plugin::PublicKey* left_over = find_left_over(stored, algorithm, not_before_ms);
  auto made =
      left_over != nullptr ? Result<plugin::PublicKey, CallFailure>(*left_over) : signer_.generate(call, algorithm);
  if (!made) return Failed(std::move(made.error()));
  const auto key = VerifyingKey::parse(algorithm, made->spki);
  if (!key) return failed(CallStatus::corrupt, "it made a key that is none of that algorithm");
  if (left_over == nullptr) held_->push_back(*made);
  return Key{key->kid(), std::string(algorithm), made->id, made->spki};
}

const plugin::PublicKey* Rotator::find_left_over(const Stored& stored, std::string_view algorithm,
                                                 std::int64_t not_before_ms) const {
  const auto has_record = [&](const plugin::PublicKey& held) {
    return std::any_of(stored.keys.begin(), stored.keys.end(),
                       [&](const Key& key) { return key.signer_id == held.id || key.public_key == held.spki; });
  };
  for (const plugin::PublicKey& held : *held_) {
    const bool is_young = held.created_at_ms > 0 && held.created_at_ms >= not_before_ms;
    if (held.algorithm == algorithm && is_young && !has_record(held)) return &held;
  }
  return nullptr;
}

Result<void, CallFailure> Rotator::rotate(Call& call, std::string_view algorithm, std::int64_t now_ms) {
  for (int round = 0; round < 2; ++round) { // a claim, then the key
    auto stored = read(call);
    if (!stored) return Failed(std::move(stored.error()));
    const auto step = rotate_now(*stored, rotation_, algorithm, instance_, now_ms);
    if (!step)
      return failed(CallStatus::conflict, fmt::format("{} has a next key already, or is getting one", algorithm));
    if (!take(call, *stored, *step, now_ms))
      return failed(CallStatus::conflict, fmt::format("the next key of {} could not be made; the log says why, unless "
                                                      "another instance was first",
                                                      algorithm));
    if (step->makes_key()) break;
  }
  return {};
}

Result<void, CallFailure> Rotator::rotate_in_emergency(Call& call, std::string_view algorithm, std::int64_t now_ms) {
  auto stored = read(call);
  if (!stored) return Failed(std::move(stored.error()));
  std::vector<std::string> kids;
  for (const Key& key : stored->keys)
    if (key.algorithm == algorithm && key.is_published()) kids.push_back(key.kid);
  for (int round = 0; round < kMostRounds; ++round) {
    const auto dropped = drop_some(call, algorithm, kids, now_ms);
    if (!dropped) return Failed(dropped.error());
    if (*dropped) return {};
  }
  return failed(CallStatus::conflict, "other instances change the keys at the same time; try again");
}

// True: none of them is left.
Result<bool, CallFailure> Rotator::drop_some(Call& call, std::string_view algorithm, std::vector<std::string>& kids,
                                             std::int64_t now_ms) {
  auto stored = read(call);
  if (!stored) return Failed(std::move(stored.error()));
  const Key* active = find_in_state(stored->keys, algorithm, State::active);
  std::optional<Key> made;
  if (active != nullptr && std::find(kids.begin(), kids.end(), active->kid) != kids.end())
    if (auto key = new_key(call, *stored, algorithm, now_ms)) made = std::move(*key); // else the next look makes one
  const auto changes = emergency_changes(*stored, rotation_, kids, made, now_ms);
  if (changes.empty()) return true;
  const auto applied = store_.apply(call, changes);
  if (!applied && applied.error().status != CallStatus::conflict) return Failed(applied.error());
  if (applied)
    log_.write(Level::warn, "keys-dropped-in-emergency",
               fmt::format("the signing keys of {} were dropped at once ({}); what they signed is invalid", algorithm,
                           changes.size() - (made ? 1 : 0)));
  return false;
}

void Rotator::destroy_gone(Call& call, const Stored& stored) {
  for (const Key& key : stored.keys) {
    if (key.is_published() || !holds(key)) continue;
    if (const auto removed = signer_.remove(call, key.signer_id); !removed) {
      warn_once("remove " + key.kid, "key-not-destroyed",
                fmt::format("the signer {} cannot destroy key {}, which has ended: {}", signer_.name(), key.kid,
                            removed.error().message));
      continue;
    }
    std::erase_if(*held_, [&](const plugin::PublicKey& held) { return held.id == key.signer_id; });
  }
}

void Rotator::warn_once(const std::string& about, std::string_view event, const std::string& message) {
  if (warned_.insert(about).second) log_.write(Level::error, event, message);
}

void Rotator::tell(const Step& step, const std::string& kid) {
  if (step.kind == Step::Kind::claim || step.kind == Step::Kind::reset) return;
  log_.write(Level::info, event_of(step.kind), message_of(step.kind),
             {{"authd.key.id", kid}, {"authd.key.algorithm", step.algorithm}});
}

} // namespace authd::modules::keys
