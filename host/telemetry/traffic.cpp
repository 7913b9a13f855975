// SPDX-License-Identifier: Apache-2.0
#include "telemetry/traffic.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <numeric>

#include <pthread.h>

namespace authd::telemetry {
namespace {

using Buckets = TrafficReading::Buckets;

void add_to(Buckets& all, const Metrics::Seen& series) {
  for (std::size_t i = 0; i < all.size(); ++i) all[i] += series.buckets[i];
}

Buckets difference(const Buckets& later, const Buckets& earlier) {
  Buckets all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = later[i] - std::min(earlier[i], later[i]);
  return all;
}

double quantile_ms(const Buckets& buckets, double q) { return quantile(buckets, q) * 1000; }

} // namespace

double quantile(std::span<const std::uint64_t> buckets, double q) {
  const auto total = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  if (total == 0) return 0;
  const double rank = q * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here > 0 && below + here >= rank) {
      const double lower = i == 0 ? 0 : kBounds[i - 1];
      return lower + (kBounds[i] - lower) * std::max(rank - below, 0.0) / here;
    }
    below += here;
  }
  return kBounds.back();
}

bool TrafficReading::take(const Metrics& metrics) {
  at = steady_now();
  requests = tokens = errors = 0;
  response_times = {};
  std::fill(loop_delays.begin(), loop_delays.end(), Buckets{});
  const auto count_request = [this](const Metrics::Seen& series) {
    requests += series.value;
    if (series.labels[2] >= "400") errors += series.value; // method, route, status
  };
  const auto count_turns = [this](const Metrics::Seen& series) {
    const auto reactor = static_cast<std::size_t>(std::strtoul(series.labels[0].c_str(), nullptr, 10));
    if (reactor < loop_delays.size()) add_to(loop_delays[reactor], series);
  };
  return metrics.try_visit(Id::http_requests, count_request) &&
         metrics.try_visit(Id::jwt_tokens_generated, [this](const Metrics::Seen& s) { tokens += s.value; }) &&
         metrics.try_visit(Id::http_response_time, [this](const Metrics::Seen& s) { add_to(response_times, s); }) &&
         metrics.try_visit(Id::reactor_loop_delay, count_turns);
}

Traffic TrafficReading::since(const TrafficReading& earlier) const {
  const double passed = std::max(std::chrono::duration<double>(at - earlier.at).count(), 1.0);
  const auto rate = [&](std::uint64_t TrafficReading::*count) {
    return static_cast<double>(this->*count - earlier.*count) / passed;
  };
  const Buckets times = difference(response_times, earlier.response_times);
  Traffic traffic{rate(&TrafficReading::requests), rate(&TrafficReading::tokens), rate(&TrafficReading::errors),
                  quantile_ms(times, 0.5),         quantile_ms(times, 0.95),      quantile_ms(times, 0.99)};
  for (std::size_t i = 0; i < loop_delays.size(); ++i) {
    traffic.loop_delay_ms.push_back(quantile_ms(difference(loop_delays[i], earlier.loop_delays[i]), 0.99));
  }
  return traffic;
}

TrafficWindow::TrafficWindow(const Metrics& metrics, unsigned reactors)
    : metrics_(metrics), readings_(kReadings, TrafficReading(reactors)) {
  ::sem_init(&end_, 0, 0);
  readings_[0].at = steady_now(); // all zero: the process has begun
  next_ = taken_ = 1;
  thread_ = std::thread([this] { work(); });
}

TrafficWindow::~TrafficWindow() {
  ::sem_post(&end_);
  thread_.join();
  ::sem_destroy(&end_);
}

Traffic TrafficWindow::now() const {
  TrafficReading last(static_cast<unsigned>(readings_[0].loop_delays.size()));
  while (!last.take(metrics_)) std::this_thread::yield(); // they are read within microseconds
  const std::lock_guard lock(mutex_);
  const std::size_t oldest = taken_ < kReadings ? 0 : next_;
  const TrafficReading* earlier = &readings_[oldest];
  for (std::size_t i = 1; i < taken_; ++i) {
    const TrafficReading& candidate = readings_[(oldest + i) % kReadings];
    if (candidate.at <= last.at - kLength) earlier = &candidate;
  }
  return last.since(*earlier);
}

bool TrafficWindow::ends_within_a_second() {
  timespec until{};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  ++until.tv_sec;
  int result = 0;
  do {
    result = ::sem_clockwait(&end_, CLOCK_MONOTONIC, &until);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

void TrafficWindow::work() {
  pthread_setname_np(pthread_self(), "traffic");
  while (!ends_within_a_second()) add_reading();
}

// One that cannot be taken at once is left out: the next one comes in a second.
void TrafficWindow::add_reading() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !readings_[next_].take(metrics_)) return;
  next_ = (next_ + 1) % kReadings;
  taken_ = std::min(taken_ + 1, kReadings);
}

} // namespace authd::telemetry
