// SPDX-License-Identifier: Apache-2.0
// Service "authd.tokens/1": what modules issue, verify and revoke, with the keys of the process.
#pragma once

#include <memory>
#include <mutex>

#include "base/movable_clock.h"
#include "modules/keys/key_ring.h"
#include "modules/record_store.h"
#include "modules/revoked_tokens.h"
#include "plugin/host_context.h"

namespace authd::modules {

// As long-lived as the process. [thread-safe]
class Tokens {
 public:
  // `has_signer`: whether [signer] is configured; else no instance gets the service. `store` must outlive this.
  Tokens(RecordStore& store, MovableClock clock, bool has_signer)
      : clock_(std::move(clock)), revoked_(store, clock_), has_signer_(has_signer) {}
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  bool has_signer() const { return has_signer_; }
  // From when the signer has started until it ends (null); while there is none, what needs keys is
  // CallStatus::unavailable.
  void use(std::shared_ptr<const keys::KeyRing> keys);
  std::shared_ptr<const keys::KeyRing> keys() const; // null: none

  // The table for one instance; null: there is no signer. This must outlive it.
  std::shared_ptr<const void> service_for(const plugin::ServiceUser& user);

  RevokedTokens& revoked() { return revoked_; }
  const MovableClock& clock() const { return clock_; }

 private:
  const MovableClock clock_;
  RevokedTokens revoked_;
  const bool has_signer_;
  mutable std::mutex mutex_;
  std::shared_ptr<const keys::KeyRing> keys_; // guarded by mutex_
};

} // namespace authd::modules
