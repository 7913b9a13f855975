// SPDX-License-Identifier: Apache-2.0
// What arrives at a collector: one trace from Kong's request to Kong's Admin API, every instrument, the log in place of
// stdout; and no secret in any of it.
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "scene.h"
#include "support/free_port.h"
#include "support/otlp_collector.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using Poco::JSON::Object;
using testing::IsEmpty;
using Kind = KongFault::Kind;

constexpr auto kTraces = "/v1/traces";
constexpr auto kMetrics = "/v1/metrics";
constexpr auto kLogs = "/v1/logs";
constexpr std::chrono::seconds kPatience{20};
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpanOfKong = "00f067aa0ba902b7";

Scene::Change exporting_to(const OtlpCollector& collector, const std::string& mode = "both") {
  return [url = collector.url(), mode](Settings& s) {
    s.set_text("telemetry", "mode", mode).set_text("telemetry", "endpoint", url);
    s.set_text("telemetry", "export_interval", "1s");
  };
}

FakeKong::Options recording() {
  FakeKong::Options options;
  options.record_requests = true;
  return options;
}

Headers in_a_trace(Headers headers, const std::string& flags = "01") {
  headers.emplace_back("traceparent", "00-" + kTrace + "-" + kSpanOfKong + "-" + flags);
  return headers;
}

std::string text(const Object::Ptr& object, const std::string& name) {
  return object->optValue<std::string>(name, std::string());
}

class OneTrace : public testing::Test {
 protected:
  // The spans of the export that has a server span, once it is there.
  std::vector<Object::Ptr> spans() {
    const auto sent = collector_.await_item(kTraces, "GET /tokens");
    EXPECT_TRUE(sent);
    return sent ? sent->list() : std::vector<Object::Ptr>();
  }
  // The only one of that name below a parent; null: there is none, or there are several.
  static Object::Ptr below(const std::vector<Object::Ptr>& spans, const std::string& parent, const std::string& name) {
    Object::Ptr found;
    for (const Object::Ptr& span : spans) {
      if (text(span, "parentSpanId") != parent || text(span, "name") != name) continue;
      if (found) return nullptr;
      found = span;
    }
    return found;
  }

  OtlpCollector collector_;
  Scene scene_{exporting_to(collector_), recording()};
};

TEST_F(OneTrace, GoesFromKongOverTierAndGatewayToTheSignature) {
  ASSERT_EQ(scene_.tokens(in_a_trace(kAlice)).status, 200);
  const auto all = spans();
  for (const Object::Ptr& span : all) EXPECT_EQ(text(span, "traceId"), kTrace) << text(span, "name");
  const auto request = below(all, kSpanOfKong, "GET /tokens");
  ASSERT_TRUE(request);
  EXPECT_EQ(attribute_of(*request, "http.route"), "/tokens");
  EXPECT_EQ(attribute_of(*request, "http.response.status_code"), "200");
  const std::string parent = text(request, "spanId");
  const auto tier = below(all, parent, "cache get");
  ASSERT_TRUE(tier);
  EXPECT_EQ(attribute_of(*tier, "authd.cache.result"), "miss");
  EXPECT_TRUE(below(all, parent, "sign"));
  const auto call = below(all, parent, "gateway list");
  ASSERT_TRUE(call);
  const auto exchange = below(all, text(call, "spanId"), "GET");
  ASSERT_TRUE(exchange);
  const auto requests = scene_.kong.traffic().requests;
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header("traceparent"), "00-" + kTrace + "-" + text(exchange, "spanId") + "-01");
  EXPECT_THAT(collector_.refusals(), IsEmpty());
}

TEST_F(OneTrace, OfWhatFailedIsKeptThoughTheCallerDoesNotSample) {
  scene_.kong.set_fault({Kind::error_500});
  ASSERT_EQ(scene_.tokens(in_a_trace(kAlice, "00")).status, 503);
  const auto all = spans();
  ASSERT_FALSE(all.empty());
  const auto request = below(all, kSpanOfKong, "GET /tokens");
  ASSERT_TRUE(request);
  EXPECT_EQ(attribute_of(*request, "error.type"), "AUTH_004");
  EXPECT_EQ(request->getObject("status")->getValue<int>("code"), 2);
}

