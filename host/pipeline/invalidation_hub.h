// SPDX-License-Identifier: Apache-2.0
// The host's side of service "authd.tiers/1" (authd/tiers.h): passes on what remote tiers report to the
// tier stacks that are in use. Two are while a reload drains the old one.
#pragma once

#include <mutex>
#include <vector>

#include "authd/tiers.h"
#include "pipeline/tier_stack.h"

namespace authd::pipeline {

// [thread-safe] Must outlive every plugin instance that has its table.
class InvalidationHub {
 public:
  InvalidationHub();
  InvalidationHub(const InvalidationHub&) = delete;
  InvalidationHub& operator=(const InvalidationHub&) = delete;

  const authd_tiers_v1* table() const { return &table_; }

  // A stack is told from attach on; after detach has returned it is not touched any more.
  void attach(TierStack& stack);
  void detach(TierStack& stack);

 private:
  struct Table : authd_tiers_v1 {
    InvalidationHub* hub;
  };
  static void invalidated(const authd_tiers_v1* table, authd_str key);
  static void resync(const authd_tiers_v1* table);

  Table table_;
  std::mutex mutex_;
  std::vector<TierStack*> stacks_;
};

} // namespace authd::pipeline
