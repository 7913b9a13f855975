// SPDX-License-Identifier: Apache-2.0
#include "telemetry/recent_events.h"

#include <algorithm>

#include "telemetry/shown.h"

namespace authd::telemetry {
namespace {

// http::respond_http_problem names them so.
std::string code_of(const RequestOutcome& outcome) {
  return outcome.code ? std::string(describe(*outcome.code).code) : "HTTP_" + std::to_string(outcome.status);
}

bool is_earlier(const RecentError& a, const RecentError& b) { return a.at < b.at; }

} // namespace

void RecentEvents::on_outcome(const RequestOutcome& outcome) {
  if (outcome.status < 400) return;
  if (outcome.message().empty()) return; // /health that says "unhealthy" has not failed itself
  note_error(code_of(outcome), outcome.message());
}

void RecentEvents::on_fault(const RequestOutcome& outcome, std::string_view what) {
  note_error(code_of(outcome), what);
}

void RecentEvents::breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) {
  const std::lock_guard lock(mutex_);
  auto it = steps_.find(breaker);
  if (it == steps_.end()) it = steps_.emplace(breaker, std::deque<BreakerStep>{}).first;
  if (it->second.size() == kMaxSteps) it->second.pop_front();
  it->second.push_back({wall_now(), transition.from, transition.to});
}

std::vector<BreakerStep> RecentEvents::steps(std::string_view breaker) const {
  const std::lock_guard lock(mutex_);
  const auto it = steps_.find(breaker);
  if (it == steps_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::vector<RecentError> RecentEvents::errors() const {
  std::vector<RecentError> all;
  {
    const std::lock_guard lock(mutex_);
    all = errors_;
  }
  std::stable_sort(all.begin(), all.end(), [](const RecentError& a, const RecentError& b) { return a.at > b.at; });
  return all;
}

void RecentEvents::note_error(std::string_view code, std::string_view message) {
  message = cut(message, kMessageBytes);
  const std::lock_guard lock(mutex_);
  auto it = std::find_if(errors_.begin(), errors_.end(),
                         [&](const RecentError& e) { return e.code == code && e.message == message; });
  if (it == errors_.end() && errors_.size() < kMaxErrors) it = errors_.insert(it, RecentError{});
  if (it == errors_.end()) {
    it = std::min_element(errors_.begin(), errors_.end(), is_earlier);
    it->count = 0;
  }
  if (it->count == 0) {
    it->code = code;
    it->message = message;
  }
  it->at = wall_now();
  ++it->count;
}

} // namespace authd::telemetry