struct Row {
  const char* member; // of OTLP's Metric
  const char* unit;
};

// Of spec/observability.md, but for process_memory_limit, which needs a cgroup with a limit.
const std::map<std::string, Row>& instruments() {
  static const std::map<std::string, Row> all{
      {"http_requests_total", {"sum", "{request}"}},
      {"http_response_time_seconds", {"histogram", "s"}},
      {"http_active_connections", {"gauge", "{connection}"}},
      {"http_active_requests", {"gauge", "{request}"}},
      {"jwt_tokens_generated", {"sum", "{token}"}},
      {"jwt_generation_seconds", {"histogram", "s"}},
      {"token_failures_total", {"sum", "{request}"}},
      {"kong_operations", {"sum", "{call}"}},
      {"kong_operation_seconds", {"histogram", "s"}},
      {"cache_tier_operations", {"sum", "{operation}"}},
      {"cache_tier_latency", {"histogram", "s"}},
      {"cache_entries", {"gauge", "{entry}"}},
      {"cache_bytes", {"gauge", "By"}},
      {"cache_evictions_total", {"sum", "{entry}"}},
      {"circuit_breaker_state", {"gauge", "1"}},
      {"circuit_breaker_requests_total", {"sum", "{call}"}},
      {"circuit_breaker_rejected_total", {"sum", "{call}"}},
      {"circuit_breaker_fallback_total", {"sum", "{request}"}},
      {"circuit_breaker_state_transitions_total", {"sum", "{transition}"}},
      {"lookup_coalesced_total", {"sum", "{request}"}},
      {"lookup_refresh_ahead_total", {"sum", "{lookup}"}},
      {"lane_queue_depth", {"gauge", "{job}"}},
      {"lane_rejected_total", {"sum", "{job}"}},
      {"rate_limit_evictions_total", {"sum", "{consumer}"}},
      {"reactor_loop_delay_seconds", {"histogram", "s"}},
      {"consumer_volume_total", {"sum", "{token}"}},
      {"process_cpu_usage", {"gauge", "1"}},
      {"process_memory_usage", {"gauge", "By"}},
      {"process_open_fds", {"gauge", "{descriptor}"}},
      {"process_threads", {"gauge", "{thread}"}},
      {"system_cpu_utilization", {"gauge", "1"}},
      {"system_memory_usage", {"gauge", "By"}},
      {"system_disk_io_bytes", {"sum", "By"}},
      {"system_network_io_bytes", {"sum", "By"}},
      {"metrics_collections_total", {"sum", "{collection}"}},
      {"otlp_exports_total", {"sum", "{export}"}},
      {"otlp_dropped_total", {"sum", "{item}"}},
  };
  return all;
}

class EveryInstrument : public testing::Test {
 protected:
  // Brings about what is counted: hits, misses, a refresh, lookups that join one, refusals of lane and breaker.
  void use_everything() {
    ASSERT_EQ(scene_.tokens().status, 200);
    scene_.outlive_ttl();
    join_a_lookup();
    overload_the_lane();
    scene_.kong.set_fault(KongOperation::list, {Kind::error_500});
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::string code;
    for (int n = 0; code != "AUTH_005" && std::chrono::steady_clock::now() < deadline; ++n)
      code = code_of(scene_.tokens(stranger(n)));
    EXPECT_EQ(code, "AUTH_005");
    EXPECT_EQ(scene_.tokens().status, 200) << "a stale copy";
  }

  void join_a_lookup() {
    scene_.kong.set_fault(KongOperation::list, {Kind::hang});
    scene_.kong.forget_traffic();
    HttpConnection first(scene_.port());
    HttpConnection second(scene_.port());
    first.send(request_text("GET", "/tokens", stranger(900)));
    ASSERT_TRUE(scene_.kong.await(KongOperation::list, 1, kPatience));
    second.send(request_text("GET", "/tokens", stranger(900)));
    EXPECT_EQ(first.read(kPatience)->status, 503);
    EXPECT_EQ(second.read(kPatience)->status, 503);
  }

