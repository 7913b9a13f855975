// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "written.h"

namespace authd::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestOutcome answered(int status) {
  RequestOutcome outcome;
  outcome.method = "GET";
  outcome.path = "/tokens";
  outcome.request_id = "request-1";
  outcome.status = status;
  if (status >= 400) outcome.detail = "The API gateway is unavailable";
  return outcome;
}

// What stands in the log after these outcomes.
std::string log_of(config::AccessLog which, const std::vector<RequestOutcome>& outcomes) {
  Written written;
  config::Telemetry telemetry;
  telemetry.access_log = which;
  AccessLog access_log(telemetry, written.log());
  for (const RequestOutcome& outcome : outcomes) access_log.on_outcome(outcome);
  return written.text();
}

TEST(AccessLog, HasTheRequestsThatItsSettingNames) {
  const std::vector<RequestOutcome> both{answered(200), answered(503)};
  EXPECT_EQ(lines_in(log_of(config::AccessLog::all, both)), 2U);
  EXPECT_EQ(lines_in(log_of(config::AccessLog::errors, both)), 1U);
  EXPECT_EQ(lines_in(log_of(config::AccessLog::off, both)), 0U);
}

TEST(AccessLog, SaysWhyARequestFailed) {
  RequestOutcome outcome = answered(503);
  outcome.code = Code::gateway_unavailable;
  EXPECT_THAT(log_of(config::AccessLog::errors, {outcome}),
              HasSubstr(R"("error.code":"AUTH_004","error.message":"The API gateway is unavailable")"));
  outcome.reason = "list: unavailable (500): \u001b[2J\nAn unexpected error occurred";
  EXPECT_THAT(log_of(config::AccessLog::errors, {outcome}),
              HasSubstr(R"("error.message":"list: unavailable (500): \u001b[2J\nAn unexpected error occurred")"));
  const std::string page(100'000, 'x');
  outcome.reason = page;
  EXPECT_LT(log_of(config::AccessLog::errors, {outcome}).size(), 2000U) << "it is bounded";
}

TEST(AccessLog, NamesTheTraceAndTheSpanOfTheRequest) {
  RequestOutcome outcome = answered(503);
  outcome.trace.trace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
  outcome.trace.span = span_id_of("00f067aa0ba902b7");
  EXPECT_THAT(log_of(config::AccessLog::errors, {outcome}),
              HasSubstr(R"("trace.id":"4bf92f3577b34da6a3ce929d0e0e4736","span.id":"00f067aa0ba902b7")"));
}

TEST(AccessLog, OfASuccessThereIsNoMessage) {
  RequestOutcome outcome = answered(200);
  outcome.reason = "nothing";
  EXPECT_THAT(log_of(config::AccessLog::all, {outcome}), Not(HasSubstr("error.")));
}

TEST(AccessLog, NamesTheStatusWhereThereIsNoCodeOfAuthd) {
  EXPECT_THAT(log_of(config::AccessLog::errors, {answered(405)}), HasSubstr(R"("error.code":"HTTP_405")"));
}

TEST(AccessLog, SaysWhatALookupSpentItsTimeOnAndThatTheCopyWasStale) {
  RequestOutcome outcome = answered(200);
  outcome.stale = "AUTH_004: list: no answer after 500 ms";
  outcome.lookup.steps.begin("list", SteadyTime());
  outcome.lookup.steps.end("timeout", SteadyTime() + milliseconds(500));
  const std::string text = log_of(config::AccessLog::all, {outcome});
  EXPECT_THAT(text, HasSubstr(R"("authd.token.stale":true,)"
                              R"("authd.token.stale_reason":"AUTH_004: list: no answer after 500 ms")"));
  EXPECT_THAT(text, HasSubstr(R"("authd.steps":[{"name":"list","result":"timeout","duration":500000000}])"));
}

TEST(AccessLog, TellsWhatWasRefusedBeforeItCameToARoute) {
  RequestOutcome outcome;
  outcome.status = 414;
  outcome.detail = "The request target is too long";
  outcome.peer = IpAddress::parse("198.51.100.9").value();
  outcome.refused = true;
  const std::string text = log_of(config::AccessLog::errors, {outcome});
  EXPECT_THAT(text, HasSubstr(R"("event.action":"request-refused")"));
  EXPECT_THAT(text, HasSubstr(R"("http.response.status_code":414)"));
  EXPECT_THAT(text, HasSubstr(R"("source.address":"198.51.100.9","error.code":"HTTP_414",)"
                              R"("error.message":"The request target is too long")"));
}

TEST(AccessLog, SumsFailuresOfOneKindAndNoSuccesses) {
  const std::vector<RequestOutcome> failures(50, answered(503));
  EXPECT_EQ(lines_in(log_of(config::AccessLog::errors, failures)), 11U);
  const std::vector<RequestOutcome> successes(50, answered(200));
  EXPECT_EQ(lines_in(log_of(config::AccessLog::all, successes)), 50U);
}

TEST(AccessLog, SumsWhatWasRefusedByWhatItWas) {
  std::vector<RequestOutcome> refused(100, answered(400));
  for (std::size_t i = 0; i < refused.size(); ++i) {
    refused[i].refused = true;
    refused[i].detail = i % 2 == 0 ? "Malformed request" : "Folded header field";
  }
  const std::string text = log_of(config::AccessLog::errors, refused);
  EXPECT_EQ(lines_in(text), 22U);
  EXPECT_THAT(text,
              HasSubstr(R"("authd.log.suppressed":40,"authd.log.event":"request-refused","error.code":"HTTP_400",)"
                        R"("authd.log.kind":"Folded header field"})"));
}

TEST(AccessLog, AnEndpointThatFailedIsToldWhateverTheSetting) {
  RequestOutcome outcome = answered(500);
  outcome.faulted = true;
  EXPECT_EQ(lines_in(log_of(config::AccessLog::off, {outcome})), 1U);
  Written written;
  config::Telemetry off;
  off.access_log = config::AccessLog::off;
  AccessLog(off, written.log()).on_fault(outcome, "the endpoint answered twice");
  EXPECT_THAT(written.text(), HasSubstr(R"("error.message":"the endpoint answered twice","url.path":"/tokens")"));
}

TEST(AccessLog, ObeysWhatIsSaidOfNamesAndAddresses) {
  RequestOutcome outcome = answered(401);
  outcome.consumer_name = "alice";
  outcome.peer = IpAddress::parse("198.51.100.9").value();
  config::Telemetry telemetry;
  telemetry.hash_user_names = telemetry.truncate_addresses = true;
  Written written;
  AccessLog(telemetry, written.log()).on_outcome(outcome);
  const std::string text = written.text();
  EXPECT_THAT(text, Not(HasSubstr("alice")));
  EXPECT_THAT(text, HasSubstr("\"user.name\":\""));
  EXPECT_THAT(text, HasSubstr(R"("source.address":"198.51.100.0")"));
}

} // namespace
} // namespace authd::telemetry
