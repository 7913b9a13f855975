// SPDX-License-Identifier: Apache-2.0
// How a blocking tier is: judged by the outcome of its last operations and by what it reports of itself.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/cache_tier.h"
#include "plugin/health.h"

namespace authd::pipeline {

struct TierCondition {
  bool answers = true;   // its last operation was answered, and its breaker is closed
  bool impaired = false; // it refuses writes, or reports that part of it is down
  std::string why;       // unless it is well

  bool is_well() const { return answers && !impaired; }
};

inline bool is_deletion(std::string_view operation) { return operation == "del" || operation == "clear"; }
inline bool is_write(std::string_view operation) {
  return operation == "set" || operation == "take" || is_deletion(operation);
}

// [thread-safe]
class TierConditionTracker {
 public:
  // The outcome of an operation. `status` CallStatus::ok: it was answered; else `error` says why not.
  void note(std::string_view operation, CallStatus status, std::string error = {});
  // What the tier reported when it was polled, or, unless it answered, why not.
  void note_health(plugin::Health health, bool answered);
  void note_stats(const plugin::TierStats& stats);

  TierCondition condition(bool breaker_is_closed) const;
  plugin::TierStats stats() const; // unknown unless the last poll had them
  // It answers, and does not report that it is empty.
  bool may_hold_copies() const;

 private:
  mutable std::mutex mutex_;
  plugin::TierStats stats_;
  std::optional<std::string> read_error_;  // of the last read or poll
  std::optional<std::string> write_error_; // until a copy is stored, or the tier reports that it is well again
  bool write_found_it_away_ = false;       // that error; a tier that only refuses may call itself well
  std::optional<std::string> degraded_;    // what it reports while it is degraded
};

} // namespace authd::pipeline
