// SPDX-License-Identifier: Apache-2.0
#include "telemetry/tracing.h"

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/trace_ids.h"

namespace authd::telemetry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Span::Kind;

class Spans final : public SpanSink {
 public:
  bool admits(std::size_t spans) override { return spans <= room; }
  void offer(std::vector<Span> spans) override { offers.push_back(std::move(spans)); }
  std::vector<std::vector<Span>> offers;
  std::size_t room = 100;
};

const TraceId kTrace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
const SpanId kCaller = span_id_of("00f067aa0ba902b7");
const SpanId kRequest = span_id_of("1111111111111111");
const SpanId kList = span_id_of("2222222222222222");
const SpanId kFirstAttempt = span_id_of("3333333333333333");
const SpanId kSecondAttempt = span_id_of("4444444444444444");

RequestOutcome answered(int status = 200) {
  RequestOutcome outcome;
  outcome.method = "GET";
  outcome.path = "/tokens";
  outcome.route = "/tokens";
  outcome.request_id = "request-1";
  outcome.status = status;
  outcome.duration = milliseconds(2);
  outcome.received = steady_now() - milliseconds(2);
  outcome.trace = {kTrace, kRequest, kCaller, true, "a=1"};
  return outcome;
}

// --- what is kept ------------------------------------------------------------------------------------------

enum class Origin { sampled_parent, unsampled_parent, sampled_root, unsampled_root };
enum class Ending { ok, unavailable, faulted, unknown_consumer, no_credential, malformed, not_found, stale, slow };

class Keeping : public testing::TestWithParam<std::tuple<Origin, Ending>> {};

RequestOutcome ended(Ending ending) {
  RequestOutcome outcome = answered();
  const auto refused = [&](Code code) {
    outcome.code = code;
    outcome.status = describe(code).status;
  };
  switch (ending) {
  case Ending::ok:
    break;
  case Ending::unavailable:
    refused(Code::gateway_unavailable);
    break;
  case Ending::faulted:
    outcome.faulted = true;
    refused(Code::unforeseen);
    break;
  case Ending::unknown_consumer:
    refused(Code::unknown_consumer);
    break;
  case Ending::no_credential:
    refused(Code::no_credential);
    break;
  case Ending::malformed:
    refused(Code::malformed_request);
    break;
  case Ending::not_found:
    outcome.status = 404;
    break;
  case Ending::stale:
    outcome.stale = "AUTH_004: list: no answer after 500 ms";
    break;
  case Ending::slow:
    outcome.duration = milliseconds(101);
    break;
  }
  return outcome;
}

TEST_P(Keeping, IsDecidedAtTheEnd) {
  const auto [origin, ending] = GetParam();
  RequestOutcome outcome = ended(ending);
  outcome.trace.sampled = origin == Origin::sampled_parent || origin == Origin::sampled_root;
  if (origin == Origin::sampled_root || origin == Origin::unsampled_root) outcome.trace.parent = {};
  const bool matters = ending != Ending::ok && ending != Ending::malformed && ending != Ending::not_found;
  EXPECT_EQ(is_kept(outcome), outcome.trace.sampled || matters);

  Spans spans;
  Tracing(config::Config(), &spans).on_outcome(outcome);
  ASSERT_EQ(spans.offers.size(), is_kept(outcome) ? 1u : 0u);
  if (spans.offers.empty()) return;
  EXPECT_EQ(spans.offers[0][0].flags, outcome.trace.sampled ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(OfARequest, Keeping,
                         testing::Combine(testing::Values(Origin::sampled_parent, Origin::unsampled_parent,
                                                          Origin::sampled_root, Origin::unsampled_root),
                                          testing::Values(Ending::ok, Ending::unavailable, Ending::faulted,
                                                          Ending::unknown_consumer, Ending::no_credential,
                                                          Ending::malformed, Ending::not_found, Ending::stale,
                                                          Ending::slow)));

TEST(Keeping, HasABoundForWhatIsSlow) {
  RequestOutcome outcome = answered();
  outcome.trace.sampled = false;
  outcome.duration = milliseconds(100);
  EXPECT_FALSE(is_kept(outcome));
  outcome.duration += std::chrono::nanoseconds(1);
  EXPECT_TRUE(is_kept(outcome));
}

// --- what the spans say --------------------------------------------------------------------------------------

std::vector<Span> spans_of(const RequestOutcome& outcome, const config::Config& config = {}) {
  Spans spans;
  Tracing(config, &spans).on_outcome(outcome);
  return spans.offers.empty() ? std::vector<Span>() : spans.offers[0];
}

std::string text_of(const Span& span, std::string_view name) {
  for (const Attribute& attribute : span.attributes) {
    if (attribute.name != name) continue;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) return std::to_string(*number);
  }
  return {};
}

std::vector<std::string> names(const std::vector<Span>& spans) {
  std::vector<std::string> all;
  for (const Span& span : spans) all.push_back(span.name);
  return all;
}

// A token whose credential had to be looked for: not in memory, not in Redis, at the second attempt in Kong.
class LookedUp : public testing::Test {
 protected:
  LookedUp() {
    const SteadyTime start = outcome.received;
    outcome.local_reads.begin("get", start, "memory");
    outcome.local_reads.end("miss", start + std::chrono::microseconds(1));
    TimedSteps& steps = outcome.lookup.steps;
    steps.begin("queue", start + std::chrono::microseconds(10));
    steps.end("ok", start + std::chrono::microseconds(20));
    steps.begin("read", start + std::chrono::microseconds(20), "redis");
    steps.end("timeout", start + std::chrono::microseconds(120));
    steps.begin("list", start + std::chrono::microseconds(120), {}, kList);
    steps.end("ok", start + std::chrono::microseconds(1500));
    attempts[0] = {kFirstAttempt, kList, "GET", "http://kong:8001/consumers/x/jwt", "kong", "8001", 0, 503, {},
                   start,         {}};
    attempts[1] = attempts[0];
    attempts[1].span = kSecondAttempt;
    attempts[1].resends = 1;
    attempts[1].status = 200;
    outcome.lookup.attempts = attempts;
    outcome.lookup.owner = outcome.trace;
    outcome.token = {"jti-1", "key-1", "HS256", std::chrono::microseconds(3), start + std::chrono::microseconds(1600)};
    outcome.consumer_id = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
  }
  RequestOutcome outcome = answered();
  std::array<HttpAttempt, 2> attempts;
};

TEST_F(LookedUp, ShowsEachTierEachExchangeAndTheSigning) {
  const auto spans = spans_of(outcome);
  EXPECT_THAT(names(spans), ElementsAre("GET /tokens", "cache get", "cache get", "gateway list", "GET", "GET", "sign"));
  const std::vector<Kind> kinds{Kind::server, Kind::internal, Kind::internal, Kind::client,
                                Kind::client, Kind::client,   Kind::internal};
  std::set<SpanId> ids;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].trace, kTrace);
    EXPECT_EQ(spans[i].trace_state, "a=1");
    EXPECT_EQ(spans[i].kind, kinds[i]) << i;
    EXPECT_LE(spans[i].start, spans[i].end) << i;
    EXPECT_GE(spans[i].start, spans[0].start) << i;
    ids.insert(spans[i].id);
  }
  EXPECT_EQ(ids.size(), spans.size());
}

