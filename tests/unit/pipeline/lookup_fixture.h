// SPDX-License-Identifier: Apache-2.0
// A lookup over a local and a remote scripted tier and a scripted gateway. Local tiers keep what they are given
// whatever its age, so that a test says how good a copy is by what it puts there.
#pragma once

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "pipeline/secret_lookup.h"
#include "tier_fixture.h"

namespace authd::pipeline::test {

class LookupFixture : public TierFixture {
 protected:
  LookupFixture() {
    gateway.on_list = [](const std::string&) { return Answer{AUTHD_OK, {{"a", "listed"}}}; };
  }
  ~LookupFixture() override { lanes.stop(); }

  void build_lookup(const std::vector<ScriptedTier*>& order, FreshnessClock clock = kClock,
                    LookupSettings settings = {}) {
    std::vector<TierSlot> slots;
    for (const ScriptedTier* tier : order)
      slots.push_back({tier->tier(), kTtl, std::chrono::minutes(30), kReadTimeout});
    history = std::make_shared<TierHistory>();
    stack = std::make_unique<TierStack>(std::move(slots), clock, Sealer({}), recorder, history);
    lookup = std::make_unique<SecretLookup>(settings, *stack, gateway.gateway(), guard, health, lanes, recorder);
  }

  // A copy at hand, confirmed now, that becomes due so long from now on.
  void put_local(const std::string& key, milliseconds due_in, milliseconds age = milliseconds(0),
                 std::string_view consumer = kId) {
    std::string value = record(key, age);
    LocalStamp{unix_millis(wall_now() + due_in), history->channels.current()}.append_to(value);
    memory.put(std::string(consumer), value);
  }
  void put_due(const std::string& key, milliseconds age = milliseconds(0)) { put_local(key, seconds(-1), age); }

  // The key of the copy that signs at once; empty: there is none.
  std::string signs_at_once(std::string_view consumer = kId) {
    std::string found;
    if (!lookup->cached(consumer, found)) return {};
    return std::string(CredentialRecord::decode(found)->newest().key);
  }
  LookupResult ask(std::string_view consumer = kId) {
    auto promise = std::make_shared<std::promise<LookupResult>>();
    auto begun = lookup->begin(consumer, [promise](const LookupResult& r) { promise->set_value(r); });
    if (begun.result) return *begun.result;
    auto future = promise->get_future();
    if (future.wait_for(kLongEnough) != std::future_status::ready) throw std::runtime_error("no answer");
    return future.get();
  }
  static std::string key_of(const LookupResult& result) {
    return result ? std::string(CredentialRecord::decode((*result)->record)->newest().key) : std::string();
  }
  // What was begun in the background has ended; no more is possible then.
  void finish() {
    lanes.reads.stop(); // its jobs hand over to the gateway's lane
    lanes.gateway.stop();
  }
  template <class Condition>
  static bool await(Condition condition) {
    const SteadyTime give_up = steady_now() + kLongEnough;
    while (!condition() && steady_now() < give_up) std::this_thread::yield();
    return condition();
  }

  ScriptedGateway gateway;
  GatewayGuard guard{{50, milliseconds(60'000), milliseconds(10'000), 10, 5}, milliseconds(100)};
  GatewayHealth health{gateway.gateway(), guard, seconds(1), recorder};
  Lanes lanes{4, 64};
  std::shared_ptr<TierHistory> history;
  std::unique_ptr<SecretLookup> lookup;
};

} // namespace authd::pipeline::test