  // There is one worker, and it waits for Kong.
  void overload_the_lane() {
    scene_.kong.forget_traffic();
    std::vector<HttpConnection> waiting;
    for (int n = 0; n < 80; ++n) {
      waiting.emplace_back(scene_.port());
      waiting.back().send(request_text("GET", "/tokens", stranger(1000 + n)));
    }
    std::set<std::string> codes;
    for (HttpConnection& one : waiting) codes.insert(code_of(*one.read(kPatience)));
    EXPECT_EQ(codes.count("AUTH_014"), 1u);
  }

  // The last export of each metric, once there is one of every instrument; or what came until then.
  std::map<std::string, Object::Ptr> arrived() {
    std::map<std::string, Object::Ptr> all;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (std::size_t n = 1; all.size() < instruments().size() && std::chrono::steady_clock::now() < deadline; ++n) {
      const auto exports = collector_.await(kMetrics, n);
      for (const auto& [name, metric] : exports.back().items()) all[name] = metric;
    }
    return all;
  }

  OtlpCollector collector_;
  Scene scene_{[this](Settings& s) {
    exporting_to(collector_)(s);
    s.set("gateway", "pool_size", "1");
  }};
};

TEST_F(EveryInstrument, ArrivesWithItsKindUnitAndTemporality) {
  use_everything();
  auto all = arrived();
  all.erase("process_memory_limit");
  for (const auto& [name, row] : instruments()) {
    SCOPED_TRACE(name);
    ASSERT_EQ(all.count(name), 1u);
    const Object::Ptr metric = all[name];
    EXPECT_EQ(text(metric, "unit"), row.unit);
    ASSERT_TRUE(metric->has(row.member));
    const Object::Ptr data = metric->getObject(row.member);
    EXPECT_GT(data->getArray("dataPoints")->size(), 0u);
    if (row.member == std::string("gauge")) continue;
    EXPECT_EQ(data->getValue<int>("aggregationTemporality"), 2) << "cumulative";
    if (row.member == std::string("sum")) {
      EXPECT_TRUE(data->getValue<bool>("isMonotonic"));
    }
  }
  EXPECT_EQ(all.size(), instruments().size());
  EXPECT_THAT(collector_.refusals(), IsEmpty());
}

// authd without the scene, which waits for a line on stdout.
class InPlaceOfStdout : public testing::Test {
 protected:
  InPlaceOfStdout() {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
  }
  std::string configured(const std::string& toml) { return dir_.write("authd.toml", toml); }
  Settings settings() {
    Settings s(kong_.url());
    exporting_to(collector_, "otlp")(s);
    s.set("server", "port", std::to_string(port_)).set_text("telemetry", "log_level", "debug");
    return s.set_text("telemetry", "access_log", "all");
  }

  const std::uint16_t port_ = free_port();
  const TempDir dir_;
  OtlpCollector collector_;
  FakeKong kong_;
};

TEST_F(InPlaceOfStdout, TheCollectorGetsTheLog) {
  ChildProcess authd({AUTHD_BINARY, "--config", configured(settings().toml())}, {});
  ASSERT_TRUE(collector_.await_item(kLogs, "ready on http://127.0.0.1:" + std::to_string(port_)));
  ASSERT_EQ(get(port_, "/tokens", in_a_trace(kAlice)).status, 200);
  const auto sent = collector_.await_item(kLogs, "request answered");
  ASSERT_TRUE(sent) << collector_.everything();
  const Object::Ptr record = sent->items().at("request answered");
  EXPECT_EQ(text(record, "traceId"), kTrace);
  EXPECT_EQ(attribute_of(*record, "event.action"), "request");
  authd.signal(SIGTERM);
  EXPECT_EQ(authd.await_exit(kPatience), 0);
  EXPECT_TRUE(collector_.await_item(kLogs, "every request was answered")) << "the last flush";
  EXPECT_EQ(authd.everything(), "");
}

