// SPDX-License-Identifier: Apache-2.0
// A steady load on /tokens over keep-alive connections: consumers in turn, ports in turn, every answer
// counted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/http_client.h"

namespace authd::test {

struct LoadReport {
  std::map<int, std::size_t> by_status; // 0: the connection ended without an answer
  std::vector<std::int64_t> took_us;    // from the request's first byte to the answer's last
  // From when its turn had come, which it may have missed because its connection still waited for another
  // answer: what a client of its own would have seen. In no order, as took_us.
  std::vector<std::int64_t> due_us;

  std::size_t total() const;
  std::size_t failed() const;                 // everything but 200
  std::int64_t percentile_us(double p) const; // 0 without answers
  std::int64_t slowest_us() const { return percentile_us(1); }
  std::int64_t due_percentile_us(double p) const;
  std::size_t slower_than(std::chrono::microseconds bound) const; // since their turns
  LoadReport& operator+=(const LoadReport& later);
  std::string text() const; // "4000 answers (200: 4000), p50 310 us, p99 900 us, slowest 2100 us"
};

// [thread-safe]
class Load {
 public:
  struct Options {
    std::vector<std::uint16_t> ports;
    std::vector<std::string> consumers; // their ids
    unsigned connections = 8;           // one request under way on each
    unsigned per_second = 1000;         // requests begun, by all connections together
    std::size_t requests = 0;           // 0: until stop
    // Sees every answer, from several threads at once.
    std::function<void(std::size_t consumer, const HttpReply& reply)> look = {};
  };

  explicit Load(Options options); // begins
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Until a request that was begun `duration` from now has been answered.
  void go_on(std::chrono::milliseconds duration);
  // Until `done` holds, which is asked after each answer; false: not within `at_most`.
  bool until(const std::function<bool()>& done, std::chrono::milliseconds at_most);
  LoadReport take();   // of what was answered since the last take
  LoadReport finish(); // waits for the last of `requests`
  LoadReport stop();

 private:
  using Clock = std::chrono::steady_clock;
  void run(unsigned connection);
  bool await_turn(Clock::time_point turn);
  void record(Clock::time_point turn, Clock::time_point begun, int status);

  const Options options_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  Clock::time_point latest_ = start_; // when the latest request that has been answered was begun
  LoadReport report_;
  std::vector<std::thread> threads_;
};

// One request for each consumer.
LoadReport ask_each(std::vector<std::uint16_t> ports, std::vector<std::string> consumers, unsigned connections = 8);

} // namespace authd::test
