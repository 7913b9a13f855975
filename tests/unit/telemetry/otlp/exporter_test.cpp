// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/exporter.h"

#include <gmock/gmock.h>

#include "exporting.h"

namespace authd::telemetry::otlp {
namespace {

using test::OtlpCollector;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OtlpExporter : public Exporting {
 protected:
  OtlpCollector collector_;
};

TEST_F(OtlpExporter, DoesNothingUntilItIsTold) {
  exporter_.offer(sample_spans(3));
  exporter_.offer(sample_record());
  EXPECT_THAT(flush().errors, IsEmpty());
  for (const Signal signal : kSignals) {
    const SignalStats stats = exporter_.statistics()[signal];
    EXPECT_EQ(stats.state, SignalState::inactive);
    EXPECT_EQ(stats.waiting, 0u);
    for (const std::uint64_t dropped : stats.dropped) EXPECT_EQ(dropped, 0u);
  }
}

TEST_F(OtlpExporter, FlushesAllSignals) {
  configure(config_for(collector_.url()));
  exporter_.offer(sample_spans(3));
  exporter_.offer(sample_record("one"));
  exporter_.offer(sample_record("two"));
  const Flush::Report report = flush();
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_THAT(report.items, ElementsAre(3u, points_of(sample_snapshot()), 2u));
  EXPECT_THAT(collector_.refusals(), IsEmpty());
  ASSERT_EQ(collector_.received("/v1/traces").size(), 1u);
  EXPECT_EQ(collector_.received("/v1/traces")[0].count(), 3u);
  EXPECT_EQ(collector_.received("/v1/metrics").at(0).items().size(), instruments().size());
  EXPECT_EQ(collector_.received("/v1/logs").at(0).items().count("two"), 1u);
  EXPECT_EQ(traces().state, SignalState::active);
  EXPECT_EQ(traces().of(ExportResult::success), 1u);
  EXPECT_EQ(traces().exported, 3u);
  EXPECT_TRUE(traces().last_success);
}

TEST_F(OtlpExporter, SendsInBatchesOverOneConnection) {
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.batch_size = 4;
  config.telemetry.otlp.traces_endpoint = collector_.url() + "/v1/traces";
  config.telemetry.otlp.endpoint.clear();
  configure(config);
  exporter_.offer(sample_spans(10));
  collector_.await("/v1/traces", 2);
  flush();
  EXPECT_EQ(collector_.received("/v1/traces").size(), 3u);
  EXPECT_EQ(collector_.connections(), 1u);
  std::size_t spans = 0;
  for (const auto& e : collector_.received("/v1/traces")) {
    EXPECT_LE(e.count(), 4u);
    spans += e.count();
  }
  EXPECT_EQ(spans, 10u);
}

TEST_F(OtlpExporter, SendsWhatIsThereAtEachInterval) {
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.export_interval = milliseconds(50);
  configure(config);
  exporter_.offer(sample_spans(1));
  EXPECT_EQ(collector_.await("/v1/traces", 1).size(), 1u);
  EXPECT_EQ(collector_.await("/v1/metrics", 3).size(), 3u);
  EXPECT_EQ(collector_.received("/v1/traces").size(), 1u) << "nothing more was offered";
  EXPECT_EQ(collector_.received("/v1/logs").size(), 0u);
}

TEST_F(OtlpExporter, SendsEachSignalToItsOwnEndpoint) {
  OtlpCollector other;
  config::Config config = config_for(collector_.url() + "/base");
  config.telemetry.otlp.traces_endpoint = other.url() + "/v1/traces";
  config.telemetry.otlp.metrics_endpoint = other.url() + "/v1/metrics";
  configure(config);
  exporter_.offer(sample_spans(1));
  exporter_.offer(sample_record());
  const auto report = flush();
  EXPECT_EQ(other.received("/v1/traces").size(), 1u);
  EXPECT_EQ(other.received("/v1/metrics").size(), 1u);
  EXPECT_THAT(report.errors, ElementsAre(HasSubstr("logs: POST " + collector_.url() + "/base/v1/logs: answered 400")));
  EXPECT_THAT(collector_.refusals(), ElementsAre("target /base/v1/logs"));
}

TEST_F(OtlpExporter, LeavesOutSignalsWithoutAnEndpoint) {
  config::Config config = config_for("");
  config.telemetry.otlp.logs_endpoint = collector_.url() + "/v1/logs";
  configure(config);
  exporter_.offer(sample_spans(1));
  exporter_.offer(sample_record());
  EXPECT_THAT(flush().items, ElementsAre(0u, 0u, 1u));
  EXPECT_EQ(traces().state, SignalState::inactive);
  EXPECT_EQ(exporter_.statistics()[Signal::logs].state, SignalState::active);
}

TEST_F(OtlpExporter, SendsTheHeaders) {
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.headers.push_back({"Authorization", Secret("Bearer hunter2")});
  configure(config);
  exporter_.offer(sample_spans(1));
  flush();
  EXPECT_EQ(collector_.received("/v1/traces").at(0).request.header("authorization"), "Bearer hunter2");
}

TEST_F(OtlpExporter, FollowsAReload) {
  OtlpCollector other;
  configure(config_for(collector_.url()));
  exporter_.offer(sample_spans(2));
  configure(config_for(other.url()));
  flush();
  EXPECT_EQ(collector_.received("/v1/traces").size(), 0u);
  EXPECT_EQ(other.received("/v1/traces").at(0).count(), 2u) << "what waited goes to where exports go now";
}

TEST_F(OtlpExporter, ExportsOnceMoreWhatWaitsWhenASignalIsSwitchedOff) {
  configure(config_for(collector_.url()));
  exporter_.offer(sample_spans(2));
  exporter_.offer(sample_record());
  configure(config::Config());
  exporter_.offer(sample_spans(5)); // nobody wants these
  const SignalStats stats = await(Signal::traces, [](const SignalStats& s) { return s.waiting == 0; });
  EXPECT_EQ(stats.state, SignalState::inactive);
  EXPECT_EQ(stats.of(DropReason::shutdown), 0u);
  EXPECT_EQ(collector_.await("/v1/traces", 1).at(0).count(), 2u);
  EXPECT_EQ(collector_.await("/v1/logs", 1).at(0).count(), 1u);
}

TEST_F(OtlpExporter, FlushesOnceMoreWhenItStops) {
  configure(config_for(collector_.url()));
  exporter_.offer(sample_spans(3));
  exporter_.stop();
  EXPECT_EQ(collector_.received("/v1/traces").at(0).count(), 3u);
  EXPECT_EQ(collector_.received("/v1/metrics").size(), 1u);
  exporter_.offer(sample_spans(2));
  EXPECT_EQ(traces().of(DropReason::shutdown), 2u);
  EXPECT_THAT(flush().items, ElementsAre(0u, 0u, 0u)) << "answered, and nothing sent";
}

TEST(OtlpUrl, IsTheSignalsOwnOrTheBaseWithItsPath) {
  config::Otlp otlp;
  EXPECT_EQ(url_of(Signal::traces, otlp), "");
  otlp.endpoint = "https://otel:4318";
  EXPECT_EQ(url_of(Signal::traces, otlp), "https://otel:4318/v1/traces");
  otlp.endpoint = "https://otel:4318/base/";
  EXPECT_EQ(url_of(Signal::metrics, otlp), "https://otel:4318/base/v1/metrics");
  otlp.logs_endpoint = "https://logs/in?key=hunter2";
  EXPECT_EQ(url_of(Signal::logs, otlp), "https://logs/in?key=hunter2");
  EXPECT_EQ(displayed_url(Signal::logs, otlp), "https://logs/in");
}

TEST(OtlpStatistics, FillTheirInstruments) {
  ExporterStats stats;
  stats.signals[0].state = SignalState::failing;
  stats.signals[0].of(ExportResult::failure) = 3;
  stats.signals[2].of(DropReason::queue_full) = 9;
  Snapshot snapshot;
  for (const Instrument& instrument : instruments()) snapshot.families.push_back({&instrument, {}});
  Reading reading(snapshot);
  read_into(reading, stats);
  const auto value = [&](Id id, std::vector<std::string> labels) {
    for (const Point& point : snapshot[id].points)
      if (point.labels == labels) return point.value;
    return -1.0;
  };
  EXPECT_EQ(value(Id::otlp_exports, {"traces", "failure"}), 3);
  EXPECT_EQ(value(Id::otlp_exports, {"traces", "success"}), 0);
  EXPECT_EQ(value(Id::otlp_exports, {"metrics", "success"}), -1) << "is not exported";
  EXPECT_EQ(value(Id::otlp_dropped, {"logs", "queue_full"}), 9);
}

} // namespace
} // namespace authd::telemetry::otlp
