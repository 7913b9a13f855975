// SPDX-License-Identifier: Apache-2.0
// How keys follow each other, as rules alone: no I/O, no clock. Each algorithm has a chain of its own:
//   next (published) -> active (signs) -> retained (verifies) -> gone
// From what the store says and the time it follows what has to be written next. Each step is one RecordStore::apply
// that succeeds only if nothing it was derived from has changed: of several instances that take the same step one
// succeeds, and the others read again.
//
// A key never signs before it has been published for `prepublish`, except where there is no other: the first of an
// algorithm, and the one after an emergency.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "modules/keys/key_record.h"
#include "modules/record_store.h"

namespace authd::modules::keys {

struct Rotation {
  std::vector<std::string> algorithms; // those that sign; the first is the default
  milliseconds rotate_every{std::chrono::hours(24 * 30)};
  milliseconds prepublish{std::chrono::minutes(70)};      // the JWKS's max-age (1 h) and 10 minutes
  milliseconds retain{std::chrono::minutes(24 * 60 + 5)}; // the longest life of a token and how far clocks may differ
  milliseconds remember{std::chrono::hours(24 * 30)};     // how long the record of a key that is gone stays
  milliseconds claim{std::chrono::seconds(30)};           // how long an instance may take to make a key
};

struct Step {
  enum class Kind : std::uint8_t {
    claim,    // this instance makes the next key
    begin,    // the first key of an algorithm: active at once. A new key has to be made
    publish,  // a next key. A new key has to be made
    activate, // the next key signs; the one before is retained
    retire,   // an algorithm that is no longer configured stops signing
    drop,     // a key is gone
    reset,    // the state began in the future: the clock was set back, so it begins now
  };
  Kind kind;
  std::string algorithm;
  std::string kid = {};             // the key that moves; empty: none yet
  std::vector<Change> changes = {}; // for with_new_key, where one has to be made

  bool makes_key() const { return kind == Kind::begin || kind == Kind::publish; }
};
std::string_view name_of(Step::Kind kind); // "publish"

// All of it read after the claims were: a claim that this instance holds is then newer than the keys.
struct Stored {
  std::vector<Claim> claims;
  std::vector<Key> keys;
};

// No two of them touch the same record. `instance` is the one that asks.
std::vector<Step> due_steps(const Stored& stored, const Rotation& rotation, std::string_view instance,
                            std::int64_t now_ms);
// Completes a step that makes a key: `made` has kid, algorithm, signer_id and public_key.
std::vector<Change> with_new_key(const Step& step, Key made, std::int64_t now_ms);

// What an operator asks for. A next key is published now instead of later, by the claim of `instance`, which must hold
// it, or get it by this step. Nullopt: there is a next key already, or somebody else makes one.
std::optional<Step> rotate_now(const Stored& stored, const Rotation& rotation, std::string_view algorithm,
                               std::string_view instance, std::int64_t now_ms);
// Drops all of `kids` that are left, because who read one of them may have read the others; `made`, if there is one,
// is active at once. Empty: none is left. At most RecordStore::kMostChanges; what is more needs another.
std::vector<Change> emergency_changes(const Stored& stored, const Rotation& rotation,
                                      const std::vector<std::string>& kids, const std::optional<Key>& made,
                                      std::int64_t now_ms);

// Until when verifiers should fetch the keys often: an hour after the last key was dropped in an emergency. 0: none
// was.
std::int64_t emergency_end_ms(const std::vector<Key>& keys);

const Key* find_in_state(const std::vector<Key>& keys, std::string_view algorithm, State state);

} // namespace authd::modules::keys
