// SPDX-License-Identifier: Apache-2.0
// What is killed: store_worker FOLDER PREFIX CHAINS THREADS. Each chain is one record whose number goes up; the threads
// of a chain compete to take it and to insert the next one, and leave what they took under "done". Whoever has
// succeeded says so on standard output, in one write: "PREFIX0 17". Runs until it is killed.
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "store_under_test.h"

namespace authd::test {
namespace {

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(4);
}

void compete(StoreUnderTest& store, const std::string& chain) {
  for (;;) {
    const Outcome now = store.find({"chain", "of", chain});
    if (now.status != AUTHD_OK || now.found.size() != 1) {
      say("fault: " + chain + " has " + std::to_string(now.found.size()) + " records: " + now.message + "\n");
      ::_exit(3);
    }
    const int n = std::stoi(now.found[0].body);
    const std::string next = std::to_string(n + 1);
    const Outcome outcome = store.apply(
        {{AUTHD_CHANGE_TAKE, {"chain", now.found[0].id}},
         {AUTHD_CHANGE_INSERT, {"chain", chain + "." + next, next, 0, INT64_MAX, {{"of", chain, true}}}},
         {AUTHD_CHANGE_INSERT, {"done", now.found[0].id, std::string(400, 'x'), 0, INT64_MAX, {{"of", chain}}}}});
    if (outcome.status == AUTHD_OK) {
      say(chain + " " + next + "\n");
    } else if (outcome.status != AUTHD_NOT_FOUND) {
      say("fault: " + std::to_string(outcome.status) + " " + outcome.message + "\n");
      ::_exit(3);
    }
  }
}

int work(const std::string& folder, const std::string& prefix, int chains, int threads) {
  TestClock clock;
  StoreUnderTest store(settings_of_store(folder), clock);
  if (store.open() != AUTHD_OK) {
    say("fault: " + store.why() + "\n");
    return 3;
  }
  std::vector<std::thread> all;
  for (int c = 0; c < chains; ++c) {
    const std::string chain = prefix + std::to_string(c);
    if (store.find({"chain", "of", chain}).found.empty())
      store.apply({{AUTHD_CHANGE_INSERT, {"chain", chain + ".0", "0", 0, INT64_MAX, {{"of", chain, true}}}}});
    for (int t = 0; t < threads; ++t) all.emplace_back(compete, std::ref(store), chain);
  }
  for (std::thread& thread : all) thread.join();
  return 0;
}

} // namespace
} // namespace authd::test

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  return authd::test::work(argv[1], argv[2], std::stoi(argv[3]), std::stoi(argv[4]));
}
