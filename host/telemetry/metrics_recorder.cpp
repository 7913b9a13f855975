// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics_recorder.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "pipeline/hmac.h"

namespace authd::telemetry {
namespace {

using pipeline::CallResult;
using pipeline::LookupEvent;
using pipeline::TierOperation;

// Methods are a client's: those that authd has no route for are one.
constexpr std::array<std::string_view, 8> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};

std::size_t method_index(std::string_view method) {
  const auto it = std::find(kMethods.begin(), kMethods.end() - 1, method);
  return static_cast<std::size_t>(it - kMethods.begin());
}

// Every status that authd sends, and one for any other.
constexpr std::array<int, 24> kStatuses{200, 204, 304, 400, 401, 403, 404, 405, 408, 411, 413, 414,
                                        415, 417, 422, 429, 431, 500, 501, 503, 504, 505, 426, 0};

std::size_t status_index(int status) {
  const auto it = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  return static_cast<std::size_t>(it - kStatuses.begin());
}

std::string_view operation_of(std::string_view operation) { return operation.empty() ? "none" : operation; }

} // namespace

class MetricsRecorder::Lazy {
 public:
  // Two threads that meet it at once intern the same series.
  Metrics::Counter get(Metrics& metrics, Id id, std::initializer_list<std::string_view> labels) {
    std::uint32_t slot = slot_.load(std::memory_order_relaxed);
    if (slot == 0) {
      slot = metrics.counter(id, labels).slot;
      slot_.store(slot, std::memory_order_relaxed);
    }
    return {slot};
  }

 private:
  std::atomic<std::uint32_t> slot_{0};
};

struct MetricsRecorder::Route {
  std::string_view path;
  Metrics::Histogram time;
  std::array<std::array<Lazy, kStatuses.size()>, kMethods.size()> requests;
};

struct MetricsRecorder::Tier {
  std::string name;
  std::array<std::array<Lazy, pipeline::kCallResults>, pipeline::kTierOperations> operations;
  std::array<Metrics::Histogram, pipeline::kTierOperations> latency;
};

MetricsRecorder::MetricsRecorder(Metrics& metrics, VolumeSketch& volumes, const std::vector<std::string>& tiers)
    : metrics_(metrics), volumes_(volumes), signing_(metrics.histogram(Id::jwt_generation, {})) {
  for (const std::string& name : tiers) {
    auto tier = std::make_unique<Tier>();
    tier->name = name;
    for (std::size_t i = 0; i < pipeline::kTierOperations; ++i) {
      tier->latency[i] = metrics.histogram(Id::cache_tier_latency, {name, name_of(static_cast<TierOperation>(i))});
    }
    tiers_.push_back(std::move(tier));
  }
  using pipeline::Algorithm;
  for (const Algorithm a : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
    algorithms_[static_cast<std::size_t>(a)] = metrics.counter(Id::jwt_tokens_generated, {pipeline::name_of(a)});
  }
  for (const Volume v : {Volume::low, Volume::medium, Volume::high}) {
    volume_classes_[static_cast<std::size_t>(v)] = metrics.counter(Id::consumer_volume, {name_of(v)});
  }
  for (std::size_t i = 1; i < kCodes; ++i) {
    failures_[i] = metrics.counter(Id::token_failures, {describe(static_cast<Code>(i)).code});
  }
  lookup_events_ = {metrics.counter(Id::lookup_coalesced, {}), metrics.counter(Id::lookup_refresh_ahead, {}),
                    metrics.counter(Id::lane_rejected, {})};
  know_routes({});
}

MetricsRecorder::~MetricsRecorder() = default;

void MetricsRecorder::know_routes(const std::vector<std::string_view>& paths) {
  const auto add = [this](std::string_view path) {
    auto route = std::make_unique<Route>();
    route->path = path;
    route->time = metrics_.histogram(Id::http_response_time, {path});
    routes_.push_back(std::move(route));
  };
  if (routes_.empty()) add("none");
  for (const std::string_view path : paths) {
    if (&route_of(path) == routes_.front().get()) add(path);
  }
}

