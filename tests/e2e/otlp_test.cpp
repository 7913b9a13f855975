// SPDX-License-Identifier: Apache-2.0
// Telemetry on its way to a collector that takes OTLP strictly, or fails: what the daemon sends, says and counts.
#include <csignal>

#include <gmock/gmock.h>

#include "scene.h"
#include "support/certificates.h"
#include "support/free_port.h"
#include "support/otlp_collector.h"

namespace authd::test {
namespace {

using Poco::JSON::Object;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kMetrics = "/v1/metrics";

Scene::Change exporting_to(const std::string& url, const std::string& mode = "both") {
  return [=](Settings& s) {
    s.set_text("telemetry", "mode", mode).set_text("telemetry", "endpoint", url);
    s.set_text("telemetry", "export_interval", "1s");
  };
}

Object::Ptr json_of(const HttpReply& reply) {
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  return parse_object(reply.body);
}

Object::Ptr post(std::uint16_t port, const std::string& path, const std::string& body = {}) {
  return json_of(fetch(port, "POST", path, {}, body));
}

TEST(Otlp, MetricsArriveWithWhoSendsThem) {
  OtlpCollector collector;
  const Scene scene(exporting_to(collector.url()));
  const auto sent = collector.await_item(kMetrics, "otlp_exports_total");
  ASSERT_TRUE(sent) << "the second export tells of the first";
  EXPECT_EQ(sent->resource("service.name"), "authentication-service");
  EXPECT_EQ(sent->resource("deployment.environment"), "test");
  EXPECT_NE(sent->resource("host.name"), "");
  EXPECT_NE(sent->resource("process.pid"), "");
  EXPECT_THAT(collector.refusals(), IsEmpty());
}

TEST(Otlp, HealthTellsHowExportsGo) {
  OtlpCollector collector;
  const Scene scene(exporting_to(collector.url()));
  ASSERT_EQ(collector.await(kMetrics, 1).size(), 1u);
  const auto health = json_of(get(scene.port(), "/health/telemetry"));
  EXPECT_EQ(health->getValue<std::string>("status"), "healthy");
  EXPECT_EQ(health->getValue<std::string>("mode"), "both");
  EXPECT_EQ(health->getObject("endpoints")->getValue<std::string>("traces"), collector.url() + "/v1/traces");
  EXPECT_EQ(health->getObject("exporters")->getValue<std::string>("metrics"), "active");
  EXPECT_TRUE(health->has("timestamp"));
  const auto telemetry = health->getObject("telemetry");
  EXPECT_EQ(telemetry->getValue<std::string>("mode"), "both");
  EXPECT_TRUE(telemetry->getObject("status")->has("logs"));
  EXPECT_EQ(telemetry->getObject("configuration")->getValue<int>("exportInterval"), 1000);
  const auto dependency = json_of(get(scene.port(), "/health"))->getObject("dependencies")->getObject("telemetry");
  EXPECT_EQ(dependency->getValue<std::string>("status"), "healthy");
  EXPECT_EQ(dependency->getObject("endpoints")->getValue<std::string>("logs"), collector.url() + "/v1/logs");
}

TEST(Otlp, WithoutACollectorNothingIsExported) {
  const Scene scene;
  const auto health = json_of(get(scene.port(), "/health/telemetry"));
  EXPECT_EQ(health->getValue<std::string>("mode"), "console");
  for (const char* signal : {"traces", "metrics", "logs"}) {
    EXPECT_TRUE(health->getObject("endpoints")->isNull(signal)) << signal;
    EXPECT_EQ(health->getObject("exporters")->getValue<std::string>(signal), "inactive");
  }
  const auto exported = post(scene.port(), "/debug/metrics/export");
  EXPECT_FALSE(exported->getValue<bool>("success"));
  EXPECT_EQ(exported->getValue<int>("exportedMetrics"), 0);
  EXPECT_TRUE(json_of(get(scene.port(), "/health/metrics"))->isNull("lastExport"));
}

TEST(Otlp, HealthOfMetricsHasItsCounters) {
  const Scene scene;
  const auto health = json_of(get(scene.port(), "/health/metrics"));
  EXPECT_EQ(health->getValue<std::string>("status"), "healthy");
  EXPECT_TRUE(health->getValue<bool>("metricsEnabled"));
  EXPECT_EQ(health->getValue<int>("exportInterval"), 10'000);
  for (const char* name :
       {"http_requests_total", "jwt_tokens_generated", "kong_operations", "cache_hits", "cache_misses"})
    EXPECT_GE(health->getObject("counters")->getValue<int>(name), 0) << name;
  EXPECT_TRUE(health->has("circuitBreakers"));
}

TEST(Otlp, AnExportOnDemandIsCounted) {
  OtlpCollector collector;
  const Scene scene([&](Settings& s) {
    exporting_to(collector.url())(s);
    s.set_text("telemetry", "export_interval", "1h");
  });
  post(scene.port(), "/debug/metrics/export"); // so that the exporter itself has something to tell
  const auto reply = post(scene.port(), "/debug/metrics/export");
  EXPECT_TRUE(reply->getValue<bool>("success"));
  const auto received = collector.received(kMetrics);
  ASSERT_FALSE(received.empty());
  EXPECT_EQ(reply->getValue<std::size_t>("exportedMetrics"), received.back().items().size());
  EXPECT_EQ(reply->getObject("exported")->getValue<std::size_t>("metrics"), received.back().items().size());
  EXPECT_GE(reply->getValue<int>("duration"), 0);
  EXPECT_EQ(reply->getArray("errors")->size(), 0u);
  EXPECT_TRUE(reply->has("message"));
  EXPECT_TRUE(reply->has("timestamp"));
  const auto stats = json_of(get(scene.port(), "/debug/metrics/stats"));
  EXPECT_GE(stats->getObject("exports")->getValue<int>("total"), 2);
  EXPECT_EQ(stats->getObject("exports")->getValue<int>("failed"), 0);
  EXPECT_EQ(stats->getObject("exports")->getValue<double>("successRate"), 1.0);
  EXPECT_EQ(stats->getObject("lastExport")->getValue<std::string>("signal").empty(), false);
  EXPECT_EQ(stats->getArray("errors")->size(), 0u);
}

TEST(Otlp, TestValuesAreRecordedAndArrive) {
  OtlpCollector collector;
  const Scene scene([&](Settings& s) {
    exporting_to(collector.url())(s);
    s.set_text("telemetry", "export_interval", "1h");
  });
  const auto first = post(scene.port(), "/debug/metrics/test");
  EXPECT_TRUE(first->getValue<bool>("success"));
  EXPECT_EQ(first->getValue<int>("metricsRecorded"), 10);
  const auto reply = post(scene.port(), "/debug/metrics/test", R"({"count":3,"type":"test"})");
  EXPECT_EQ(reply->getValue<int>("metricsRecorded"), 3);
  EXPECT_THAT(reply->getValue<std::string>("message"), testing::StartsWith("Test metrics recorded"));
  const auto metrics = reply->getObject("metrics");
  EXPECT_EQ(metrics->getArray("counters")->getElement<std::string>(0), "test_counter");
  EXPECT_EQ(metrics->getArray("histograms")->getElement<std::string>(0), "test_histogram");
  EXPECT_EQ(metrics->getObject("values")->getValue<int>("test_counter"), 13);
  EXPECT_EQ(metrics->getObject("values")->getObject("test_histogram")->getValue<int>("count"), 13);
  post(scene.port(), "/debug/metrics/export");
  const auto sent = collector.await_item(kMetrics, "test_counter");
  ASSERT_TRUE(sent);
  const auto sum = sent->items().at("test_counter")->getObject("sum");
  EXPECT_EQ(sum->getArray("dataPoints")->getObject(0)->getValue<std::string>("asInt"), "13");
  EXPECT_EQ(sent->items().count("test_histogram"), 1u);
}

TEST(Otlp, TestValuesAreANumberThatMakesSense) {
  const Scene scene;
  for (const char* body :
       {"count=1", "[]", R"({"count":"3"})", R"({"count":0})", R"({"count":1e9})", R"({"count":true})"})
    EXPECT_EQ(fetch(scene.port(), "POST", "/debug/metrics/test", {}, body).status, 400) << body;
  EXPECT_EQ(fetch(scene.port(), "POST", "/debug/metrics/test", {}, "{}").status, 200);
}

TEST(Otlp, DebuggingIsNotThereInProduction) {
  const Scene scene([](Settings& s) {
    s.set_text("server", "environment", "production").set("server", "port", std::to_string(free_port()));
    s.set("security", "trusted_gateways", "[\"127.0.0.0/8\"]");
    s.set("security", "waivers", "[\"gateway.admin_url\", \"gateway.admin_token\"]");
  });
  for (const char* path : {"/debug/metrics/test", "/debug/metrics/export"})
    EXPECT_EQ(fetch(scene.port(), "POST", path).status, 404) << path;
  EXPECT_EQ(get(scene.port(), "/debug/metrics/stats").status, 404);
  EXPECT_EQ(get(scene.port(), "/health/telemetry").status, 200);
}

TEST(Otlp, DebuggingIsForTrustedPeers) {
  const Scene scene([](Settings& s) { s.set("security", "trusted_gateways", "[\"10.0.0.0/8\"]"); });
  EXPECT_EQ(code_of(fetch(scene.port(), "POST", "/debug/metrics/test")), "AUTH_015");
  EXPECT_EQ(code_of(fetch(scene.port(), "POST", "/debug/metrics/export")), "AUTH_015");
  EXPECT_EQ(code_of(get(scene.port(), "/debug/metrics/stats")), "AUTH_015");
}

TEST(Otlp, AReloadMovesTheExports) {
  OtlpCollector first;
  OtlpCollector second;
  Settings settings{"http://127.0.0.1:1"};
  exporting_to(first.url())(settings);
  AuthdProcess authd(settings);
  authd.await_ready();
  ASSERT_TRUE(first.await_item(kMetrics, "otlp_exports_total"));
  exporting_to(second.url())(settings);
  ASSERT_TRUE(authd.reload(settings.toml(), "reloaded"));
  EXPECT_TRUE(second.await_item(kMetrics, "otlp_exports_total"));
  const std::size_t before = first.received(kMetrics).size();
  ASSERT_EQ(second.await(kMetrics, second.received(kMetrics).size() + 2).empty(), false);
  EXPECT_EQ(first.received(kMetrics).size(), before);
}

TEST(Otlp, AReloadReadsTheAuthoritiesAgain) {
  const Authority authority;
  OtlpCollector collector(0, authority.issue());
  const TempDir dir;
  const std::string file = dir.write("ca.pem", Authority("somebody else").pem());
  Settings settings{"http://127.0.0.1:1"};
  exporting_to(collector.url())(settings);
  settings.set_text("telemetry", "ca_file", file);
  AuthdProcess authd(settings);
  authd.await_ready();
  ASSERT_TRUE(authd.await_event("otlp-export-failing", std::chrono::seconds(20), [](const LogLine& line) {
    return line.field("error.message").find("TLS certificate not accepted") != std::string::npos;
  }));
  EXPECT_EQ(collector.received(kMetrics).size(), 0u);
  dir.replace("ca.pem", authority.pem());
  ASSERT_TRUE(authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(collector.await(kMetrics, 1).size(), 1u);
  EXPECT_TRUE(authd.await_event("otlp-export-recovered", std::chrono::seconds(20)));
}

struct BadCollector {
  const char* name;
  OtlpCollector::Fault fault;

  friend std::ostream& operator<<(std::ostream& out, const BadCollector& one) { return out << one.name; }
};

class OtlpCollectorFails : public testing::TestWithParam<BadCollector> {};

// What a fault costs stays with the exporter: the deadline of a request is far below that of an export.
TEST_P(OtlpCollectorFails, TokensAreIssuedAndTheEndIsNear) {
  OtlpCollector collector;
  collector.set_fault(GetParam().fault);
  Scene scene([&](Settings& s) {
    exporting_to(collector.url())(s);
    s.set_text("telemetry", "timeout", "60s");
  });
  ASSERT_FALSE(collector.await(kMetrics, 1).empty());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(get(scene.port(), "/health/ready").status, 200);
  const auto begun = std::chrono::steady_clock::now();
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(std::chrono::seconds(30)), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(15)) << "5 s, and what a busy machine adds";
}

INSTANTIATE_TEST_SUITE_P(
    Otlp, OtlpCollectorFails,
    testing::Values(BadCollector{"Hangs", [](Peer& peer, const ReceivedRequest&) { peer.hang(); }},
                    BadCollector{"IsOverloaded", OtlpCollector::answering(503)},
                    BadCollector{"AsksToWait", OtlpCollector::answering(429, "Retry-After: 60\r\n")},
                    BadCollector{"TalksGarbage",
                                 [](Peer& peer, const ReceivedRequest&) { peer.send("\x16\x03\x01garbage\r\n\r\n"); }},
                    BadCollector{"Drips",
                                 [](Peer& peer, const ReceivedRequest&) {
                                   peer.drip("HTTP/1.1 200 OK\r\nX: " + std::string(4000, 'x'), milliseconds(50));
                                 }}),
    [](const auto& tested) { return tested.param.name; });

TEST(Otlp, ADeadCollectorIsSaidAndCounted) {
  Scene scene(exporting_to("http://127.0.0.1:" + std::to_string(free_port())));
  const auto line = scene.authd.await_event("otlp-export-failing", std::chrono::seconds(20), [](const LogLine& l) {
    return l.field("authd.otlp.signal") == "metrics"; // logs fail too, before or after
  });
  ASSERT_TRUE(line);
  EXPECT_THAT(line->field("error.message"), HasSubstr("Connection refused"));
  const auto health = json_of(get(scene.port(), "/health/telemetry"));
  EXPECT_EQ(health->getValue<std::string>("status"), "degraded");
  EXPECT_EQ(health->getObject("exporters")->getValue<std::string>("metrics"), "failing");
  const HttpReply whole = get(scene.port(), "/health");
  EXPECT_EQ(whole.status, 200) << "tokens are issued nevertheless";
  EXPECT_EQ(parse_object(whole.body)->getValue<std::string>("status"), "degraded");
  const auto exported = post(scene.port(), "/debug/metrics/export");
  EXPECT_FALSE(exported->getValue<bool>("success"));
  EXPECT_EQ(exported->getValue<int>("exportedMetrics"), 0);
  EXPECT_GT(exported->getArray("errors")->size(), 0u);
  EXPECT_GT(json_of(get(scene.port(), "/debug/metrics/stats"))->getArray("errors")->size(), 0u);
  EXPECT_EQ(scene.tokens().status, 200);
}

TEST(Otlp, TheHeadersSecretIsNowhereElse) {
  OtlpCollector collector;
  const std::string secret = "hunter2-of-the-collector";
  Scene scene([&](Settings& s) {
    exporting_to(collector.url())(s);
    s.set("telemetry", "headers", "[\"Authorization=Bearer%20" + secret + "\"]");
  });
  const auto sent = collector.await(kMetrics, 1);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].request.header("Authorization"), "Bearer " + secret);
  collector.set_fault([](Peer& peer, const ReceivedRequest& request) {
    OtlpCollector::answering(
        401, "", R"({"message":"unknown: )" + request.header("Authorization").value_or("") + "\"}")(peer, request);
  });
  ASSERT_TRUE(scene.authd.await_event("otlp-export-failing", std::chrono::seconds(20)));
  std::string all = collector.everything();
  for (const char* path : {"/health", "/health/telemetry", "/health/metrics", "/debug/metrics/stats"})
    all += get(scene.port(), path).body;
  all += fetch(scene.port(), "POST", "/debug/metrics/export").body;
  scene.authd.child().signal(SIGTERM);
  scene.authd.child().await_exit(std::chrono::seconds(30));
  for (const LogLine& line : scene.authd.events("otlp-export-failing")) all += line.text;
  EXPECT_THAT(all, HasSubstr("unknown: [redacted]"));
  EXPECT_THAT(all, Not(HasSubstr(secret)));
}

} // namespace
} // namespace authd::test