// The path of what Kong is asked names the consumer.
TEST_F(LookedUp, WithHashedNamesNoExchangeTellsOne) {
  attempts[0].failure = "GET http://kong:8001/consumers/x/jwt: no answer";
  config::Config config;
  config.telemetry.hash_user_names = true;
  for (const Span& span : spans_of(outcome, config)) {
    EXPECT_EQ(text_of(span, "url.full"), "") << span.name;
    EXPECT_EQ(span.message.find("consumers"), std::string::npos) << span.message;
  }
  EXPECT_EQ(text_of(spans_of(outcome)[4], "url.full"), "http://kong:8001/consumers/x/jwt");
}

TEST_F(LookedUp, NestsThemAsTheyWereSent) {
  const auto spans = spans_of(outcome);
  ASSERT_EQ(spans.size(), 7u);
  EXPECT_EQ(spans[0].id, kRequest);
  EXPECT_EQ(spans[0].parent, kCaller);
  EXPECT_EQ(spans[3].id, kList);
  EXPECT_EQ(spans[4].id, kFirstAttempt);
  EXPECT_EQ(spans[5].id, kSecondAttempt);
  for (const std::size_t child : {1, 2, 3, 6}) EXPECT_EQ(spans[child].parent, kRequest) << child;
  for (const std::size_t attempt : {4, 5}) EXPECT_EQ(spans[attempt].parent, kList) << attempt;
}

TEST_F(LookedUp, SaysWhatCameOfEach) {
  config::Config config;
  config.server.port = 3000;
  const auto spans = spans_of(outcome, config);
  ASSERT_EQ(spans.size(), 7u);
  EXPECT_EQ(text_of(spans[0], "http.request.method"), "GET");
  EXPECT_EQ(text_of(spans[0], "http.route"), "/tokens");
  EXPECT_EQ(text_of(spans[0], "url.path"), "/tokens");
  EXPECT_EQ(text_of(spans[0], "url.scheme"), "http");
  EXPECT_EQ(text_of(spans[0], "http.response.status_code"), "200");
  EXPECT_EQ(text_of(spans[0], "server.address"), "127.0.0.1");
  EXPECT_EQ(text_of(spans[0], "server.port"), "3000");
  EXPECT_EQ(text_of(spans[0], "authd.token.jti"), "jti-1");
  EXPECT_EQ(text_of(spans[1], "authd.cache.tier"), "memory");
  EXPECT_EQ(text_of(spans[1], "authd.cache.result"), "miss");
  EXPECT_FALSE(spans[1].failed) << "no copy is no failure";
  EXPECT_EQ(text_of(spans[2], "authd.cache.tier"), "redis");
  EXPECT_EQ(text_of(spans[2], "error.type"), "timeout");
  EXPECT_TRUE(spans[2].failed);
  EXPECT_EQ(text_of(spans[3], "authd.gateway.operation"), "list");
  EXPECT_EQ(text_of(spans[3], "authd.gateway.result"), "ok");
  EXPECT_EQ(text_of(spans[4], "http.response.status_code"), "503");
  EXPECT_TRUE(spans[4].failed);
  EXPECT_EQ(text_of(spans[5], "url.full"), "http://kong:8001/consumers/x/jwt");
  EXPECT_EQ(text_of(spans[5], "server.port"), "8001");
  EXPECT_EQ(text_of(spans[5], "http.request.resend_count"), "1");
  EXPECT_FALSE(spans[5].failed);
  EXPECT_EQ(text_of(spans[6], "authd.token.algorithm"), "HS256");
}

