// SPDX-License-Identifier: Apache-2.0
// The signing keys as requests use them: an immutable snapshot of those that are published, which a background step
// replaces. What signs and verifies takes no lock but that of copying a pointer, and never looks into the store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/log.h"
#include "base/movable_clock.h"
#include "base/result.h"
#include "modules/keys/jwt_checks.h"
#include "modules/keys/rotator.h"
#include "modules/keys/verifying_key.h"

namespace authd::modules::keys {

// A JWKS (RFC 7517, section 5) as it is sent.
struct PublishedKeys {
  std::string json;
  std::string etag;  // with its quotes
  seconds max_age{}; // 1 h; for an hour after an emergency 60 s
};

class SigningObserver {
 public:
  virtual ~SigningObserver() = default;
  virtual void signed_in(std::string_view algorithm, std::chrono::nanoseconds took) = 0; // [thread-safe]
};

class KeyRing {
 public:
  static constexpr seconds kMaxAge{3600}, kMaxAgeInEmergency{60};

  // What is referred to must outlive this; `observer` may be null.
  KeyRing(RecordStore& store, plugin::Signer signer, Rotation rotation, std::string instance, const MovableClock& clock,
          Log& log, std::shared_ptr<SigningObserver> observer = nullptr);

  // For requests. [thread-safe]

  // The compact JWS of these claims, a JSON object, by the algorithm's active key; typ, alg and kid are its header.
  // `algorithm`: empty for the default. `type` needs no JSON escapes. CallStatus::unavailable: there is no active key,
  // or the signer does not have it; invalid: not one of our algorithms. [may-block] unless signs_inline
  Result<std::string, CallFailure> sign(Call& call, std::string_view algorithm, std::string_view type,
                                        std::string_view claims) const;
  bool signs_inline(std::string_view algorithm) const;
  std::string_view default_algorithm() const { return rotator_.rotation().algorithms.front(); }
  bool is_algorithm(std::string_view algorithm) const;
  const std::vector<std::string>& algorithms() const { return rotator_.rotation().algorithms; }
  bool is_read() const;  // whether a look has succeeded
  bool can_sign() const; // whether each algorithm has an active key
  // That one of the published keys signed it, and what is expected. CallStatus::invalid, with the reason for operators.
  Result<CheckedClaims, CallFailure> verify(std::string_view token, const Expectation& expected) const;
  PublishedKeys published() const;

  // For operators and the background. [thread-safe] [may-block]

  // Once a second: takes the steps that are due and shows requests what is stored. Until it has succeeded once there
  // are no keys. While it fails the last snapshot stays.
  Result<void, CallFailure> look(Call& call);
  Result<void, CallFailure> rotate(Call& call, std::string_view algorithm, bool emergency);
  struct Listed {
    Key key;
    bool held = false; // by this instance's signer
  };
  std::vector<Listed> list() const; // those that are gone included
  std::map<State, int> counts() const;

 private:
  struct RingKey {
    VerifyingKey verifying;
    std::string signer_id;
    bool held;
  };
  struct Snapshot {
    std::map<std::string, RingKey, std::less<>> by_kid;     // published
    std::map<std::string, std::string, std::less<>> active; // kids by algorithm
    std::vector<Listed> all;
    std::string json = R"({"keys":[]})", etag;
    std::int64_t emergency_end_ms = 0;
    bool is_read = false;
  };
  std::shared_ptr<const Snapshot> snapshot() const;
  std::shared_ptr<const Snapshot> made_of(const std::vector<Key>& keys) const;
  bool is_shown(const std::vector<Key>& keys) const; // whether the snapshot is of these
  Result<void, CallFailure> refresh(Call& call);     // with work_ held
  std::int64_t now_ms() const { return unix_millis(clock_.wall()); }

  const MovableClock& clock_;
  const std::shared_ptr<SigningObserver> observer_; // its own: a request may sign when nobody else has the ring
  std::mutex work_;                                 // before mutex_: one thread works with store and signer
  Rotator rotator_;                                 // its look and rotate: guarded by work_
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_; // guarded by mutex_; never null
};

} // namespace authd::modules::keys
