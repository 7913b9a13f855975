// SPDX-License-Identifier: Apache-2.0
// A collector in every bad state: what is sent again, what is dropped and counted, and what it costs.
#include <gmock/gmock.h>

#include "exporting.h"
#include "support/free_port.h"
#include "support/localhost.h"

namespace authd::telemetry::otlp {
namespace {

using test::OtlpCollector;
using test::Peer;
using test::ReceivedRequest;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kTraces = "/v1/traces";

class OtlpFaults : public Exporting {
 protected:
  // Traces alone.
  void export_traces(config::Config config) {
    config.telemetry.otlp.traces_endpoint = config.telemetry.otlp.endpoint + kTraces;
    config.telemetry.otlp.endpoint.clear();
    configure(config);
  }
  void export_traces() { export_traces(config_for(collector_.url())); }

  OtlpCollector collector_;
};

// An answer to the first request only.
OtlpCollector::Fault once(OtlpCollector::Fault fault) {
  return [fault = std::move(fault), first = std::make_shared<std::atomic<bool>>(true)](Peer& peer,
                                                                                       const ReceivedRequest& r) {
    first->exchange(false) ? fault(peer, r) : OtlpCollector::answering(200)(peer, r);
  };
}

TEST_F(OtlpFaults, WhatMayPassIsSentAgain) {
  for (const int status : {429, 502, 503, 504}) {
    OtlpCollector collector;
    collector.set_fault(once(OtlpCollector::answering(status, "Retry-After: 0\r\n")), kTraces);
    export_traces(config_for(collector.url()));
    exporter_.offer(sample_spans(2));
    flush();
    EXPECT_EQ(traces().state, SignalState::failing) << status;
    EXPECT_EQ(traces().waiting, 2u) << status;
    EXPECT_THAT(traces().last_error, HasSubstr("answered " + std::to_string(status)));
    const auto sent = collector.await(kTraces, 2);
    ASSERT_EQ(sent.size(), 2u) << status;
    EXPECT_EQ(sent[0].body, sent[1].body) << status;
    await(Signal::traces, [](const SignalStats& s) { return s.state == SignalState::active; });
  }
  EXPECT_EQ(traces().of(ExportResult::failure), 4u);
  EXPECT_EQ(traces().of(ExportResult::success), 4u);
  EXPECT_EQ(traces().exported, 8u);
  for (const std::uint64_t dropped : traces().dropped) EXPECT_EQ(dropped, 0u);
}

TEST_F(OtlpFaults, WhatIsRejectedIsDropped) {
  for (const int status : {400, 401, 404, 413, 500, 501}) {
    collector_.set_fault(OtlpCollector::answering(status, "", R"({"message":"bad span"})"), kTraces);
    export_traces();
    exporter_.offer(sample_spans(2));
    EXPECT_THAT(flush().errors,
                Contains(AllOf(HasSubstr("answered " + std::to_string(status)), HasSubstr("bad span"))));
    EXPECT_EQ(traces().waiting, 0u);
  }
  EXPECT_EQ(traces().of(DropReason::rejected), 12u);
  EXPECT_EQ(collector_.received(kTraces).size(), 6u) << "none was sent again";
}

TEST_F(OtlpFaults, RedirectsAreNotFollowed) {
  OtlpCollector other;
  collector_.set_fault(OtlpCollector::answering(307, "Location: " + other.url() + "/v1/traces\r\n"), kTraces);
  export_traces();
  exporter_.offer(sample_spans(2));
  EXPECT_THAT(flush().errors, Contains(HasSubstr("answered 307; redirects are not followed")));
  EXPECT_EQ(traces().of(DropReason::rejected), 2u);
  EXPECT_EQ(other.received(kTraces).size(), 0u);
}

TEST_F(OtlpFaults, PartialSuccessIsCounted) {
  collector_.set_fault(
      OtlpCollector::answering(200, "", R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})"),
      kTraces);
  export_traces();
  exporter_.offer(sample_spans(5));
  const auto report = flush();
  EXPECT_EQ(report.items[0], 3u);
  EXPECT_THAT(report.errors, Contains(HasSubstr("2 rejected: too old")));
  EXPECT_EQ(traces().of(ExportResult::partial), 1u);
  EXPECT_EQ(traces().of(DropReason::rejected), 2u);
  EXPECT_EQ(traces().exported, 3u);
  EXPECT_EQ(traces().state, SignalState::active);
}

TEST_F(OtlpFaults, RetryAfterIsHonoured) {
  collector_.set_fault(once(OtlpCollector::answering(429, "Retry-After: 60\r\n")), kTraces);
  export_traces();
  exporter_.offer(sample_spans(1));
  flush();
  EXPECT_THAT(flush().errors, Contains(HasSubstr("asked to wait")));
  const SteadyTime begun = steady_now();
  exporter_.stop();
  EXPECT_LT(steady_now() - begun, seconds(4)) << "the end does not wait for it either";
  EXPECT_EQ(collector_.received(kTraces).size(), 1u);
  EXPECT_EQ(traces().of(DropReason::shutdown), 1u);
}

// The old collector is slow; when it fails at last, another has been configured.
TEST_F(OtlpFaults, WhatAnotherCollectorAskedForIsNoPauseOfTheNew) {
  std::promise<void> configured;
  collector_.set_fault(
      [&](Peer& peer, const ReceivedRequest& request) {
        configured.get_future().wait();
        OtlpCollector::answering(503, "Retry-After: 300\r\n")(peer, request);
      },
      kTraces);
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.batch_size = 2;
  export_traces(config);
  exporter_.offer(sample_spans(2));
  ASSERT_EQ(collector_.await(kTraces, 1).size(), 1u) << "and it waits";
  OtlpCollector other;
  export_traces(config_for(other.url()));
  configured.set_value();
  await(Signal::traces, [](const SignalStats& s) { return s.of(ExportResult::failure) == 1; });
  ASSERT_EQ(other.await(kTraces, 1).size(), 1u) << "what it did not take goes there at once";
  EXPECT_EQ(other.received(kTraces)[0].count(), 2u);
  EXPECT_EQ(traces().state, SignalState::active);
}

TEST_F(OtlpFaults, ASwitchedOffSignalWaitsForADeadCollectorNotForLong) {
  export_traces(config_for("http://127.0.0.1:" + std::to_string(test::free_port())));
  exporter_.offer(sample_spans(3));
  export_traces(config::Config());
  EXPECT_EQ(await(Signal::traces, [](const SignalStats& s) { return s.waiting == 0; }).of(DropReason::shutdown), 3u);
}

TEST_F(OtlpFaults, AKeyInTheEndpointIsNotRepeated) {
  collector_.set_fault(
      OtlpCollector::answering(404, "", R"({"message":"no route for /in?api_key=hunter2%2B9, nor for hunter2+9"})"),
      "/in?api_key=hunter2%2B9");
  config::Config config;
  config.telemetry.mode = config::TelemetryMode::otlp;
  config.telemetry.otlp.traces_endpoint = collector_.url() + "/in?api_key=hunter2%2B9";
  configure(config);
  exporter_.offer(sample_spans(1));
  flush();
  EXPECT_THAT(traces().last_error, HasSubstr("404"));
  EXPECT_THAT(traces().last_error, Not(HasSubstr("hunter2")));
}

TEST_F(OtlpFaults, GarbageIsNoSuccess) {
  const std::vector<OtlpCollector::Fault> garbage = {
      [](Peer& peer, const ReceivedRequest&) { peer.send("SSH-2.0-OpenSSH_9.2\r\n"); },
      OtlpCollector::answering(200, "", "<html>login</html>"),
      OtlpCollector::answering(200, "", std::string(65 * 1024, ' ')),
  };
  for (const auto& fault : garbage) {
    collector_.set_fault(fault, kTraces);
    export_traces();
    exporter_.offer(sample_spans(1));
    EXPECT_THAT(flush().errors, Not(IsEmpty()));
  }
  EXPECT_EQ(traces().of(ExportResult::success), 0u);
  EXPECT_EQ(traces().of(ExportResult::failure), garbage.size());
  EXPECT_EQ(traces().of(DropReason::failed), garbage.size());
}

TEST_F(OtlpFaults, ADeadCollectorCostsMemoryUpToTheQueuesSize) {
  config::Config config = config_for("http://127.0.0.1:" + std::to_string(test::free_port()));
  config.telemetry.otlp.queue_size = 10;
  config.telemetry.otlp.batch_size = 4;
  export_traces(config);
  for (int i = 0; i < 50; ++i) exporter_.offer(sample_spans(3));
  flush();
  for (int i = 0; i < 50; ++i) exporter_.offer(sample_spans(3));
  EXPECT_EQ(traces().waiting, 10u) << "what is under way is part of it";
  EXPECT_EQ(traces().of(DropReason::queue_full), 290u);
  EXPECT_FALSE(exporter_.admits(3));
  EXPECT_EQ(traces().of(DropReason::queue_full), 293u) << "what need not be built is counted";
  EXPECT_THAT(traces().last_error, HasSubstr("Connection refused"));
  exporter_.stop();
  EXPECT_EQ(traces().of(DropReason::shutdown), 10u);
  EXPECT_EQ(traces().waiting, 0u);
}

TEST_F(OtlpFaults, ACollectorThatComesUpGetsWhatWaited) {
  const std::uint16_t port = test::free_port();
  export_traces(config_for("http://127.0.0.1:" + std::to_string(port)));
  exporter_.offer(sample_spans(3));
  flush();
  OtlpCollector late(port);
  ASSERT_EQ(late.await(kTraces, 1).size(), 1u);
  EXPECT_EQ(late.received(kTraces)[0].count(), 3u);
}

TEST_F(OtlpFaults, AHangingSignalHoldsUpNoOther) {
  collector_.set_fault([](Peer& peer, const ReceivedRequest&) { peer.hang(); }, "/v1/metrics");
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.export_interval = milliseconds(50);
  config.telemetry.otlp.timeout = seconds(60);
  configure(config);
  ASSERT_EQ(collector_.await("/v1/metrics", 1).size(), 1u) << "and hangs";
  for (int i = 1; i <= 3; ++i) {
    exporter_.offer(sample_spans(1));
    EXPECT_EQ(collector_.await(kTraces, static_cast<std::size_t>(i)).size(), static_cast<std::size_t>(i));
  }
  exporter_.stop(milliseconds(100));
  EXPECT_GT(exporter_.statistics()[Signal::metrics].of(DropReason::shutdown), 0u);
}

TEST_F(OtlpFaults, AnAnswerThatDripsEndsWithTheTimeout) {
  collector_.set_fault(
      [](Peer& peer, const ReceivedRequest&) {
        peer.drip("HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x'), milliseconds(20));
      },
      kTraces);
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.timeout = milliseconds(200);
  export_traces(config);
  exporter_.offer(sample_spans(1));
  EXPECT_THAT(flush().errors, Contains(HasSubstr("no answer in time")));
  EXPECT_EQ(traces().waiting, 1u) << "it is sent again";
}

TEST_F(OtlpFaults, ACollectorThatHangsDelaysTheEndOnlySoLong) {
  collector_.set_fault([](Peer& peer, const ReceivedRequest&) { peer.hang(); });
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.timeout = seconds(60);
  config.telemetry.otlp.batch_size = 7;
  configure(config);
  exporter_.offer(sample_spans(7));
  ASSERT_EQ(collector_.await(kTraces, 1).size(), 1u) << "and hangs; the other signals will";
  exporter_.offer(sample_record());
  const SteadyTime begun = steady_now();
  exporter_.stop(milliseconds(300));
  EXPECT_LT(steady_now() - begun, seconds(5)) << "far from the timeout";
  EXPECT_EQ(traces().of(DropReason::shutdown), 7u);
  EXPECT_EQ(exporter_.statistics()[Signal::logs].of(DropReason::shutdown), 1u);
}

TEST_F(OtlpFaults, OfferNeverWaits) {
  collector_.set_fault([](Peer& peer, const ReceivedRequest&) { peer.hang(); }, kTraces);
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.timeout = seconds(60);
  config.telemetry.otlp.batch_size = 1;
  export_traces(config);
  exporter_.offer(sample_spans(1));
  ASSERT_EQ(collector_.await(kTraces, 1).size(), 1u) << "and hangs";
  const SteadyTime begun = steady_now();
  for (int i = 0; i < 1000; ++i) exporter_.offer(sample_spans(1));
  EXPECT_LT(steady_now() - begun, seconds(20)) << "a third of the timeout";
  EXPECT_EQ(traces().waiting, 1001u);
  exporter_.stop(milliseconds(1));
}

class OtlpTls : public OtlpFaults {
 protected:
  config::Config config_with(const std::string& authorities) const {
    config::Config config = config_for(secure_.url());
    if (!authorities.empty()) {
      TlsIdentity::Pem pem;
      pem.authorities = authorities;
      config.telemetry.otlp.identity = *TlsIdentity::make(pem, "telemetry.ca_file");
    }
    return config;
  }

  const test::Authority authority_;
  OtlpCollector secure_{0, authority_.issue()};
};

TEST_F(OtlpTls, IsVerified) {
  export_traces(config_with(""));
  exporter_.offer(sample_spans(1));
  EXPECT_THAT(flush().errors, Contains(HasSubstr("TLS certificate not accepted")));
  export_traces(config_with(test::Authority("another").pem()));
  EXPECT_THAT(flush().errors, Contains(HasSubstr("TLS certificate not accepted")));
  EXPECT_EQ(secure_.received(kTraces).size(), 0u);
  export_traces(config_with(authority_.pem()));
  EXPECT_THAT(flush().errors, IsEmpty());
  EXPECT_EQ(secure_.received(kTraces).size(), 1u) << "the reload brought the authority";
}

TEST_F(OtlpFaults, AHeadersSecretIsNowhere) {
  const auto echo = [](Peer& peer, const ReceivedRequest& request) {
    const std::string body = R"({"message":"do not know )" + request.header("Authorization").value_or("") + " nor " +
                             request.header("X-Key").value_or("") + R"("})";
    OtlpCollector::answering(403, "", body)(peer, request);
  };
  collector_.set_fault(echo);
  config::Config config = config_for(collector_.url());
  config.telemetry.otlp.headers.push_back({"Authorization", Secret("Bearer hunter2hunter2")});
  config.telemetry.otlp.headers.push_back({"X-Key", Secret("swordfish")});
  configure(config);
  exporter_.offer(sample_spans(1));
  exporter_.offer(sample_record());
  std::string all;
  for (const std::string& error : flush().errors) all += error;
  for (const Signal signal : kSignals) all += exporter_.statistics()[signal].last_error;
  exporter_.stop();
  all += written_.text();
  EXPECT_THAT(all, HasSubstr("do not know [redacted] nor [redacted]"));
  EXPECT_THAT(all, HasSubstr("otlp-export-failing"));
  EXPECT_THAT(all, Not(HasSubstr("hunter2")));
  EXPECT_THAT(all, Not(HasSubstr("swordfish")));
}

} // namespace
} // namespace authd::telemetry::otlp
