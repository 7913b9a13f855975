// SPDX-License-Identifier: Apache-2.0
// The deletions that one tier could not be told of: what it holds under their keys must not be read until
// they have been carried out. Too many become one deletion of everything. [thread-safe]
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"

namespace authd::pipeline {

class PendingDeletions {
 public:
  struct Deletion {
    std::string key;      // empty: everything
    std::uint64_t number; // tells it from one of the same key that is added while it is carried out
  };

  bool covers(const std::string& key) const;
  bool covers_all() const; // one deletion of everything is pending
  void add(const std::string& key);
  // False: there are too many already, and it was not added.
  bool add_if_room(const std::string& key);
  void add_all();

  // One worker at a time flushes: what `next` says, `done` for what was carried out, until there is no next, which
  // ends the flush, or one failed. False: nothing is pending, or another worker is at it, or it failed a moment ago.
  bool begin_flush(SteadyTime now);
  bool needs_flush(SteadyTime now) const; // begin_flush would be granted
  std::optional<Deletion> next();
  void done(const Deletion& deletion);
  void end_flush(bool failed, SteadyTime now);

 private:
  bool put(const std::string& key);     // requires mutex_; false: there is no room
  void replace_by_all();                // requires mutex_
  bool may_flush(SteadyTime now) const; // requires mutex_

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> keys_; // and the numbers of their deletions
  std::uint64_t all_ = 0;                     // the number of that deletion, beside which there are no others
  std::uint64_t last_number_ = 0;
  bool flushing_ = false;
  SteadyTime next_attempt_{};
};

} // namespace authd::pipeline
