// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics_json.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"

namespace authd::telemetry {
namespace {

constexpr std::array<std::string_view, 6> kViews{"operational", "infrastructure", "telemetry",
                                                 "exports",     "config",         "full"};

// The sum of a counter's points that satisfy a condition.
template <class Condition>
double sum_if(const Family& family, const Condition& holds) {
  double total = 0;
  for (const Point& point : family.points) {
    if (holds(point)) total += point.value;
  }
  return total;
}

double sum(const Family& family) {
  return sum_if(family, [](const Point&) { return true; });
}

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

double rate(double part, double all) { return all > 0 ? part / all : 0; }

class Writer {
 public:
  Writer(const Snapshot& snapshot, const MetricsFacts& facts) : all_(snapshot), facts_(facts) {}

  std::string write(View view) {
    json_.begin_object();
    if (view == View::infrastructure) {
      infrastructure();
      json_.end_object();
      return std::move(text_);
    }
    json_.member("timestamp", iso8601(all_.taken_at)).member("uptime", whole(uptime()));
    const bool is_full = view == View::full;
    if (is_full || view == View::standard || view == View::operational) operational();
    if (is_full || view == View::standard || view == View::telemetry) telemetry();
    if (is_full || view == View::standard) memory();
    if (is_full || view == View::exports) exports();
    if (is_full || view == View::config) configuration();
    if (is_full) infrastructure();
    if (is_full) instruments();
    json_.end_object();
    return std::move(text_);
  }

 private:
  double uptime() const { return std::chrono::duration<double>(all_.taken_at - all_.since).count(); }

  void operational() {
    requests();
    tokens();
    cache();
    breakers();
  }

  void requests() {
    const Family& answered = all_[Id::http_requests];
    const double total = sum(answered);
    const double errors = sum_if(answered, [](const Point& p) { return p.labels[2] >= "400"; });
    json_.key("requests").begin_object().member("total", whole(total)).member("success", whole(total - errors));
    json_.member("errors", whole(errors)).member("rate", rate(total, uptime())).end_object();
  }

  void tokens() {
    const Family& signing = all_[Id::jwt_generation];
    const bool any = !signing.points.empty() && signing.points.front().count() > 0;
    const double mean = any ? signing.points.front().sum / static_cast<double>(signing.points.front().count()) : 0;
    json_.key("tokens").begin_object().member("generated", whole(sum(all_[Id::jwt_tokens_generated])));
    json_.member("failed", whole(sum(all_[Id::token_failures]))).member("averageTime", mean * 1000).end_object();
  }

  double reads(std::string_view tier, std::string_view result) const {
    return sum_if(all_[Id::cache_tier_operations], [&](const Point& p) {
      return (tier.empty() || p.labels[0] == tier) && p.labels[1] == "get" && p.labels[2] == result;
    });
  }

  std::optional<std::int64_t> of_tier(Id id, std::string_view tier) const {
    for (const Point& point : all_[id].points) {
      if (point.labels[0] == tier) return whole(point.value);
    }
    return std::nullopt;
  }

  // A lookup misses when the last tier has no copy either.
  void cache() {
    const double hits = reads({}, "hit");
    const double misses = facts_.tiers.empty() ? 0 : reads(facts_.tiers.back(), "miss");
    json_.key("cache").begin_object().member("hits", whole(hits)).member("misses", whole(misses));
    json_.member("hitRate", rate(hits, hits + misses));
    json_.member("size", facts_.tiers.empty() ? std::nullopt : of_tier(Id::cache_entries, facts_.tiers.front()));
    json_.member("ttl", static_cast<std::int64_t>(facts_.cache_ttl.count())).key("tiers").begin_array();
    for (const std::string& tier : facts_.tiers) write_tier(tier);
    json_.end_array().end_object();
  }

  void write_tier(const std::string& tier) {
    const double hits = reads(tier, "hit");
    const double misses = reads(tier, "miss");
    json_.begin_object().member("name", tier).member("hits", whole(hits)).member("misses", whole(misses));
    json_.member("hitRate", rate(hits, hits + misses)).member("entries", of_tier(Id::cache_entries, tier));
    json_.member("bytes", of_tier(Id::cache_bytes, tier));
    json_.member("evictions", of_tier(Id::cache_evictions, tier)).end_object();
  }

