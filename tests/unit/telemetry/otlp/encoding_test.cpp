// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/encoding.h"

#include <cmath>
#include <set>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <gtest/gtest.h>

#include "samples.h"
#include "support/otlp_collector.h"
#include "support/otlp_decoder.h"
#include "telemetry/otlp/gzip.h"

namespace authd::telemetry::otlp {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using test::attribute_of;
using test::OtlpExport;

const Resource kResource{"authd-test", "1.2.3", "test", "host-1", 4711};

template <class... What>
OtlpExport exported(const std::string& path, const std::string& message, const What&... what) {
  OtlpExport e{path, {}, encode(kResource, what...), {}};
  e.json = test::decode_otlp(message, e.body);
  return e;
}
OtlpExport exported(const std::vector<Span>& spans) {
  return exported("/v1/traces", "ExportTraceServiceRequest", std::span<const Span>(spans));
}
OtlpExport exported(const std::vector<LogRecord>& records) {
  return exported("/v1/logs", "ExportLogsServiceRequest", std::span<const LogRecord>(records));
}
OtlpExport exported(const Snapshot& snapshot) {
  return exported("/v1/metrics", "ExportMetricsServiceRequest", snapshot);
}

TEST(OtlpEncoding, SaysWhoSends) {
  for (const OtlpExport& e : {exported(sample_spans(1)), exported({sample_record()}), exported(sample_snapshot())}) {
    EXPECT_EQ(e.resource("service.name"), "authd-test");
    EXPECT_EQ(e.resource("service.version"), "1.2.3");
    EXPECT_EQ(e.resource("deployment.environment"), "test");
    EXPECT_EQ(e.resource("host.name"), "host-1");
    EXPECT_EQ(e.resource("process.pid"), "4711");
    EXPECT_NE(e.body.find(R"("scope":{"name":"authd","version":")"), std::string::npos);
  }
}

TEST(OtlpEncoding, OfASpanHasItsIdsInHexAndItsTimesAsText) {
  const auto span = exported(sample_spans(1)).items().at("GET /tokens");
  EXPECT_EQ(span->getValue<std::string>("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span->getValue<std::string>("spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(span->getValue<std::string>("parentSpanId"), "0000000000000009");
  EXPECT_EQ(span->getValue<std::string>("traceState"), "kong=1");
  EXPECT_EQ(span->getValue<int>("kind"), 2);
  EXPECT_EQ(span->getValue<std::string>("startTimeUnixNano"), "1700000000123456789");
  EXPECT_EQ(span->getValue<std::string>("endTimeUnixNano"), "1700000000223456789");
  EXPECT_EQ(attribute_of(*span, "http.request.method"), "GET");
  EXPECT_EQ(attribute_of(*span, "http.response.status_code"), "9007199254740993") << "all 64 bits";
  EXPECT_EQ(attribute_of(*span, "authd.ratio"), "0.5");
  EXPECT_EQ(attribute_of(*span, "authd.token.stale"), "true");
  EXPECT_EQ(span->getObject("status")->getValue<int>("code"), 2);
  EXPECT_EQ(span->getObject("status")->getValue<std::string>("message"), "the gateway hangs");
}

TEST(OtlpEncoding, OfARootHasNoParent) {
  Span span;
  span.trace[0] = span.id[0] = 1;
  span.name = "root";
  const auto root = exported(std::vector<Span>{span}).items().at("root");
  for (const char* member : {"parentSpanId", "traceState", "status", "attributes"})
    EXPECT_FALSE(root->has(member)) << member;
}

TEST(OtlpEncoding, OfALogRecordHasItsSeverityAndItsSpan) {
  const auto record = exported({sample_record()}).items().at("token issued");
  EXPECT_EQ(record->getValue<std::string>("timeUnixNano"), "1700000000000000001");
  EXPECT_EQ(record->getValue<std::string>("observedTimeUnixNano"), "1700000000000000001");
  EXPECT_EQ(record->getValue<int>("severityNumber"), 13);
  EXPECT_EQ(record->getValue<std::string>("severityText"), "warn");
  EXPECT_EQ(record->getValue<std::string>("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(record->getValue<std::string>("spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(attribute_of(*record, "event.action"), "token-issued");
  EXPECT_EQ(attribute_of(*record, "user.name"), "alice");
  EXPECT_FALSE(exported(std::vector<LogRecord>(1)).items().at("")->has("traceId"));
}

TEST(OtlpEncoding, OfAnyBytesIsUtf8) {
  LogRecord record = sample_record("bad \xff\xc0 \x01 bytes");
  record.attributes = {{"error.message", std::string("\xed\xa0\x80 \"quoted\"")}};
  EXPECT_EQ(exported({record}).items().count("bad \uFFFD\uFFFD \x01 bytes"), 1u);
}

TEST(OtlpEncoding, OfMetricsHasEveryInstrumentWithItsKindAndUnit) {
  const auto metrics = exported(sample_snapshot()).items();
  EXPECT_EQ(metrics.size(), instruments().size());
  for (const Instrument& i : instruments()) {
    const auto& metric = metrics.at(std::string(i.name));
    EXPECT_EQ(metric->getValue<std::string>("unit"), i.unit);
    EXPECT_EQ(metric->getValue<std::string>("description"), i.help);
    const char* data = i.kind == InstrumentKind::counter ? "sum"
                       : i.kind == InstrumentKind::gauge ? "gauge"
                                                         : "histogram";
    ASSERT_TRUE(metric->has(data)) << i.name;
    const auto held = metric->getObject(data);
    EXPECT_EQ(held->optValue("aggregationTemporality", 0), i.kind == InstrumentKind::gauge ? 0 : 2) << i.name;
    EXPECT_EQ(held->optValue("isMonotonic", false), i.kind == InstrumentKind::counter) << i.name;
    const auto point = held->getArray("dataPoints")->getObject(0);
    EXPECT_EQ(point->getValue<std::string>("timeUnixNano"), "1700000010000000000");
    EXPECT_EQ(point->optValue<std::string>("startTimeUnixNano", "none"),
              i.kind == InstrumentKind::gauge ? "none" : "1700000000000000000");
    for (const auto label : i.label_names())
      EXPECT_EQ(attribute_of(*point, std::string(label)), std::string(label) + "-value");
  }
}

TEST(OtlpEncoding, OfValuesKeepsThem) {
  const auto metrics = exported(sample_snapshot()).items();
  const auto point = [&](const char* name, const char* data) {
    return metrics.at(name)->getObject(data)->getArray("dataPoints")->getObject(0);
  };
  EXPECT_EQ(point("http_requests_total", "sum")->getValue<std::string>("asInt"), "42");
  EXPECT_EQ(point("lane_queue_depth", "gauge")->getValue<double>("asDouble"), 0.75);
  const auto histogram = point("http_response_time_seconds", "histogram");
  EXPECT_EQ(histogram->getValue<std::string>("count"), std::to_string(2 * kBuckets));
  EXPECT_EQ(histogram->getValue<double>("sum"), 1.25);
  ASSERT_EQ(histogram->getArray("bucketCounts")->size(), kBuckets);
  ASSERT_EQ(histogram->getArray("explicitBounds")->size(), kBounds.size());
  for (unsigned i = 0; i < kBounds.size(); ++i)
    EXPECT_EQ(histogram->getArray("explicitBounds")->getElement<double>(i), kBounds[i]);
}

TEST(OtlpEncoding, OfWhatHasNoPointsIsNothing) {
  Snapshot snapshot = sample_snapshot();
  snapshot.families[static_cast<std::size_t>(Id::process_memory_limit)].points.clear();
  snapshot.families[static_cast<std::size_t>(Id::process_threads)].points[0].value = std::nan("");
  const auto metrics = exported(snapshot).items();
  EXPECT_EQ(metrics.count("process_memory_limit"), 0u);
  EXPECT_EQ(metrics.count("process_threads"), 0u) << "no number";
  EXPECT_EQ(points_of(snapshot), instruments().size() - 2);
}

TEST(OtlpEncoding, IsWhatGunzipGivesBack) {
  const std::string body = encode(kResource, std::span<const Span>(sample_spans(500)));
  const std::string packed = gzip(body);
  EXPECT_LT(packed.size(), body.size() / 10);
  EXPECT_EQ(test::gunzip(packed), body);
  EXPECT_EQ(test::gunzip(gzip("")), "");
}

// The decoder must be able to refuse, or the tests above show nothing.
TEST(OtlpDecoder, RefusesWhatTheJsonEncodingDoesNotHave) {
  const std::string good = encode(kResource, std::span<const Span>(sample_spans(1)));
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"4bf92f3577b34da6a3ce929d0e0e4736", "S/kvNXezTaajzpKdDg5HNg=="},
      {"00f067aa0ba902b7", "00F067AA0BA902B7"},
      {"\"1700000000123456789\"", "1700000000123456789"},
      {"\"kind\":2", "\"kind\":\"SPAN_KIND_SERVER\""},
      {"\"traceState\"", "\"trace_state\""},
      {"{\"stringValue\":\"GET\"}", "{}"},
      {"{\"intValue\":\"4711\"}", "{\"intValue\":4711}"},
  };
  for (const auto& [from, to] : changes) {
    std::string bad = good;
    const auto at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    EXPECT_THROW(test::decode_otlp("ExportTraceServiceRequest", bad), std::runtime_error) << to;
  }
  EXPECT_THROW(test::decode_otlp("ExportMetricsServiceRequest", good), std::runtime_error);
  EXPECT_THROW(test::gunzip("no"), std::runtime_error);
}

} // namespace
} // namespace authd::telemetry::otlp
