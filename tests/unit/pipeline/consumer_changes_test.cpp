// SPDX-License-Identifier: Apache-2.0
#include "pipeline/consumer_changes.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

// Forgets nobody until it is let go, and remembers who was asked for.
class SlowLookup {
 public:
  void forget(const std::string& consumer) {
    if (forgotten.empty()) {
      begun_.set_value();
      let_go_.get_future().wait();
    }
    forgotten.push_back(consumer);
  }
  void await_begun() { begun_.get_future().wait(); }
  void let_go() { let_go_.set_value(); }

  std::vector<std::string> forgotten;

 private:
  std::promise<void> begun_;
  std::promise<void> let_go_;
};

} // namespace

TEST(ConsumerChanges, AreCarriedOutOnAnotherThread) {
  std::promise<std::thread::id> done;
  ConsumerChanges changes([&](const std::string&) { done.set_value(std::this_thread::get_id()); }, [] {});
  changes.add("alice");
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
}

// A file with ten thousand consumers is read again: what comes while a worker is busy is neither lost nor
// queued without bound.
TEST(ConsumerChanges, AreAllCarriedOutHoweverManyCome) {
  SlowLookup lookup;
  ConsumerChanges changes([&](const std::string& consumer) { lookup.forget(consumer); }, [] {});
  changes.add("first");
  lookup.await_begun();
  for (int i = 0; i < 10'000; ++i) changes.add("consumer-" + std::to_string(i % 5'000));
  lookup.let_go();
  changes.stop();
  EXPECT_EQ(lookup.forgotten.size(), 5'001u);
}

TEST(ConsumerChanges, OfAllMakeTheSingleOnesUnnecessary) {
  SlowLookup lookup;
  int all = 0;
  ConsumerChanges changes([&](const std::string& consumer) { lookup.forget(consumer); }, [&] { ++all; });
  changes.add("first");
  lookup.await_begun();
  changes.add("second");
  changes.add_all();
  lookup.let_go();
  changes.stop();
  EXPECT_EQ(lookup.forgotten, std::vector<std::string>{"first"});
  EXPECT_EQ(all, 1);
}

} // namespace authd::pipeline