  void breakers() {
    static constexpr std::array<std::string_view, 3> kStates{"closed", "open", "half-open"};
    json_.key("circuitBreakers").begin_object();
    for (const Point& point : all_[Id::breaker_state].points) {
      const std::string& name = point.labels[0];
      const auto of_it = [&](const Point& p) { return p.labels[0] == name; };
      json_.key(name).begin_object().member("state", kStates[static_cast<std::size_t>(point.value)]);
      json_.member("requests", whole(sum_if(all_[Id::breaker_requests], of_it)));
      json_.member("rejected", whole(sum_if(all_[Id::breaker_rejected], of_it)));
      json_.member("fallbacks", whole(sum_if(all_[Id::breaker_fallback], of_it)));
      json_.member("transitions", whole(sum_if(all_[Id::breaker_transitions], of_it))).end_object();
    }
    json_.end_object();
  }

  void telemetry() {
    json_.key("telemetry").begin_object().member("mode", facts_.mode);
    json_.member("collections", whole(sum(all_[Id::metrics_collections])));
    json_.member("exports", whole(sum(all_[Id::otlp_exports]))).member("dropped", whole(sum(all_[Id::otlp_dropped])));
    json_.end_object();
  }

  void memory() {
    json_.key("memory").begin_object().member("rss", static_cast<std::int64_t>(facts_.memory.rss));
    json_.member("heapTotal", static_cast<std::int64_t>(facts_.memory.heap_total));
    json_.member("heapUsed", static_cast<std::int64_t>(facts_.memory.heap)).end_object();
  }

  void exports() {
    json_.key("exports").begin_object();
    for (const std::string_view signal : {"traces", "metrics", "logs"}) {
      const auto with = [&](std::string_view result) {
        return whole(sum_if(all_[Id::otlp_exports],
                            [&](const Point& p) { return p.labels[0] == signal && p.labels[1] == result; }));
      };
      const auto dropped = sum_if(all_[Id::otlp_dropped], [&](const Point& p) { return p.labels[0] == signal; });
      json_.key(signal).begin_object().member("success", with("success")).member("partial", with("partial"));
      json_.member("failure", with("failure")).member("dropped", whole(dropped)).end_object();
    }
    json_.end_object();
  }

  void configuration() {
    json_.key("config").begin_object().member("mode", facts_.mode);
    json_.member("exportInterval", static_cast<std::int64_t>(facts_.export_interval.count()));
    json_.member("traceSampleRatio", facts_.trace_sample_ratio).key("histogramBounds").begin_array();
    for (const double bound : kBounds) json_.value(bound);
    json_.end_array().end_object();
  }

  void infrastructure() {
    json_.key("infrastructure").begin_object().key("metrics").begin_object().member("status", "available");
    for (const Family& family : all_.families) {
      const std::string_view name = family.instrument->name;
      const bool is_one = name.substr(0, 8) == "process_" || name.substr(0, 7) == "system_" ||
                          family.instrument->id == Id::reactor_loop_delay;
      if (is_one) write_family(family);
    }
    json_.end_object().end_object();
  }

  void instruments() {
    json_.key("instruments").begin_object();
    for (const Family& family : all_.families) write_family(family);
    json_.end_object();
  }

  // One without labels is a number, any other a list; nothing is known: null.
  void write_family(const Family& family) {
    json_.key(family.instrument->name);
    if (family.points.empty()) {
      json_.null();
    } else if (family.instrument->label_names().empty() && family.instrument->kind != InstrumentKind::histogram) {
      json_.value(family.points.front().value);
    } else {
      json_.begin_array();
      for (const Point& point : family.points) write_point(*family.instrument, point);
      json_.end_array();
    }
  }

  void write_point(const Instrument& instrument, const Point& point) {
    json_.begin_object();
    for (std::size_t i = 0; i < point.labels.size(); ++i) json_.member(instrument.labels[i], point.labels[i]);
    if (instrument.kind == InstrumentKind::histogram) {
      json_.member("count", static_cast<std::int64_t>(point.count())).member("sum", point.sum);
      json_.key("buckets").begin_array();
      for (const std::uint64_t n : point.buckets) json_.value(static_cast<std::int64_t>(n));
      json_.end_array();
    } else {
      json_.member("value", point.value);
    }
    json_.end_object();
  }

  const Snapshot& all_;
  const MetricsFacts& facts_;
  std::string text_;
  JsonWriter json_{text_};
};

} // namespace

std::span<const std::string_view> view_names() { return kViews; }

std::optional<View> view_named(std::string_view name) {
  if (name.empty()) return View::standard;
  const auto it = std::find(kViews.begin(), kViews.end(), name);
  if (it == kViews.end()) return std::nullopt;
  return static_cast<View>(1 + (it - kViews.begin()));
}

std::string metrics_json(const Snapshot& snapshot, const MetricsFacts& facts, View view) {
  return Writer(snapshot, facts).write(view);
}

} // namespace authd::telemetry
