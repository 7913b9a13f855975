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

class TierDebts {
 public:
  struct Debt {
    std::string key;      // empty: everything
    std::uint64_t number; // tells it from one of the same key that is owed anew while it is settled
  };

  bool owes(const std::string& key) const;
  void borrow(const std::string& key);
  void borrow_all();

  // One worker at a time settles: what `next` says, `settled` for what was carried out, until there is no
  // next or one failed. False: nothing is owed, or another worker is at it, or it failed a moment ago.
  bool begin_settling(SteadyTime now);
  std::optional<Debt> next() const;
  void settled(const Debt& debt);
  void end_settling(bool failed, SteadyTime now);

 private:
  void owe_all(); // requires mutex_

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> keys_; // and the numbers of their debts
  std::uint64_t all_ = 0;                     // the number of that debt, beside which there are no others
  std::uint64_t last_number_ = 0;
  bool settling_ = false;
  SteadyTime next_attempt_{};
};

} // namespace authd::pipeline
