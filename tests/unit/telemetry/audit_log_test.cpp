// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "written.h"

namespace authd::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestOutcome issued() {
  RequestOutcome outcome;
  outcome.status = 200;
  outcome.request_id = "request-1";
  outcome.consumer_id = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
  outcome.consumer_name = "alice";
  outcome.peer = IpAddress::parse("10.0.0.1").value();
  outcome.client = IpAddress::parse("198.51.100.9").value();
  outcome.token = {"jti-1", "key-1"};
  return outcome;
}

TEST(AuditLog, SaysWhoGotWhichToken) {
  Written written;
  AuditLog(config::Telemetry(), written.log()).on_outcome(issued());
  EXPECT_THAT(written.text(), HasSubstr(R"("event.action":"token-issued","http.request.id":"request-1",)"
                                        R"("user.id":"c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0","user.name":"alice",)"
                                        R"("source.address":"10.0.0.1","client.address":"198.51.100.9",)"
                                        R"("authd.credential.key":"key-1","authd.token.jti":"jti-1"})"));
}

TEST(AuditLog, NamesTheTraceAndTheSpanOfTheRequest) {
  Written written;
  RequestOutcome outcome = issued();
  outcome.trace.trace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
  outcome.trace.span = span_id_of("00f067aa0ba902b7");
  AuditLog(config::Telemetry(), written.log()).on_outcome(outcome);
  EXPECT_THAT(written.text(),
              HasSubstr(R"("trace.id":"4bf92f3577b34da6a3ce929d0e0e4736","span.id":"00f067aa0ba902b7")"));
}

TEST(AuditLog, HasALineForTokensAlone) {
  Written written;
  AuditLog audit(config::Telemetry(), written.log());
  RequestOutcome outcome = issued();
  outcome.token = {};
  audit.on_outcome(outcome);
  EXPECT_EQ(written.text(), "");
}

TEST(AuditLog, WritesNothingWhenItIsOff) {
  Written written;
  config::Telemetry off;
  off.audit = false;
  AuditLog(off, written.log()).on_outcome(issued());
  EXPECT_EQ(written.text(), "");
}

TEST(AuditLog, IsKeptBackByNoLevelAndNeverSummed) {
  Written written(Level::fatal);
  AuditLog audit(config::Telemetry(), written.log());
  for (int i = 0; i < 100; ++i) audit.on_outcome(issued());
  EXPECT_EQ(lines_in(written.text()), 100U);
}

TEST(AuditLog, SaysThatACopyWasStale) {
  Written written;
  RequestOutcome outcome = issued();
  outcome.stale = "AUTH_005: the breaker is open";
  AuditLog(config::Telemetry(), written.log()).on_outcome(outcome);
  EXPECT_THAT(written.text(), HasSubstr(R"("authd.token.stale":true})"));
}

TEST(AuditLog, ObeysWhatIsSaidOfNamesAndAddresses) {
  Written written;
  config::Telemetry telemetry;
  telemetry.hash_user_names = telemetry.truncate_addresses = true;
  AuditLog(telemetry, written.log()).on_outcome(issued());
  const std::string text = written.text();
  EXPECT_THAT(text, Not(HasSubstr("alice")));
  EXPECT_THAT(text, HasSubstr(R"("source.address":"10.0.0.0","client.address":"198.51.100.0")"));
}

} // namespace
} // namespace authd::telemetry