// The first who waits owns the exchanges; the others were there at the same time, and their ids are taken.
TEST_F(LookedUp, TellsALookupOfAnotherRequestUnderIdsOfItsOwn) {
  outcome.lookup.owner.span = span_id_of("5555555555555555");
  outcome.lookup.owner.trace = trace_id_of("0af7651916cd43dd8448eb211c80319c");
  const auto spans = spans_of(outcome);
  ASSERT_EQ(spans.size(), 7u);
  EXPECT_EQ(text_of(spans[0], "authd.lookup.trace_id"), "0af7651916cd43dd8448eb211c80319c");
  for (const Span& span : spans) {
    EXPECT_EQ(span.trace, kTrace);
    for (const SpanId& taken : {kList, kFirstAttempt, kSecondAttempt}) EXPECT_NE(span.id, taken) << span.name;
  }
  EXPECT_EQ(spans[4].parent, spans[3].id);
}

TEST(Tracing, SaysWhyARequestFailed) {
  RequestOutcome outcome = answered(503);
  outcome.code = Code::gateway_unavailable;
  outcome.detail = "The API gateway is unavailable";
  outcome.reason = "list: unavailable (500): An unexpected error occurred";
  const auto spans = spans_of(outcome);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_TRUE(spans[0].failed);
  EXPECT_EQ(spans[0].message, outcome.reason);
  EXPECT_EQ(text_of(spans[0], "error.type"), "AUTH_004");
}

// As the conventions have it: a span of a server is no error because of a client's.
TEST(Tracing, ARefusedClientIsNoErrorOfTheServer) {
  RequestOutcome outcome = answered(404);
  outcome.route = {};
  outcome.method = "BREW";
  const auto spans = spans_of(outcome);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].name, "HTTP");
  EXPECT_EQ(text_of(spans[0], "http.request.method"), "_OTHER");
  EXPECT_FALSE(spans[0].failed);
  EXPECT_EQ(text_of(spans[0], "error.type"), "404");
}

TEST(Tracing, ObeysWhatIsSaidOfNamesAndAddresses) {
  RequestOutcome outcome = answered();
  outcome.consumer_id = "alice@example.com";
  outcome.peer = IpAddress::parse("10.0.0.1").value();
  config::Config config;
  config.telemetry.hash_user_names = config.telemetry.truncate_addresses = true;
  const auto spans = spans_of(outcome, config);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(text_of(spans[0], "network.peer.address"), "10.0.0.0");
  EXPECT_EQ(text_of(spans[0], "user.id").find("alice"), std::string::npos);
}

TEST(Tracing, BuildsNothingThatWouldBeDropped) {
  Spans spans;
  spans.room = 1;
  Tracing tracing(config::Config(), &spans);
  RequestOutcome outcome = answered();
  tracing.on_outcome(outcome);
  EXPECT_EQ(spans.offers.size(), 1u);
  outcome.token.jti = "jti-1"; // a second span, of the signature
  tracing.on_outcome(outcome);
  EXPECT_EQ(spans.offers.size(), 1u);
}

TEST(Tracing, WithoutASinkBuildsNothing) { Tracing(config::Config(), nullptr).on_outcome(answered(503)); }

TEST(Tracing, ShowsARefreshThatIsSampledAsATraceOfItsOwn) {
  TimedSteps steps;
  steps.begin("queue", SteadyTime());
  steps.end("ok", SteadyTime() + milliseconds(1));
  steps.begin("list", SteadyTime() + milliseconds(1), {}, kList);
  steps.end("ok", SteadyTime() + milliseconds(3));
  TraceContext own{kTrace, kRequest, {}, true, {}};
  Spans spans;
  Tracing tracing(config::Config(), &spans);
  tracing.refreshed({steps, {}, own, "ok"});
  ASSERT_EQ(spans.offers.size(), 1u);
  EXPECT_THAT(names(spans.offers[0]), ElementsAre("lookup refresh", "gateway list"));
  EXPECT_EQ(spans.offers[0][0].parent, SpanId{});
  EXPECT_EQ(spans.offers[0][0].end - spans.offers[0][0].start, milliseconds(3));
  EXPECT_EQ(spans.offers[0][1].parent, kRequest);
  own.sampled = false;
  tracing.refreshed({steps, {}, own, "ok"});
  EXPECT_EQ(spans.offers.size(), 1u);
}

} // namespace
} // namespace authd::telemetry
