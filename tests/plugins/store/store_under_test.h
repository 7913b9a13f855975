// SPDX-License-Identifier: Apache-2.0
// A store's plugin file, run over the ABI, with a clock that the test moves. Which one it is, its tests say by
// settings_of_store: nothing here, and nothing in the conformance suite, knows any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "authd/services.h"
#include "authd/store.h"
#include "plugin_host.h"
#include "records.h"

namespace authd::test {

// Defined by the tests of each store: the settings with which instances share one empty store, the same for the same
// folder. The folder exists and is the caller's.
Settings settings_of_store(const std::string& folder);

// The service authd.clock/1, as the host's but for the file of offsets.
class TestClock {
 public:
  TestClock();
  TestClock(const TestClock&) = delete;
  TestClock& operator=(const TestClock&) = delete;

  const authd_clock_v1* table() const { return &table_; }
  std::int64_t now_ms() const { return now_ms_; }
  void advance(std::int64_t ms) { now_ms_ += ms; }

 private:
  const authd_clock_v1 table_; // first: a pointer to it is one to this
  std::atomic<std::int64_t> now_ms_{1'800'000'000'000};
};

class StoreUnderTest {
 public:
  StoreUnderTest(Settings settings, TestClock& clock);

  // Not ok: see why().
  authd_status open();
  void close();
  std::string why() const { return host_->lifecycle_call().message; }

  // Each has a call of its own, of so long: [thread-safe].
  Outcome apply(const std::vector<Change>& changes, std::int64_t remaining_ms = 60'000);
  Outcome get(const std::string& type, const std::string& id, std::int64_t remaining_ms = 60'000);
  Outcome find(const Search& search, std::int64_t remaining_ms = 60'000);
  Outcome scan(const std::string& after_type = {}, const std::string& after_id = {},
               std::uint32_t limit = AUTHD_RECORD_MAX_FOUND);
  std::vector<Record> everything(); // by scan
  Outcome check();                  // message: the report, or why not
  Outcome backup(const std::string& path);
  authd_store_stats stats();

  PluginHost& host() { return *host_; }
  const authd_store_ops& ops() const { return host_->ops<authd_store_ops>(); }

 private:
  Outcome collect(std::int64_t remaining_ms,
                  const std::function<authd_status(const authd_call*, const authd_stored_sink*, std::size_t*)>& use);

  const Settings settings_;
  TestClock& clock_;
  std::unique_ptr<PluginHost> host_;
};

} // namespace authd::test
