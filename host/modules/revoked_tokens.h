// SPDX-License-Identifier: Apache-2.0
// Which tokens were revoked before their time: durable in the store, and all of them in memory, which is at most a
// second behind it. While it is older, a look has to ask the store itself.
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/call.h"
#include "base/movable_clock.h"
#include "base/result.h"
#include "modules/record_store.h"

namespace authd::modules {

inline constexpr std::string_view kRevokedType = "authd/revoked";

// [thread-safe]
class RevokedTokens {
 public:
  // Both must outlive this.
  RevokedTokens(RecordStore& store, const MovableClock& clock) : store_(store), clock_(clock) {}
  RevokedTokens(const RevokedTokens&) = delete;
  RevokedTokens& operator=(const RevokedTokens&) = delete;

  // Durable when it returns. `expires_at_ms`: the token's; more than 25 h ahead it is taken as that. [may-block]
  Result<void, CallFailure> revoke(Call& call, std::string_view jti, std::int64_t expires_at_ms);

  // Nullopt: what is in memory is too old to tell.
  std::optional<bool> is_revoked(std::string_view jti) const;
  Result<bool, CallFailure> ask_store(Call& call, std::string_view jti) const; // [may-block]

  // Twice a second: what instances have revoked. [may-block]
  Result<void, CallFailure> refresh(Call& call);

  std::size_t size() const;

 private:
  Result<void, CallFailure> read_all(Call& call, std::int64_t now_ms);
  Result<void, CallFailure> read_since(Call& call, std::int64_t from_ms, std::int64_t now_ms);
  Result<void, CallFailure> read_page_by_page(Call& call, const IndexValue& index);
  void forget_expired(std::int64_t now_ms);

  RecordStore& store_;
  const MovableClock& clock_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t> expiries_; // by jti; guarded by mutex_
  std::optional<SteadyTime> read_at_;                      // when memory was last complete; guarded by mutex_
  std::optional<std::int64_t> read_to_ms_;                 // by the wall clock; of the refreshing thread
  std::optional<SteadyTime> all_read_at_;                  // likewise
};

} // namespace authd::modules
