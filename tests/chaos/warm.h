// SPDX-License-Identifier: Apache-2.0
// A crowd that is warm, in memory and in Redis if there is one, under load: what it notices of a failure.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "crowd.h"
#include "load.h"

namespace authd::test {

class Warm {
  std::atomic<std::size_t> answers_{0}; // these three before `load`, which counts in them to its end
  std::atomic<std::size_t> looked_at_{0};
  std::atomic<std::size_t> wrong_{0};

 public:
  // Over memory and this Redis. The default asks for each consumer when its copy in memory has just expired.
  explicit Warm(const std::string& redis_url, std::size_t size = 2000, std::string_view memory_ttl = "1s",
                std::string_view redis_ttl = "3s", unsigned connections = 8);
  // With a Kong of this crowd's and the text of authd.toml.
  Warm(Crowd those, std::unique_ptr<FakeKong> their_kong, std::string_view toml);

  // Print and return what the crowd noticed of `duration`, or since the last report. No request may have
  // failed, and no token that was looked at may be signed with another secret than its consumer's.
  LoadReport run(const char* when, milliseconds duration);
  LoadReport report(const char* when);

  const Crowd crowd;
  std::unique_ptr<FakeKong> kong;
  AuthdProcess authd;
  std::unique_ptr<Load> load;
  LoadReport before; // two seconds in which nothing was wrong

 private:
  void begin(unsigned connections = 8);
};

} // namespace authd::test