// What ends the process at once could not be exported any more.
TEST_F(InPlaceOfStdout, AForcedExitIsWrittenThere) {
  Settings s = settings();
  ChildProcess authd({AUTHD_BINARY, "--config", configured(s.set_text("server", "drain_delay", "1m").toml())}, {});
  ASSERT_TRUE(collector_.await_item(kLogs, "ready on http://127.0.0.1:" + std::to_string(port_)));
  authd.signal(SIGTERM);
  ASSERT_TRUE(collector_.await_item(kLogs, "received SIGTERM"));
  authd.signal(SIGTERM);
  EXPECT_EQ(authd.await_exit(kPatience), 1);
  EXPECT_THAT(authd.everything(), testing::HasSubstr("exit-forced"));
}

TEST_F(InPlaceOfStdout, AReloadThatEndsItLosesNoLine) {
  const std::string file = configured(settings().set_text("telemetry", "export_interval", "1h").toml());
  ChildProcess authd({AUTHD_BINARY, "--config", file}, {});
  const auto answers = [&] {
    try {
      return get(port_, "/tokens", in_a_trace(kAlice)).status == 200;
    } catch (const std::exception&) {
      return false;
    }
  };
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!answers() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(10));
  configured(settings().set_text("telemetry", "mode", "console").toml());
  authd.signal(SIGHUP);
  EXPECT_TRUE(collector_.await_item(kLogs, "token issued")) << "it waited for the next export";
  EXPECT_TRUE(authd.await_line([](const std::string& line) { return line.find("\"reloaded\"") != std::string::npos; },
                               kPatience));
}

TEST_F(InPlaceOfStdout, NothingIsLostWhereNoEndpointTakesLogs) {
  Settings s = settings();
  s.set("telemetry", "endpoint", "").set_text("telemetry", "traces_endpoint", collector_.url() + kTraces);
  AuthdProcess authd(s);
  authd.await_ready(); // a line on stdout
  EXPECT_EQ(get(authd.port(), "/tokens", in_a_trace(kAlice)).status, 200);
  EXPECT_TRUE(collector_.await_item(kTraces, "GET /tokens"));
}

TEST(OtlpSecrets, AppearInNoSignal) {
  OtlpCollector collector;
  Scene scene(
      [&](Settings& s) {
        exporting_to(collector)(s);
        s.set_text("gateway", "admin_token", "planted-in-config");
        s.set("telemetry", "headers", R"(["Authorization=Bearer%20planted-in-headers"])");
        s.set_text("telemetry", "log_level", "debug").set_text("telemetry", "access_log", "all");
      },
      recording());
  const std::string bob = scene.kong.add_consumer("bob");
  scene.kong.add_credential(bob, {"bob-key", "planted-in-kong-0123456789abcdef"});
  Headers headers = in_a_trace(consumer_headers(bob, "bob"));
  headers.emplace_back("Authorization", "Bearer planted-in-request");
  headers.emplace_back("Cookie", "planted-in-cookie");
  std::string token;
  for (const Kind kind : {Kind::none, Kind::error_500, Kind::garbage, Kind::unauthorized_401, Kind::none}) {
    scene.kong.set_fault({kind});
    const HttpReply reply = scene.tokens(headers);
    if (reply.status == 200) token = token_of(reply);
    scene.tokens(in_a_trace(stranger(static_cast<int>(kind))));
    get(scene.port(), "/tokens?api_key=planted-in-query", headers);
  }
  ASSERT_FALSE(token.empty());
  for (const char* path : {kTraces, kMetrics, kLogs}) ASSERT_FALSE(collector.await(path, 1).empty()) << path;
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_EQ(collector.received(kTraces).at(0).request.header("Authorization"), "Bearer planted-in-headers");
  for (const std::string& sent : {collector.everything(), scene.authd.child().everything()}) {
    EXPECT_EQ(sent.find("planted-in-"), std::string::npos) << sent.substr(sent.find("planted-in-"), 80);
    EXPECT_EQ(sent.find(token.substr(token.rfind('.'))), std::string::npos) << "a signature";
  }
}

} // namespace
} // namespace authd::test
