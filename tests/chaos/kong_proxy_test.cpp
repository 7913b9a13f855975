// SPDX-License-Identifier: Apache-2.0
// What consumers notice of a bad network between authd and Kong: warm ones nothing, cold ones an honest 503
// in time. A secret whose characters were changed on the way cannot be told from another one over plain HTTP:
// what is changed here is what holds an answer together.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/tcp_proxy.h"
#include "warm.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KongBehindAProxy : public testing::Test {
 protected:
  static constexpr std::size_t kWarm = 2000;
  static constexpr std::size_t kCold = 30; // five for each question
  // breaker.timeout (500 ms) for a worker and the same for Kong; the rest is for a busy machine.
  static constexpr milliseconds kInTime{5000};

  void begin(const char* what) {
    std::printf("Kong behind a proxy: %s\n", what);
    auto kong = kong_with(all_);
    proxy_ = std::make_unique<TcpProxy>(kong->port());
    const std::string url = "http://127.0.0.1:" + std::to_string(proxy_->port());
    warm_ = std::make_unique<Warm>(Crowd(kWarm), std::move(kong), config_for(url, {memory_tier("1s")}));
  }

  // No answer of Kong's arrives while this lasts.
  void spoil(const char* when, WireFault fault) {
    proxy_->set_fault(std::move(fault));
    ask_cold(when);
    warm_->load->go_on(seconds(2));
    ask_cold(when);
    warm_->report(when);
  }

  // Some who were never asked for before.
  void ask_cold(const char* when) {
    std::map<std::string, std::size_t> outcomes;
    milliseconds slowest{0};
    for (int i = 0; i < 5; ++i) {
      const HttpReply reply = tokens(all_.ids.at(next_cold_++));
      slowest = std::max(slowest, reply.took);
      ++outcomes[outcome_of(reply)];
      EXPECT_TRUE(is_honest_refusal(reply)) << when << ": " << reply.status << " " << reply.body;
    }
    std::printf("  %-34s cold:", when);
    for (const auto& [outcome, count] : outcomes) std::printf(" %s: %zu", outcome.c_str(), count);
    std::printf(", slowest %lld ms\n", static_cast<long long>(slowest.count()));
    EXPECT_LE(slowest, kInTime) << when;
  }

  void expect_recovery() {
    proxy_->pass();
    warm_->kong->forget_traffic();
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = kWarm; i < all_.ids.size(); ++i) {
      const std::string& id = all_.ids[i];
      HttpReply reply = tokens(id);
      while (reply.status != 200 && std::chrono::steady_clock::now() < begun + seconds(30)) reply = tokens(id);
      EXPECT_TRUE(is_signed_with(reply, Crowd::secret_of(id))) << reply.status << " " << reply.body;
    }
    const auto took = std::chrono::steady_clock::now() - begun;
    std::printf("  all cold consumers served %lld ms after it passed again\n",
                static_cast<long long>(std::chrono::duration_cast<milliseconds>(took).count()));
    EXPECT_TRUE(warm_->load->until([&] { return warm_->kong->traffic()[KongOperation::list] >= kWarm; }, seconds(30)))
        << "warm consumers are not refreshed";
    warm_->report("passed on again");
  }

 private:
  HttpReply tokens(const std::string& id) const {
    return get(warm_->authd.port(), "/tokens", {{"X-Consumer-ID", id}, {"X-Consumer-Username", "cold"}});
  }
  static std::string outcome_of(const HttpReply& reply) {
    const auto code = reply.body.find("AUTH_");
    return code == std::string::npos ? std::to_string(reply.status) : reply.body.substr(code, 8);
  }
  // Kong failed, its breaker is open, or all workers were still waiting for it.
  static bool is_honest_refusal(const HttpReply& reply) {
    const std::string code = outcome_of(reply);
    return reply.status == 503 && !reply.header("Retry-After").empty() &&
           (code == "AUTH_004" || code == "AUTH_005" || code == "AUTH_014");
  }

  const Crowd all_{kWarm + kCold};
  std::size_t next_cold_ = kWarm;

 protected:
  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<Warm> warm_;
};

TEST_F(KongBehindAProxy, CutWithinItsAnswersIsNotNoticedByWarmConsumers) {
  begin("connections cut within an answer");
  WireFault fault;
  fault.cut_after = 400; // within the body of the first
  spoil("closed after 400 bytes", fault);
  const std::size_t closed = proxy_->cuts();
  fault.reset = true;
  spoil("reset after 400 bytes", fault);
  std::printf("  %zu connections closed, %zu reset\n", closed, proxy_->cuts() - closed);
  EXPECT_GT(closed, 0u);
  EXPECT_GT(proxy_->cuts(), closed);
  expect_recovery();
}

TEST_F(KongBehindAProxy, DelayedBeyondTheBreakersTimeoutIsNotNoticedByWarmConsumers) {
  begin("answers delayed");
  WireFault fault;
  fault.delay = milliseconds(1500); // breaker.timeout is 500 ms
  spoil("by 1500 ms", fault);
  expect_recovery();
}

TEST_F(KongBehindAProxy, ThrottledToADripIsNotNoticedByWarmConsumers) {
  begin("answers throttled");
  WireFault fault;
  fault.bytes_per_second = 100;
  spoil("to 100 bytes a second each", fault);
  expect_recovery();
}

TEST_F(KongBehindAProxy, GarbledIsNotNoticedByWarmConsumers) {
  begin("bytes of answers flipped");
  WireFault fault;
  fault.flip = [](std::size_t, char byte) { return byte == '"'; };
  spoil("no JSON any more", fault);
  const std::size_t quotes = proxy_->flips();
  fault.flip = [](std::size_t, char byte) { return byte == '\r'; };
  spoil("no HTTP any more", fault);
  const std::size_t returns = proxy_->flips() - quotes;
  fault.flip = [](std::size_t, char) { return true; };
  spoil("every byte", fault);
  std::printf("  %zu quotes, %zu carriage returns, %zu of all bytes flipped\n", quotes, returns,
              proxy_->flips() - quotes - returns);
  EXPECT_GT(quotes, 0u);
  EXPECT_GT(returns, 0u);
  EXPECT_GT(proxy_->flips(), quotes + returns);
  expect_recovery();
}

TEST_F(KongBehindAProxy, SwallowedIsNotNoticedByWarmConsumers) {
  begin("nothing is passed on");
  WireFault fault;
  fault.black_hole = true;
  spoil("a black hole", fault);
  expect_recovery();
}

} // namespace
} // namespace authd::test