MetricsRecorder::Route& MetricsRecorder::route_of(std::string_view path) {
  const auto it =
      std::find_if(routes_.begin() + 1, routes_.end(), [path](const auto& route) { return route->path == path; });
  return it == routes_.end() ? *routes_.front() : **it;
}

// --- requests ------------------------------------------------------------------------------------------

void MetricsRecorder::on_outcome(const RequestOutcome& outcome) {
  count_request(outcome);
  if (!outcome.token.jti.empty()) count_token(outcome);
  if (outcome.code) metrics_.add(failures_[static_cast<std::size_t>(*outcome.code)]);
}

void MetricsRecorder::count_request(const RequestOutcome& outcome) {
  Route& route = route_of(outcome.route);
  const std::size_t method = method_index(outcome.method);
  const std::size_t status = status_index(outcome.status);
  std::array<char, 4> digits{};
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), kStatuses[status]).ptr;
  const std::string_view text = kStatuses[status] == 0
                                    ? std::string_view("other")
                                    : std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  metrics_.add(route.requests[method][status].get(metrics_, Id::http_requests, {kMethods[method], route.path, text}));
  metrics_.observe(route.time, outcome.duration);
}

void MetricsRecorder::count_token(const RequestOutcome& outcome) {
  const auto algorithm = pipeline::parse_algorithm(outcome.token.algorithm);
  if (algorithm) metrics_.add(algorithms_[static_cast<std::size_t>(*algorithm)]);
  metrics_.observe(signing_, outcome.token.signing);
  const Volume volume = volumes_.count(outcome.consumer_id, steady_now());
  metrics_.add(volume_classes_[static_cast<std::size_t>(volume)]);
}

// --- stages --------------------------------------------------------------------------------------------

void MetricsRecorder::gateway_called(const pipeline::GatewayReport& report) {
  // A probe that a lookup waited for was reported when it was made.
  if (report.operation != "probe") count_gateway(report.operation, report.status, report.duration);
}

void MetricsRecorder::probed(CallStatus status, std::chrono::nanoseconds duration) {
  count_gateway("probe", status, duration);
}

void MetricsRecorder::count_gateway(std::string_view operation, CallStatus status, std::chrono::nanoseconds duration) {
  metrics_.add(metrics_.counter(Id::kong_operations, {operation, name_of(pipeline::result_of(status))}));
  metrics_.observe(metrics_.histogram(Id::kong_operation_time, {operation}), duration);
}

void MetricsRecorder::breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) {
  metrics_.add(metrics_.counter(Id::breaker_transitions, {breaker, name_of(transition.from), name_of(transition.to)}));
}

void MetricsRecorder::tier_called(const pipeline::TierCall& call) {
  const auto it = std::find_if(tiers_.begin(), tiers_.end(), [&](const auto& tier) { return tier->name == call.tier; });
  if (it == tiers_.end()) return;
  const auto operation = static_cast<std::size_t>(call.operation);
  Lazy& counter = (*it)->operations[operation][static_cast<std::size_t>(call.result)];
  metrics_.add(
      counter.get(metrics_, Id::cache_tier_operations, {call.tier, name_of(call.operation), name_of(call.result)}));
  metrics_.observe((*it)->latency[operation], call.duration);
}

void MetricsRecorder::breaker_passed(std::string_view breaker, std::string_view operation, CallResult result) {
  metrics_.add(metrics_.counter(Id::breaker_requests, {breaker, operation_of(operation), name_of(result)}));
}

void MetricsRecorder::breaker_refused(std::string_view breaker, std::string_view operation) {
  metrics_.add(metrics_.counter(Id::breaker_rejected, {breaker, operation_of(operation)}));
}

void MetricsRecorder::fell_back(bool found) {
  metrics_.add(metrics_.counter(Id::breaker_fallback, {"gateway", found ? "stale" : "miss"}));
}

void MetricsRecorder::lookup_event(LookupEvent event) { metrics_.add(lookup_events_[static_cast<std::size_t>(event)]); }

} // namespace authd::telemetry
