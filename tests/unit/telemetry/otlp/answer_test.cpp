// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/answer.h"

#include <gtest/gtest.h>

namespace authd::telemetry::otlp {
namespace {

TEST(OtlpAnswer, AllWasAcceptedUnlessItSaysOtherwise) {
  for (const char* body : {"", "{}", R"({"partialSuccess":{}})", R"({"partialSuccess":null})", R"({"unknown":[1]})"}) {
    const auto success = read_success(Signal::traces, body);
    ASSERT_TRUE(success) << body;
    EXPECT_EQ(success->rejected, 0u) << body;
    EXPECT_EQ(success->message, "") << body;
  }
}

TEST(OtlpAnswer, SaysWhatWasRejectedInTheWordsOfTheSignal) {
  const auto rejected = [](Signal signal, const char* body) { return read_success(signal, body)->rejected; };
  EXPECT_EQ(rejected(Signal::traces, R"({"partialSuccess":{"rejectedSpans":"3"}})"), 3u);
  EXPECT_EQ(rejected(Signal::metrics, R"({"partialSuccess":{"rejectedDataPoints":4}})"), 4u);
  EXPECT_EQ(rejected(Signal::logs, R"({"partialSuccess":{"rejectedLogRecords":"5"}})"), 5u);
  EXPECT_EQ(rejected(Signal::logs, R"({"partialSuccess":{"rejectedSpans":"5"}})"), 0u);
  for (const char* nonsense : {"-1", "\"x\"", "[]", "{}", "null", "true"}) {
    EXPECT_LE(
        rejected(Signal::traces, (std::string(R"({"partialSuccess":{"rejectedSpans":)") + nonsense + "}}").c_str()), 1u)
        << nonsense;
  }
  EXPECT_EQ(read_success(Signal::traces, R"({"partialSuccess":{"errorMessage":"too old"}})")->message, "too old");
}

TEST(OtlpAnswer, OfAnythingElseIsNoAnswer) {
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  for (const std::string& body : {std::string("<html>"), std::string("[]"), std::string("1"), std::string("{"), deep})
    EXPECT_FALSE(read_success(Signal::traces, body)) << body;
}

TEST(OtlpAnswer, OfAnErrorHasAMessage) {
  EXPECT_EQ(read_status_message(R"({"code":3,"message":"bad span"})"), "bad span");
  for (const char* body : {"", "no", "{}", R"({"message":7})"}) EXPECT_EQ(read_status_message(body), "") << body;
}

} // namespace
} // namespace authd::telemetry::otlp
