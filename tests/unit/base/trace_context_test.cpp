// SPDX-License-Identifier: Apache-2.0
#include "base/trace_context.h"

#include <ostream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/trace_ids.h"

namespace authd {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kTraceParent = "00-" + kTrace + "-" + kSpan + "-01";

struct Sent {
  std::string what;
  std::string header;
  bool valid;
  bool sampled = false;
};

void PrintTo(const Sent& sent, std::ostream* out) { *out << sent.what; }

class TraceParents : public testing::TestWithParam<Sent> {};

TEST_P(TraceParents, AreReadOrRefusedAsAWhole) {
  const Sent& sent = GetParam();
  const auto parent = parse_traceparent(sent.header);
  ASSERT_EQ(parent.has_value(), sent.valid) << sent.header;
  if (!parent) return;
  EXPECT_EQ(view(hex_of(parent->trace)), kTrace);
  EXPECT_EQ(view(hex_of(parent->span)), kSpan);
  EXPECT_EQ(parent->sampled, sent.sampled);
}

INSTANTIATE_TEST_SUITE_P(
    Of, TraceParents,
    testing::Values(Sent{"Sampled", kTraceParent, true, true},
                    Sent{"Unsampled", "00-" + kTrace + "-" + kSpan + "-00", true},
                    Sent{"OtherFlagsAlone", "00-" + kTrace + "-" + kSpan + "-fe", true},
                    Sent{"AllFlags", "00-" + kTrace + "-" + kSpan + "-ff", true, true},
                    Sent{"LaterVersion", "01-" + kTrace + "-" + kSpan + "-01", true, true},
                    Sent{"LaterVersionWithMore", "cc-" + kTrace + "-" + kSpan + "-01-what-comes-then", true, true},
                    Sent{"LaterVersionWithADashAlone", "cc-" + kTrace + "-" + kSpan + "-01-", true, true},
                    Sent{"LaterVersionRunningOn", "cc-" + kTrace + "-" + kSpan + "-01.what", false},
                    Sent{"Version00WithMore", kTraceParent + "-more", false},
                    Sent{"Version00WithADash", kTraceParent + "-", false},
                    Sent{"VersionFf", "ff-" + kTrace + "-" + kSpan + "-01", false}, Sent{"Nothing", "", false},
                    Sent{"TooShort", kTraceParent.substr(0, 54), false},
                    Sent{"NoTrace", "00-" + std::string(32, '0') + "-" + kSpan + "-01", false},
                    Sent{"NoSpan", "00-" + kTrace + "-" + std::string(16, '0') + "-01", false},
                    Sent{"CapitalsInTheTrace", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01", false},
                    Sent{"CapitalsInTheSpan", "00-" + kTrace + "-00F067AA0BA902B7-01", false},
                    Sent{"NoHexInTheVersion", "0x-" + kTrace + "-" + kSpan + "-01", false},
                    Sent{"NoHexInTheTrace", "00-" + kTrace.substr(1) + "g-" + kSpan + "-01", false},
                    Sent{"NoHexInTheSpan", "00-" + kTrace + "-" + kSpan.substr(1) + "/-01", false},
                    Sent{"NoHexInTheFlags", "00-" + kTrace + "-" + kSpan + "-0:", false},
                    Sent{"OtherDashes", "00_" + kTrace + "_" + kSpan + "_01", false},
                    Sent{"ABlankInFront", " " + kTraceParent, false}, Sent{"ABlankBehind", kTraceParent + " ", false}),
    [](const auto& row) { return row.param.what; });

TEST(TraceParent, IsWrittenAsItIsRead) {
  const auto parent = parse_traceparent(kTraceParent);
  ASSERT_TRUE(parent);
  TraceContext context{parent->trace, parent->span, {}, true, {}};
  EXPECT_EQ(view(traceparent_of(context)), kTraceParent);
  EXPECT_EQ(view(traceparent_of(context)).substr(kSpanInTraceParent, 16), kSpan);
  context.sampled = false;
  EXPECT_TRUE(view(traceparent_of(context)).ends_with("-00"));
}

std::string members(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + std::string("k") + std::to_string(i) + "=v";
  return list;
}

TEST(TraceState, IsPassedOnIfItIsValid) {
  const std::string value256(256, 'v');
  const std::string key256(256, 'k');
  for (const std::string& good :
       {std::string("rojo=00f067aa0ba902b7"), std::string("a=1,b=2"), std::string("a=1 ,\tb=2 "),
        std::string("a=1,,b=2"), std::string("a_-*/9=x y;z"), std::string("1tenant@vendor=1"),
        std::string(241, 't') + "@" + std::string(14, 'v') + "=1", "a=" + value256, key256 + "=1", members(32)}) {
    EXPECT_TRUE(is_tracestate(good)) << good;
  }
}

TEST(TraceState, IsDroppedAsAWholeOtherwise) {
  for (const std::string& bad :
       {std::string(),
        std::string(" , "),
        std::string("a"),
        std::string("=1"),
        std::string("a="),
        std::string("a= "),
        std::string("A=1"),
        std::string("1a=1"),
        std::string("a b=1"),
        std::string("a=b=c"),
        std::string("a=1,a=2"),
        std::string("@v=1"),
        std::string("t@=1"),
        std::string("t@1v=1"),
        std::string("a=\x7f"),
        std::string("a=\xc3\xa9"),
        std::string("a=\x01"),
        "a=" + std::string(257, 'v'),
        std::string(257, 'k') + "=1",
        std::string(242, 't') + "@v=1",
        "t@" + std::string(15, 'v') + "=1",
        members(33),
        "a=" + std::string(250, 'v') + ",b=" + std::string(250, 'v') + ",c=" + std::string(10, 'v')}) {
    EXPECT_FALSE(is_tracestate(bad)) << bad;
  }
}

TEST(TraceState, MayHave512BytesAndNoMore) {
  const std::string two = "a=" + std::string(253, 'v') + ",b=" + std::string(254, 'v');
  EXPECT_EQ(two.size(), 512u);
  EXPECT_TRUE(is_tracestate(two));
  EXPECT_FALSE(is_tracestate(two + "v"));
}

TEST(TraceIds, AreReadBack) {
  EXPECT_EQ(view(hex_of(trace_id_of(kTrace))), kTrace);
  EXPECT_EQ(view(hex_of(span_id_of(kSpan))), kSpan);
  EXPECT_EQ(trace_id_of(kSpan), TraceId{});
  EXPECT_EQ(span_id_of("00F067AA0BA902B7"), SpanId{});
}

TEST(TraceIds, AreDistinctAcrossBatches) {
  TraceIdSource source;
  std::set<TraceId> traces;
  std::set<SpanId> spans;
  for (int i = 0; i < 2000; ++i) {
    traces.insert(source.trace());
    spans.insert(source.span());
  }
  EXPECT_EQ(traces.size(), 2000u);
  EXPECT_EQ(spans.size(), 2000u);
}

TEST(Sampling, IsByTheLowBytesOfTheTraceAsOpenTelemetryHasIt) {
  const TraceId lowest = trace_id_of("ffffffffffffffff0000000000000001");
  const TraceId middle = trace_id_of("00000000000000018000000000000000");
  const TraceId highest = trace_id_of("0000000000000001ffffffffffffffff");
  EXPECT_TRUE(sampled_by_ratio(lowest, 1e-6));
  EXPECT_FALSE(sampled_by_ratio(lowest, 0));
  EXPECT_FALSE(sampled_by_ratio(middle, 0.5)) << "the bound itself is outside";
  EXPECT_TRUE(sampled_by_ratio(middle, 0.5000001));
  EXPECT_FALSE(sampled_by_ratio(highest, 0.9999));
  EXPECT_TRUE(sampled_by_ratio(highest, 1));
}

TEST(Sampling, TakesAboutTheFractionOfRandomTraces) {
  TraceIdSource source;
  int sampled = 0;
  for (int i = 0; i < 10'000; ++i) sampled += sampled_by_ratio(source.trace(), 0.1) ? 1 : 0;
  EXPECT_NEAR(sampled, 1000, 200); // six standard deviations
}

TEST(BeginSpan, GoesOnWithTheCallersTraceWhateverTheRatio) {
  TraceIdSource ids;
  const auto caller = parse_traceparent(kTraceParent);
  const TraceContext context = begin_span(caller, "a=1", 0, ids);
  EXPECT_EQ(context.trace, caller->trace);
  EXPECT_EQ(context.parent, caller->span);
  EXPECT_NE(context.span, caller->span);
  EXPECT_NE(context.span, SpanId{});
  EXPECT_TRUE(context.sampled);
  EXPECT_EQ(context.state, "a=1");
}

TEST(BeginSpan, BeginsATraceWithoutACaller) {
  TraceIdSource ids;
  const TraceContext context = begin_span(std::nullopt, "a=1", 1, ids);
  EXPECT_NE(context.trace, TraceId{});
  EXPECT_EQ(context.parent, SpanId{});
  EXPECT_TRUE(context.sampled);
  EXPECT_EQ(context.state, "") << "it belongs to a trace that was refused";
  EXPECT_FALSE(begin_span(std::nullopt, {}, 0, ids).sampled);
}

} // namespace
} // namespace authd
