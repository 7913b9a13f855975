// SPDX-License-Identifier: Apache-2.0
// Names of attributes: OpenTelemetry's semantic conventions of HTTP, where these have one.
#include "telemetry/tracing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace authd::telemetry {
namespace {

constexpr std::size_t kPathBytes = 1024;
constexpr std::size_t kAttributes = 16;             // of most requests, and more
constexpr std::string_view kOtherMethod = "_OTHER"; // as the conventions call a method that is none of HTTP's

std::string_view known_method(std::string_view method) {
  constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                                     "DELETE", "OPTIONS", "TRACE", "CONNECT"};
  const auto* const it = std::find(kMethods.begin(), kMethods.end(), method);
  return it == kMethods.end() ? kOtherMethod : *it;
}

// Empty texts say nothing and are left out.
void add(Span& span, std::string_view name, std::string_view text) {
  if (!text.empty()) span.attributes.push_back({name, std::string(text)});
}
void add(Span& span, std::string_view name, std::int64_t number) { span.attributes.push_back({name, number}); }

// Times of the two clocks at one moment: what is measured by the steady one, as the wall clock would have it.
class Clocks {
 public:
  WallTime wall(SteadyTime at) const { return wall_ + std::chrono::duration_cast<WallTime::duration>(at - steady_); }

 private:
  SteadyTime steady_ = steady_now();
  WallTime wall_ = wall_now();
};

// Ids of the spans within a span: a function of its id, which is random. A generator of its own a thread could only
// have by way of the dynamic linker's lock, and a plugin that hangs in dlopen holds that. The mixing is SplitMix64's
// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class DerivedIds {
 public:
  explicit DerivedIds(const SpanId& of) { std::memcpy(&state_, of.data(), sizeof(state_)); }
  SpanId next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    SpanId id;
    std::memcpy(id.data(), &z, sizeof(z));
    return id == SpanId{} ? next() : id;
  }

 private:
  std::uint64_t state_ = 0;
};

bool is_failure(std::string_view result) {
  constexpr std::array<std::string_view, 7> kAnswers{"ok", "hit", "miss", "stale", "not_found", "conflict", "invalid"};
  return std::find(kAnswers.begin(), kAnswers.end(), result) == kAnswers.end();
}

// The children of one span: the steps and exchanges of what it stands for.
class Children {
 public:
  // `hides_names`: telemetry.hash_user_names.
  Children(const TraceContext& parent, const Clocks& clocks, bool hides_names, std::vector<Span>& out)
      : parent_(parent), clocks_(clocks), hides_names_(hides_names), out_(out), ids_(parent.span) {}

  void add_read(const TimedStep& read) {
    Span& span = begin("cache get", Span::Kind::internal, read.begun, read.duration);
    add(span, "authd.cache.tier", read.tier);
    add(span, "authd.cache.operation", "get");
    end(span, "authd.cache.result", read.result);
  }

  void add_signing(const RequestOutcome::Token& token) {
    Span& span = begin("sign", Span::Kind::internal, token.signing_begun, token.signing);
    add(span, "authd.token.algorithm", token.algorithm);
  }

  // `is_own`: the exchanges were made under this span, so their ids are those that the gateway was sent. Otherwise
  // another request's lookup answered this one, and the same time is told again under ids of its own.
  void add_lookup(std::span<const TimedStep> steps, std::span<const HttpAttempt> attempts, bool is_own) {
    for (const TimedStep& step : steps) {
      if (step.name == "queue") continue; // no work; the gap shows it
      if (step.name == "read") {
        add_read(step);
      } else {
        add_gateway_call(step, attempts, is_own);
      }
    }
  }

 private:
  Span& begin(std::string name, Span::Kind kind, SteadyTime begun, std::chrono::nanoseconds duration) {
    Span& span = out_.emplace_back();
    span.trace = parent_.trace;
    span.id = ids_.next();
    span.parent = parent_.span;
    span.trace_state = parent_.state;
    span.flags = parent_.sampled ? 1 : 0;
    span.name = std::move(name);
    span.kind = kind;
    span.start = clocks_.wall(begun);
    span.end = clocks_.wall(begun + duration);
    return span;
  }

  static void end(Span& span, std::string_view attribute, std::string_view result) {
    add(span, attribute, result);
    span.failed = is_failure(result);
    if (span.failed) add(span, "error.type", result);
    if (result == "running") span.message = "nobody waited any longer";
  }

  void add_gateway_call(const TimedStep& step, std::span<const HttpAttempt> attempts, bool is_own) {
    Span& call = begin(fmt::format("gateway {}", step.name), Span::Kind::client, step.begun, step.duration);
    if (is_own && step.span != SpanId{}) call.id = step.span;
    add(call, "authd.gateway.operation", step.name);
    end(call, "authd.gateway.result", step.result);
    const SpanId id = call.id; // the reference ends with the next span
    for (const HttpAttempt& attempt : attempts)
      if (attempt.parent == step.span) add_attempt(attempt, id, is_own);
  }

