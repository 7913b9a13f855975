// SPDX-License-Identifier: Apache-2.0
// What plugins report to one generation: a remote tier, that other instances dropped copies; a gateway, that its source
// changed. The local tiers drop what it is about, and blocking tiers too if the gateway says so.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/invalidation_hub.h"
#include "pipeline/secret_lookup.h"
#include "pipeline/tier_stack.h"

namespace authd::pipeline {

class OutsideChanges final : public InvalidationHub::Listener {
 public:
  // Both must outlive it.
  OutsideChanges(TierStack& tiers, SecretLookup& lookup)
      : tiers_(tiers), changes_([&lookup](const std::string& consumer) { lookup.forget(consumer); },
                                [&lookup] { lookup.forget_all(); }) {}

  void invalidated(std::string_view remote_key) override { tiers_.invalidated(remote_key); }
  void cleared() override { tiers_.cleared(); }
  void missed() override { tiers_.restored(); }
  void changed(std::string_view consumer) override { changes_.add(consumer); }
  void all_changed() override { changes_.add_all(); }

  // Carries out what is left of the gateway's changes and joins. [may-block]
  void stop() { changes_.stop(); }

 private:
  TierStack& tiers_;
  ConsumerChanges changes_;
};

} // namespace authd::pipeline
