// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <system_error>
#include <utility>

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr unsigned kUnpaced = 1'000'000;

// A connection that is made when it is needed, and made anew after it ended.
class Caller {
 public:
  explicit Caller(std::uint16_t port) : port_(port) {}

  std::optional<HttpReply> ask(const std::string& consumer) {
    try {
      if (!connection_) connection_.emplace(port_);
    } catch (const std::system_error&) {
      return std::nullopt;
    }
    const Headers headers{{"X-Consumer-ID", consumer}, {"X-Consumer-Username", "crowd"}};
    std::optional<HttpReply> reply;
    if (connection_->send(request_text("GET", "/tokens", headers))) reply = connection_->read(kPatience);
    if (!reply || reply->header("Connection") == "close") connection_.reset();
    return reply;
  }

 private:
  std::uint16_t port_;
  std::optional<HttpConnection> connection_;
};

std::int64_t percentile(std::vector<std::int64_t> all, double p) {
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());
  return all[static_cast<std::size_t>(std::floor(p * static_cast<double>(all.size() - 1)))];
}

} // namespace

std::size_t LoadReport::total() const { return took_us.size(); }

std::size_t LoadReport::failed() const {
  const auto good = by_status.find(200);
  return total() - (good == by_status.end() ? 0 : good->second);
}

std::int64_t LoadReport::percentile_us(double p) const { return percentile(took_us, p); }

std::int64_t LoadReport::due_percentile_us(double p) const { return percentile(due_us, p); }

std::size_t LoadReport::slower_than(std::chrono::microseconds bound) const {
  return static_cast<std::size_t>(
      std::count_if(due_us.begin(), due_us.end(), [&](std::int64_t us) { return us > bound.count(); }));
}

LoadReport& LoadReport::operator+=(const LoadReport& later) {
  for (const auto& [status, count] : later.by_status) by_status[status] += count;
  took_us.insert(took_us.end(), later.took_us.begin(), later.took_us.end());
  due_us.insert(due_us.end(), later.due_us.begin(), later.due_us.end());
  return *this;
}

std::string LoadReport::text() const {
  std::string out = std::to_string(total()) + " answers (";
  for (const auto& [status, count] : by_status) {
    if (out.back() != '(') out += ", ";
    out += std::to_string(status) + ": " + std::to_string(count);
  }
  return out + "), p50 " + std::to_string(percentile_us(0.5)) + " us, p99 " + std::to_string(percentile_us(0.99)) +
         " us, slowest " + std::to_string(slowest_us()) + " us";
}

Load::Load(Options options) : options_(std::move(options)) {
  for (unsigned i = 0; i < options_.connections; ++i) threads_.emplace_back([this, i] { run(i); });
}

Load::~Load() { stop(); }

bool Load::await_turn(Clock::time_point turn) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, turn, [this] { return stopping_; });
}

void Load::run(unsigned connection) {
  Caller caller(options_.ports[connection % options_.ports.size()]);
  for (;;) {
    const std::size_t number = next_++;
    if (options_.requests != 0 && number >= options_.requests) return;
    const auto turn = start_ + std::chrono::microseconds(1'000'000 * number / options_.per_second);
    if (!await_turn(turn)) return;
    const std::size_t consumer = number % options_.consumers.size();
    const auto begun = Clock::now();
    const auto reply = caller.ask(options_.consumers[consumer]);
    if (reply && options_.look) options_.look(consumer, *reply);
    record(turn, begun, reply ? reply->status : 0);
  }
}

void Load::record(Clock::time_point turn, Clock::time_point begun, int status) {
  const auto now = Clock::now();
  const auto us_since = [now](Clock::time_point then) {
    return std::chrono::duration_cast<std::chrono::microseconds>(now - then).count();
  };
  const std::lock_guard lock(mutex_);
  latest_ = std::max(latest_, begun);
  ++report_.by_status[status];
  report_.took_us.push_back(us_since(begun));
  report_.due_us.push_back(us_since(turn));
  changed_.notify_all();
}

void Load::go_on(std::chrono::milliseconds duration) {
  const auto end = Clock::now() + duration;
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, end + kPatience, [&] { return latest_ >= end; });
}

bool Load::until(const std::function<bool()>& done, std::chrono::milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  for (auto seen = start_; Clock::now() < deadline;) {
    if (done()) return true;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return latest_ > seen; });
    seen = latest_;
  }
  return done();
}

LoadReport Load::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(report_, {});
}

LoadReport Load::finish() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return take();
}

LoadReport Load::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  return finish();
}

LoadReport ask_each(std::vector<std::uint16_t> ports, std::vector<std::string> consumers, unsigned connections) {
  Load::Options options;
  options.requests = consumers.size();
  options.ports = std::move(ports);
  options.consumers = std::move(consumers);
  options.connections = connections;
  options.per_second = kUnpaced;
  return Load(std::move(options)).finish();
}

} // namespace authd::test