  void add_attempt(const HttpAttempt& attempt, const SpanId& parent, bool is_own) {
    const std::string_view method = known_method(attempt.method);
    Span& span = begin(std::string(method == kOtherMethod ? "HTTP" : method), Span::Kind::client, attempt.begun,
                       attempt.duration);
    if (is_own) span.id = attempt.span;
    span.parent = parent;
    add(span, "http.request.method", method);
    // Its path names the consumer.
    if (!hides_names_) add(span, "url.full", cut(attempt.url, kPathBytes));
    add(span, "server.address", attempt.host);
    int port = 0;
    std::from_chars(attempt.port.data(), attempt.port.data() + attempt.port.size(), port);
    add(span, "server.port", port);
    if (attempt.resends > 0) add(span, "http.request.resend_count", attempt.resends);
    if (attempt.status != 0) add(span, "http.response.status_code", attempt.status);
    span.failed = attempt.status == 0 || attempt.status >= 400;
    if (span.failed) add(span, "error.type", attempt.status == 0 ? "_OTHER" : std::to_string(attempt.status));
    if (!hides_names_) span.message = cut(attempt.failure, kMessageBytes);
  }

  const TraceContext& parent_;
  const Clocks& clocks_;
  const bool hides_names_;
  std::vector<Span>& out_;
  DerivedIds ids_;
};

Span root_of(const TraceContext& context, std::string name, Span::Kind kind) {
  Span span;
  span.trace = context.trace;
  span.id = context.span;
  span.parent = context.parent;
  span.trace_state = context.state;
  span.flags = context.sampled ? 1 : 0;
  span.name = std::move(name);
  span.kind = kind;
  return span;
}

std::string name_of(const RequestOutcome& o) {
  const std::string_view method = known_method(o.method);
  const std::string_view shown = method == kOtherMethod ? "HTTP" : method;
  return o.route.empty() ? std::string(shown) : fmt::format("{} {}", shown, o.route);
}

// At least so many are built for it.
std::size_t spans_of(const RequestOutcome& o) {
  return 1 + o.local_reads.all().size() + o.lookup.attempts.size() + (o.token.jti.empty() ? 0 : 1);
}

std::string error_type(const RequestOutcome& o) {
  return o.code ? std::string(describe(*o.code).code) : std::to_string(o.status);
}

} // namespace

bool failed(const RequestOutcome& outcome) {
  if (outcome.status >= 500 || outcome.faulted) return true;
  return outcome.code == Code::unknown_consumer || outcome.code == Code::no_credential;
}

bool is_kept(const RequestOutcome& outcome) {
  if (!outcome.trace) return false;
  return outcome.trace.sampled || failed(outcome) || !outcome.stale.empty() || outcome.duration > kSlowRequest;
}

Tracing::Tracing(const config::Config& config, SpanSink* sink)
    : sink_(sink), shown_(config.telemetry), hides_names_(config.telemetry.hash_user_names),
      scheme_(config.server.tls.identity != nullptr ? "https" : "http"), host_(config.server.host),
      port_(config.server.port) {}

void Tracing::on_outcome(const RequestOutcome& o) {
  if (sink_ == nullptr || !is_kept(o) || !sink_->admits(spans_of(o))) return;
  const Clocks clocks;
  std::vector<Span> spans;
  spans.reserve(spans_of(o));
  spans.push_back(span_of(o, clocks.wall(o.received), clocks.wall(o.received + o.duration)));
  Children children(o.trace, clocks, hides_names_, spans);
  for (const TimedStep& read : o.local_reads.all()) children.add_read(read);
  children.add_lookup(o.lookup.steps.all(), o.lookup.attempts, o.lookup.owner.span == o.trace.span);
  if (!o.token.jti.empty()) children.add_signing(o.token);
  sink_->offer(std::move(spans));
}

Span Tracing::span_of(const RequestOutcome& o, WallTime start, WallTime end) const {
  Span span = root_of(o.trace, name_of(o), Span::Kind::server);
  span.attributes.reserve(kAttributes);
  span.start = start;
  span.end = end;
  add(span, "http.request.method", known_method(o.method));
  add(span, "http.route", o.route);
  add(span, "url.path", cut(o.path, kPathBytes));
  add(span, "url.scheme", scheme_);
  add(span, "http.response.status_code", o.status);
  add(span, "http.response.body.size", static_cast<std::int64_t>(o.body_bytes));
  add(span, "server.address", host_);
  if (port_ != 0) add(span, "server.port", port_);
  add(span, "network.peer.address", shown_.address(o.peer).view());
  add(span, "client.address", shown_.address(o.client).view());
  add(span, "user.id", shown_.user_id(o.consumer_id).view());
  add(span, "authd.request.id", o.request_id);
  add(span, "authd.token.jti", o.token.jti);
  add(span, "authd.token.stale_reason", cut(o.stale, kMessageBytes));
  span.failed = o.status >= 500 || o.faulted; // the conventions leave 4xx of a server unset
  if (o.status >= 400) add(span, "error.type", error_type(o));
  if (o.status >= 400) span.message = cut(o.message(), kMessageBytes);
  const bool is_shared = o.lookup.owner && o.lookup.owner.span != o.trace.span;
  if (is_shared) add(span, "authd.lookup.trace_id", view(hex_of(o.lookup.owner.trace)));
  return span;
}

void Tracing::refreshed(const pipeline::RefreshReport& report) {
  const auto steps = report.steps.all();
  if (sink_ == nullptr || !report.trace.sampled || steps.empty()) return;
  const Clocks clocks;
  std::vector<Span> spans{root_of(report.trace, "lookup refresh", Span::Kind::internal)};
  spans[0].start = clocks.wall(steps.front().begun);
  spans[0].end = clocks.wall(steps.back().begun + steps.back().duration);
  add(spans[0], "authd.lookup.result", report.result);
  spans[0].failed = report.result.starts_with("AUTH_");
  Children(report.trace, clocks, hides_names_, spans).add_lookup(steps, report.attempts, true);
  sink_->offer(std::move(spans));
}

} // namespace authd::telemetry
