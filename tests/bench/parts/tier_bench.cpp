// SPDX-License-Identifier: Apache-2.0
// A warm get from cache-memory through the loaded plugin and its proxy, as on a reactor.
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/log.h"
#include "plugin/cache_tier.h"
#include "plugin/loader.h"

namespace authd::plugin {
namespace {

std::string consumer_id(unsigned number) {
  char text[37];
  std::snprintf(text, sizeof text, "5eed0000-0000-4000-8000-%012x", number);
  return text;
}

std::shared_ptr<Instance> load_memory_cache(std::int64_t max_entries, Log& log) {
  config::PluginUse use;
  use.plugin = "cache-memory";
  use.name = "cache-memory";
  config::PluginValue entries;
  entries.type = config::PluginValue::Type::integer;
  entries.integer = max_entries;
  use.settings.values["/max_entries"] = entries;
  auto loaded = Loader({.strict_permissions = false, .require_pins = false}, {}, log)
                    .load(use, BENCH_PLUGIN_DIR, "", AUTHD_CACHE_V1);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().line.c_str());
    return nullptr;
  }
  return (*loaded)->start() ? *loaded : nullptr;
}

// Random order, drawn beforehand: with a million entries each get misses the processor's caches, as it does
// in the daemon.
void TierGet(benchmark::State& state) {
  const auto entries = static_cast<unsigned>(state.range(0));
  Log::Options quiet; // its lines would stand between the results
  quiet.level = Level::error;
  quiet.fd = 2;
  Log log{quiet};
  const auto instance = load_memory_cache(2 * state.range(0), log);
  if (!instance) return state.SkipWithError("cache-memory does not load");
  const CacheTier tier(instance);
  const std::string record(100, 'r');
  for (unsigned i = 0; i < entries; ++i) {
    Call call;
    if (tier.set(call, consumer_id(i), record, milliseconds(3'600'000), milliseconds(0)) != CallStatus::ok) {
      return state.SkipWithError("an entry was not stored");
    }
  }
  std::mt19937 random(1);
  std::vector<std::string> order;
  for (unsigned i = 0; i < 65'536; ++i) order.push_back(consumer_id(static_cast<unsigned>(random() % entries)));
  std::string value;
  std::size_t next = 0;
  for (auto _ : state) {
    Call call;
    const CallStatus status = tier.get(call, order[next++ % order.size()], value);
    if (status != CallStatus::ok) {
      state.SkipWithError("an entry was not found");
      break;
    }
  }
}
BENCHMARK(TierGet)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

} // namespace
} // namespace authd::plugin
