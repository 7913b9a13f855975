// SPDX-License-Identifier: Apache-2.0
// A TierStack over scripted tiers: two in memory, two remote, one that blocks
// but is not remote, of which a test takes as many as it needs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pipeline/credential.h"
#include "pipeline/tier_stack.h"
#include "scripted_gateway.h"
#include "scripted_tier.h"

namespace authd::pipeline::test {

class TierFixture : public testing::Test {
 protected:
  static constexpr std::string_view kId = "519183b0-74b7-5b1b-ac5e-4f5beed3e547";
  static constexpr milliseconds kTtl{60'000};
  static constexpr milliseconds kReadTimeout{50};
  static constexpr seconds kLongEnough{20}; // a bound for waits that end in a second or so
  static constexpr FreshnessClock kClock{0.2, milliseconds(60'000)};

  // The tiers by their places in the order, each with a TTL of kTtl.
  void build(const std::vector<ScriptedTier*>& order, std::vector<Secret> keys = {}) {
    std::vector<TierSlot> slots;
    for (const ScriptedTier* tier : order)
      slots.push_back({tier->tier(), kTtl, std::chrono::minutes(30), kReadTimeout});
    stack = std::make_unique<TierStack>(std::move(slots), kClock, Sealer(std::move(keys)), recorder);
  }

  // Of a credential with this key, fetched so long ago.
  static std::string record(std::string key, milliseconds age = milliseconds(0)) {
    std::string out;
    CredentialRecord::encode(select_credentials({{"id", std::move(key), "HS256", Secret(std::string("secret")), 1}}),
                             wall_now() - age, out);
    return out;
  }
  static std::string name_of(std::string_view consumer) { return "authd:v1:" + std::string(consumer); }
  static std::string bound(std::string_view consumer, const std::string& value) {
    std::string envelope;
    Sealer({}).seal(name_of(consumer), value, envelope);
    return envelope;
  }
  // As a stack puts it into a local tier.
  std::string stamped(std::string value) const {
    LocalStamp{unix_millis(wall_now() + kTtl), stack->mark(kId).period}.append_to(value);
    return value;
  }
  // As another instance without cache keys would have put it there.
  static void store(ScriptedTier& remote, std::string_view consumer, const std::string& value) {
    remote.put(name_of(consumer), bound(consumer, value));
  }
  void fill(std::string_view consumer, const std::string& value) const {
    stack->fill_blocking(consumer, value, stack->mark(consumer));
  }

  // The key in the copy that a blocking tier has; empty: it has none.
  std::string blocking_key(std::string_view consumer = kId) const {
    const auto copy = stack->get_blocking(consumer);
    return copy ? std::string(CredentialRecord::decode(copy->record)->newest().key) : std::string();
  }
  std::string local_key(std::string_view consumer = kId) const {
    std::string value;
    if (!rule(stack->get_local(consumer, value)).signs) return {};
    return std::string(CredentialRecord::decode(value)->newest().key);
  }

  CountingRecorder recorder;
  ScriptedTier memory{"memory", AUTHD_CACHE_NONBLOCKING};
  ScriptedTier more_memory{"more-memory", AUTHD_CACHE_NONBLOCKING};
  ScriptedTier remote{"remote", AUTHD_CACHE_REMOTE};
  ScriptedTier farther{"farther", AUTHD_CACHE_REMOTE};
  ScriptedTier disk{"disk", 0};
  std::unique_ptr<TierStack> stack;
};

} // namespace authd::pipeline::test
