// SPDX-License-Identifier: Apache-2.0
// Processes that are killed in the middle of batches, and several that use one store. With AUTHD_SOAK=1 a thousand are
// killed.
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include <csignal>

#include <gtest/gtest.h>

#include "store_under_test.h"
#include "support/child_process.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

constexpr milliseconds kPatience{60'000};
constexpr int kChains = 3;
constexpr int kThreads = 2; // of a chain

// What workers said that they did.
class Said {
 public:
  void add(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      std::istringstream words(line);
      std::string chain;
      int n = 0;
      ASSERT_TRUE(words >> chain >> n) << line;
      EXPECT_TRUE(all_.emplace(chain, n).second) << chain << " was taken twice at " << n - 1;
      last_[chain] = std::max(last_[chain], n);
    }
  }
  void found(const std::string& chain, int n) { last_[chain] = n; } // what a killed worker did, but did not say
  int last(const std::string& chain) { return last_[chain]; }
  std::size_t size() const { return all_.size(); }

 private:
  std::set<std::pair<std::string, int>> all_;
  std::map<std::string, int> last_;
};

class KilledStore : public testing::Test {
 protected:
  std::unique_ptr<ChildProcess> worker(const std::string& prefix) const {
    return std::make_unique<ChildProcess>(std::vector<std::string>{STORE_WORKER, folder_.path().string(), prefix,
                                                                   std::to_string(kChains), std::to_string(kThreads)});
  }

  // Each chain has one record: the last that was said, or one that its two threads had not yet said. One that was taken
  // has left its trace.
  void expect_nothing_lost(const std::string& prefix, Said& said) {
    StoreUnderTest store(settings_of_store(folder_.path()), clock_);
    ASSERT_EQ(store.open(), AUTHD_OK) << store.why();
    for (int c = 0; c < kChains; ++c) {
      const std::string chain = prefix + std::to_string(c);
      const Outcome now = store.find({"chain", "of", chain});
      if (now.found.empty() && said.last(chain) == 0) continue; // killed before its first record
      ASSERT_EQ(now.found.size(), 1u) << chain << now;
      const int n = std::stoi(now.found[0].body);
      EXPECT_GE(n, said.last(chain)) << chain << " lost an OK";
      EXPECT_LE(n, said.last(chain) + kThreads) << chain << " was taken by somebody who was not told";
      said.found(chain, n);
      if (n > 0) {
        EXPECT_EQ(store.get("done", chain + "." + std::to_string(n - 1)).status, AUTHD_OK) << "half a batch";
      }
    }
  }

  const TempDir folder_;
  TestClock clock_;
};

TEST_F(KilledStore, LosesNoOkAndLetsNobodyTakeTwice) {
  const int kills = std::getenv("AUTHD_SOAK") != nullptr ? 1000 : 20;
  std::mt19937 random(20261127);
  Said said;
  for (int i = 0; i < kills && !HasFailure(); ++i) {
    SCOPED_TRACE("kill " + std::to_string(i));
    const auto process = worker("w");
    if (i % 4 != 0) { // else at any moment of its start
      ASSERT_TRUE(process->await_line([](const std::string&) { return true; }, kPatience)) << process->everything();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    process->signal(SIGKILL);
    ASSERT_TRUE(process->await_exit(kPatience));
    said.add(process->output());
    expect_nothing_lost("w", said);
  }
  EXPECT_GT(said.size(), static_cast<std::size_t>(2 * kills)) << "hardly anything was done between the kills";
}

TEST_F(KilledStore, TwoProcessesBothGetOn) {
  const auto a = worker("a"), b = worker("b");
  const auto reached = [](const std::string& line) { return line.ends_with(" 100"); };
  EXPECT_TRUE(a->await_line(reached, kPatience)) << a->everything().substr(0, 2000);
  EXPECT_TRUE(b->await_line(reached, kPatience)) << b->everything().substr(0, 2000);
  a->signal(SIGKILL);
  b->signal(SIGKILL);
  ASSERT_TRUE(a->await_exit(kPatience) && b->await_exit(kPatience));
  Said of_a, of_b;
  of_a.add(a->output());
  of_b.add(b->output());
  expect_nothing_lost("a", of_a);
  expect_nothing_lost("b", of_b);
}

// Two processes that compete for the same records.
TEST_F(KilledStore, TwoProcessesNeverTakeTheSameRecord) {
  const auto a = worker("w"), b = worker("w");
  const auto any = [](const std::string&) { return true; };
  EXPECT_TRUE(a->await_line(any, kPatience) && b->await_line(any, kPatience));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  a->signal(SIGKILL);
  b->signal(SIGKILL);
  ASSERT_TRUE(a->await_exit(kPatience) && b->await_exit(kPatience));
  Said said;
  said.add(a->output());
  said.add(b->output());
  StoreUnderTest store(settings_of_store(folder_.path()), clock_);
  ASSERT_EQ(store.open(), AUTHD_OK) << store.why();
  for (int c = 0; c < kChains; ++c) {
    const std::string chain = "w" + std::to_string(c);
    const Outcome now = store.find({"chain", "of", chain});
    ASSERT_EQ(now.found.size(), 1u);
    EXPECT_LE(std::stoi(now.found[0].body), said.last(chain) + 2 * kThreads);
  }
}

TEST_F(KilledStore, AnotherProcessSeesAChangeWithinASecond) {
  const auto process = worker("w");
  StoreUnderTest store(settings_of_store(folder_.path()), clock_);
  ASSERT_TRUE(process->await_line([](const std::string& line) { return line == "w0 50"; }, kPatience));
  ASSERT_EQ(store.open(), AUTHD_OK) << store.why();
  EXPECT_EQ(store.get("chain", "w0.49").status, AUTHD_NOT_FOUND) << "it was taken";
  for (int n = 100; n < 300; n += 100) {
    const std::string wanted = std::to_string(n);
    ASSERT_TRUE(process->await_line([&](const std::string& line) { return line == "w0 " + wanted; }, kPatience));
    EXPECT_EQ(store.get("done", "w0." + std::to_string(n - 1)).status, AUTHD_OK);
    EXPECT_EQ(store.get("chain", "w0." + std::to_string(n - 1)).status, AUTHD_NOT_FOUND);
  }
}

} // namespace
} // namespace authd::test
