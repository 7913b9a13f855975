// SPDX-License-Identifier: Apache-2.0
#include "telemetry/traffic.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <pthread.h>

namespace authd::telemetry {
namespace {

double sum(const Family& family) {
  return std::accumulate(family.points.begin(), family.points.end(), 0.0,
                         [](double total, const Point& point) { return total + point.value; });
}

double failed(const Family& requests) {
  double total = 0;
  for (const Point& point : requests.points) {
    if (point.labels.at(2) >= "400") total += point.value; // method, route, status
  }
  return total;
}

void add_to(TrafficReading::Buckets& all, const Point& point) {
  all.resize(kBuckets);
  for (std::size_t i = 0; i < point.buckets.size() && i < kBuckets; ++i) all[i] += point.buckets[i];
}

TrafficReading::Buckets difference(const TrafficReading::Buckets& later, const TrafficReading::Buckets* earlier) {
  TrafficReading::Buckets all(kBuckets);
  for (std::size_t i = 0; i < later.size(); ++i) {
    const std::uint64_t before = earlier != nullptr && i < earlier->size() ? (*earlier)[i] : 0;
    all[i] = later[i] - std::min(before, later[i]);
  }
  return all;
}

double quantile_ms(const TrafficReading::Buckets& buckets, double q) { return quantile(buckets, q) * 1000; }

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

TrafficReading::TrafficReading(const Snapshot& snapshot, SteadyTime taken_at)
    : at(taken_at), requests(sum(snapshot[Id::http_requests])), tokens(sum(snapshot[Id::jwt_tokens_generated])),
      errors(failed(snapshot[Id::http_requests])) {
  for (const Point& point : snapshot[Id::http_response_time].points) add_to(response_times, point);
  for (const Point& point : snapshot[Id::reactor_loop_delay].points) add_to(loop_delays[point.labels.at(0)], point);
}

Traffic TrafficReading::since(const TrafficReading& earlier) const {
  const double passed = std::max(std::chrono::duration<double>(at - earlier.at).count(), 1.0);
  const auto rate = [&](double TrafficReading::*count) {
    return std::max(this->*count - earlier.*count, 0.0) / passed;
  };
  const Buckets times = difference(response_times, &earlier.response_times);
  Traffic traffic{rate(&TrafficReading::requests),
                  rate(&TrafficReading::tokens),
                  rate(&TrafficReading::errors),
                  quantile_ms(times, 0.5),
                  quantile_ms(times, 0.95),
                  quantile_ms(times, 0.99),
                  {}};
  for (const auto& [reactor, delays] : loop_delays) {
    const auto before = earlier.loop_delays.find(reactor);
    const Buckets* known = before == earlier.loop_delays.end() ? nullptr : &before->second;
    traffic.loop_delay_ms[reactor] = quantile_ms(difference(delays, known), 0.99);
  }
  return traffic;
}

TrafficWindow::TrafficWindow(std::function<Snapshot()> collect)
    : collect_(std::move(collect)), readings_{TrafficReading(collect_(), steady_now())}, thread_([this] { work(); }) {}

TrafficWindow::~TrafficWindow() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Traffic TrafficWindow::until(const Snapshot& snapshot) const {
  const TrafficReading last(snapshot, steady_now());
  const std::lock_guard lock(mutex_);
  auto earlier = readings_.begin();
  while (std::next(earlier) != readings_.end() && std::next(earlier)->at <= last.at - kLength) ++earlier;
  return last.since(*earlier);
}

void TrafficWindow::work() {
  pthread_setname_np(pthread_self(), "traffic");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, seconds(1), [this] { return ending_; })) {
    lock.unlock();
    TrafficReading reading(collect_(), steady_now());
    lock.lock();
    add(std::move(reading));
  }
}

// The first one stays until there is another that is ten seconds old.
void TrafficWindow::add(TrafficReading reading) {
  const SteadyTime now = reading.at;
  readings_.push_back(std::move(reading));
  while (readings_.size() > 1 && readings_[1].at <= now - kLength) readings_.pop_front();
}

} // namespace authd::telemetry
