// SPDX-License-Identifier: Apache-2.0
// What operators read in the log about requests: who got a token, why one failed, what it waited for, what was refused
// before it came to a route; and how little of it there is in a storm.
#include <csignal>
#include <set>

#include "scene.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr const char* kSummed = "log-lines-summed";
using Kind = KongFault::Kind;

LogLine request_line(const Scene& scene, const std::string& code) {
  const auto line =
      scene.authd.await_event("request", kPatience, [&](const LogLine& l) { return l.field("error.code") == code; });
  EXPECT_TRUE(line) << "no line with " << code;
  return line.value_or(LogLine());
}

// The names and results of the steps: "queue ok, list timeout".
std::string steps_of(const LogLine& line) {
  std::string text;
  const auto steps = line.json ? line.json->getArray("authd.steps") : nullptr;
  for (std::size_t i = 0; steps && i < steps->size(); ++i) {
    const auto step = steps->getObject(static_cast<unsigned>(i));
    if (!text.empty()) text += ", ";
    text += step->getValue<std::string>("name") + " " + step->getValue<std::string>("result");
  }
  return text;
}

void stop(Scene& scene) {
  scene.authd.child().signal(SIGTERM);
  ASSERT_EQ(scene.authd.child().await_exit(kPatience), 0);
}

class AuditTrail : public testing::Test {
 protected:
  static LogLine token_line(const Scene& scene) {
    const auto line = scene.authd.await_event("token-issued", kPatience);
    EXPECT_TRUE(line);
    return line.value_or(LogLine());
  }
  static Headers alice_for(const std::string& forwarded_for) {
    Headers headers = kAlice;
    headers.emplace_back("X-Forwarded-For", forwarded_for);
    headers.emplace_back("X-Request-Id", "request-1");
    headers.emplace_back("apikey", "the-api-key-of-alice");
    return headers;
  }
  static void name_gateways(Settings& s) { s.set("security", "trusted_gateways", "[\"127.0.0.0/8\", \"10.0.0.0/8\"]"); }
};

TEST_F(AuditTrail, SaysByDefaultWhoGotWhichToken) {
  const Scene scene(name_gateways);
  const HttpReply reply = scene.tokens(alice_for("203.0.113.66, 198.51.100.9, 10.1.2.3"));
  const std::string token = token_of(reply);
  ASSERT_FALSE(token.empty());
  const LogLine line = token_line(scene);
  EXPECT_EQ(line.field("http.request.id"), "request-1") << line.text;
  EXPECT_EQ(line.field("user.id"), kAliceId);
  EXPECT_EQ(line.field("user.name"), "alice");
  EXPECT_EQ(line.field("source.address"), "127.0.0.1");
  EXPECT_EQ(line.field("client.address"), "198.51.100.9");
  EXPECT_EQ(line.field("authd.credential.key"), "alice-key");
  EXPECT_EQ(line.field("authd.token.jti"), parse_object(scene.validate(token).body)->getValue<std::string>("tokenId"));
  for (const std::string& secret : {token.substr(token.rfind('.')), kAliceSecret, std::string("the-api-key-of-alice")})
    EXPECT_EQ(line.text.find(secret), std::string::npos);
}

TEST_F(AuditTrail, HasOneLineForEachTokenHoweverFastTheyCome) {
  Scene scene([](Settings& s) { s.set_text("cache", "ttl", "10m"); });
  HttpConnection connection(scene.port());
  std::string batch;
  for (int i = 0; i < 200; ++i) batch += request_text("GET", "/tokens", kAlice);
  ASSERT_TRUE(connection.send(batch));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(connection.read().value_or(HttpReply()).status, 200);
  ASSERT_EQ(scene.validate(token_of(scene.tokens())).status, 200);
  stop(scene);
  std::set<std::string> ids;
  for (const LogLine& line : scene.authd.events("token-issued")) ids.insert(line.field("authd.token.jti"));
  EXPECT_EQ(ids.size(), 201u);
  EXPECT_TRUE(scene.authd.events(kSummed).empty());
}

TEST_F(AuditTrail, HidesNamesAndTruncatesAddressesIfAsked) {
  const Scene scene([](Settings& s) {
    name_gateways(s);
    s.set("telemetry", "hash_user_names", "true").set("telemetry", "truncate_addresses", "true");
  });
  ASSERT_EQ(scene.tokens(alice_for("2001:db8:1:2::3")).status, 200);
  const LogLine line = token_line(scene);
  EXPECT_EQ(line.field("user.name").size(), 16u);
  EXPECT_EQ(line.text.find("\"alice\""), std::string::npos) << line.text;
  EXPECT_EQ(line.field("source.address"), "127.0.0.0");
  EXPECT_EQ(line.field("client.address"), "2001:db8:1::");
}

TEST_F(AuditTrail, BelievesNobodyWhoTheClientIsUnlessTheGatewaysAreNamed) {
  const Scene scene;
  ASSERT_EQ(scene.tokens(alice_for("198.51.100.9")).status, 200);
  const LogLine line = token_line(scene);
  EXPECT_EQ(line.field("source.address"), "127.0.0.1");
  EXPECT_EQ(line.field("client.address"), "") << line.text;
}

TEST_F(AuditTrail, CanBeSwitchedOff) {
  Scene scene([](Settings& s) { s.set("telemetry", "audit", "false").set_text("telemetry", "access_log", "all"); });
  ASSERT_EQ(scene.tokens().status, 200);
  stop(scene);
  EXPECT_EQ(scene.authd.events("request").size(), 1u);
  EXPECT_TRUE(scene.authd.events("token-issued").empty());
}

TEST(RequestOutcomes, AFailedRequestSaysWhichCallFailedAndHow) {
  Scene scene([](Settings& s) { s.set("gateway", "max_attempts", "1"); });
  scene.kong.set_fault({Kind::error_500});
  ASSERT_EQ(code_of(scene.tokens()), "AUTH_004");
  const LogLine line = request_line(scene, "AUTH_004");
  EXPECT_NE(line.field("error.message").find("list: unavailable (500)"), std::string::npos) << line.text;
  EXPECT_EQ(line.field("user.id"), kAliceId);
  EXPECT_EQ(line.field("source.address"), "127.0.0.1");
  EXPECT_EQ(line.field("log.level"), "error");
}

TEST(RequestOutcomes, AWrongHeaderSaysWhich) {
  Scene scene;
  ASSERT_EQ(code_of(scene.tokens({{"X-Consumer-ID", kAliceId}})), "AUTH_001");
  EXPECT_NE(request_line(scene, "AUTH_001").field("error.message").find("X-Consumer-Username"), std::string::npos);
}

TEST(RequestOutcomes, AFirstTokenThatTimedOutSaysWhatItWaitedForAndHowLong) {
  Scene scene;
  scene.kong.set_fault(KongOperation::list, {Kind::hang});
  ASSERT_EQ(code_of(scene.tokens()), "AUTH_004");
  const LogLine line = request_line(scene, "AUTH_004");
  EXPECT_EQ(line.field("error.message").rfind("list: no answer after ", 0), 0u) << line.text;
  EXPECT_EQ(steps_of(line), "queue ok, list running") << line.text;
  const auto steps = line.json ? line.json->getArray("authd.steps") : nullptr;
  ASSERT_TRUE(steps && steps->size() == 2) << line.text;
  EXPECT_GE(steps->getObject(1)->getValue<Poco::Int64>("duration"), 500'000'000 - 1'000'000) << line.text;
}

TEST(RequestOutcomes, ACreateThatHangsIsNamed) {
  Scene scene;
  scene.add_strangers(1, 0);
  scene.kong.set_fault(KongOperation::create, {Kind::hang});
  ASSERT_EQ(code_of(scene.tokens(stranger(0))), "AUTH_004");
  const LogLine line = request_line(scene, "AUTH_004");
  EXPECT_EQ(line.field("error.message").rfind("create: no answer after ", 0), 0u) << line.text;
  EXPECT_EQ(steps_of(line), "queue ok, list ok, create running") << line.text;
}

TEST(RequestOutcomes, ACreateThatKongRefusesShowsKongsWordsAndTheMemoryOfItSaysSo) {
  Scene scene;
  scene.add_strangers(1, 0);
  KongFault refusal;
  refusal.kind = Kind::refuse;
  refusal.status = 403;
  scene.kong.set_fault(KongOperation::create, refusal);
  ASSERT_EQ(code_of(scene.tokens(stranger(0))), "AUTH_013");
  const LogLine line = request_line(scene, "AUTH_013");
  EXPECT_EQ(line.field("error.message").rfind("create: denied (403): ", 0), 0u) << line.text;
  EXPECT_GT(line.field("error.message").size(), std::string("create: denied (403): ").size());
  EXPECT_EQ(steps_of(line), "queue ok, list ok, create denied") << line.text;
  ASSERT_EQ(code_of(scene.tokens(stranger(0))), "AUTH_013");
  EXPECT_TRUE(scene.authd.await_event("request", kPatience, [](const LogLine& l) {
    return l.field("error.message").find("lookup.negative_ttl") != std::string::npos;
  }));
}

// One worker, which hangs: whoever comes next waits for it in vain, or is not let in at all.
TEST(RequestOutcomes, ARequestThatWaitedForAWorkerInVainSaysSo) {
  Scene scene([](Settings& s) { s.set("gateway", "pool_size", "1"); });
  scene.add_strangers(2, 2);
  scene.kong.set_fault(KongOperation::list, {Kind::hang});
  HttpConnection first(scene.port());
  ASSERT_TRUE(first.send(request_text("GET", "/tokens", stranger(0))));
  ASSERT_TRUE(scene.kong.await(KongOperation::list, 1, kPatience));
  ASSERT_EQ(code_of(scene.tokens(stranger(1))), "AUTH_014");
  const std::string why = request_line(scene, "AUTH_014").field("error.message");
  EXPECT_TRUE(why.starts_with("no worker for calls to the gateway is free within 500 ms")) << why;
}

TEST(RequestOutcomes, ALookupHasItsStepsAndAWarmTokenNone) {
  Scene scene([](Settings& s) { s.set_text("telemetry", "access_log", "all").set_text("cache", "ttl", "10m"); });
  ASSERT_EQ(scene.tokens().status, 200);
  ASSERT_EQ(scene.tokens().status, 200);
  stop(scene);
  const auto lines = scene.authd.events("request");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(steps_of(lines[0]), "queue ok, list ok") << lines[0].text;
  EXPECT_EQ(steps_of(lines[1]), "") << lines[1].text;
}

TEST(RequestOutcomes, ATokenFromAStaleCopySaysSoAndWhy) {
  Scene scene([](Settings& s) { s.set_text("telemetry", "access_log", "all").set("lookup", "refresh_ahead", "0.0"); });
  ASSERT_EQ(scene.tokens().status, 200);
  scene.kong.set_fault({Kind::error_500});
  const auto is_stale = [](const LogLine& line) { return line.field("authd.token.stale") == "true"; };
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!scene.authd.await_event("request", milliseconds(100), is_stale)) {
    ASSERT_EQ(scene.tokens().status, 200);
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the copy never expired";
  }
  const LogLine line = scene.authd.await_event("request", kPatience, is_stale).value_or(LogLine());
  EXPECT_EQ(line.field("authd.token.stale_reason").rfind("AUTH_00", 0), 0u) << line.text;
  EXPECT_EQ(line.field("error.message"), "") << "it is a success";
  ASSERT_TRUE(scene.authd.await_event("token-issued", kPatience, is_stale));
  EXPECT_EQ(scene.authd.events("token-issued").front().field("authd.token.stale"), "");
}

struct NotHttp {
  const char* name;
  std::string bytes;
  const char* status;
  const char* why;
};

class RefusedBeforeARoute : public testing::TestWithParam<NotHttp> {};

INSTANTIATE_TEST_SUITE_P(
    Of, RefusedBeforeARoute,
    testing::Values(
        NotHttp{"Tls", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "400", "A TLS handshake"},
        NotHttp{"ProxyVersion1", "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n", "501", "A PROXY protocol header"},
        NotHttp{"ProxyVersion2", std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16), "400",
                "A PROXY protocol header"},
        NotHttp{"LongTarget", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n", "414",
                "The request target is too long"},
        NotHttp{"BadHeader", "GET /tokens HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", "400", "Malformed"},
        NotHttp{"FoldedHeader", "GET /tokens HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", "400", "Folded header field"}),
    [](const auto& of) { return std::string(of.param.name); });

TEST_P(RefusedBeforeARoute, HasALineThatSaysWhatItWasAndWhoseItWas) {
  const Scene scene;
  HttpConnection connection(scene.port());
  connection.send(GetParam().bytes);
  const auto line = scene.authd.await_event("request-refused", kPatience);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->field("http.response.status_code"), GetParam().status) << line->text;
  EXPECT_EQ(line->field("error.message").rfind(GetParam().why, 0), 0u) << line->text;
  EXPECT_EQ(line->field("source.address"), "127.0.0.1");
}

// With Kong down, what was 24,570 lines in three seconds. What is not written is counted: none is lost.
TEST(LogStorm, IsSummedAndNoLineIsLost) {
  constexpr int kRequests = 2000;
  Scene scene(
      [](Settings& s) { s.set_text("breaker", "reset_timeout", "30s").set("lookup", "negative_ttl", "\"1s\""); });
  scene.add_strangers(kRequests, kRequests);
  scene.kong.set_fault({Kind::reset});
  HttpConnection connection(scene.port());
  std::size_t failed = 0;
  for (int n = 0; n < kRequests; ++n) {
    ASSERT_TRUE(connection.send(request_text("GET", "/tokens", stranger(n))));
    const auto reply = connection.read();
    ASSERT_TRUE(reply);
    failed += reply->status == 503 ? 1 : 0;
  }
  ASSERT_EQ(failed, static_cast<std::size_t>(kRequests));
  stop(scene);
  std::size_t told = scene.authd.events("request").size();
  for (const LogLine& sum : scene.authd.events(kSummed)) {
    if (sum.field("authd.log.event") == "request") told += std::stoul(sum.field("authd.log.suppressed"));
  }
  EXPECT_EQ(told, failed);
  ASSERT_FALSE(scene.authd.events(kSummed).empty());
  // Of each kind eleven lines a second at most. The kinds: requests with AUTH_004 and AUTH_005, calls that fail, the
  // breaker; how many seconds it took, the machine decides.
  const auto first = scene.authd.events("request").front().field("@timestamp");
  const auto last = scene.authd.events(kSummed).back().field("@timestamp");
  const auto seconds_of_day = [](const std::string& at) {
    return 3600 * std::stoi(at.substr(11, 2)) + 60 * std::stoi(at.substr(14, 2)) + std::stoi(at.substr(17, 2));
  };
  const int took = (seconds_of_day(last) - seconds_of_day(first) + 86'400) % 86'400;
  EXPECT_LE(scene.authd.child().output().size(), 40u + 44u * static_cast<std::size_t>(took + 2));
}

TEST(LogStorm, OfRefusedRequestsIsSummedOnceASecond) {
  const Scene scene;
  for (int i = 0; i < 30; ++i) {
    HttpConnection connection(scene.port());
    connection.send("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n");
    ASSERT_TRUE(connection.read());
  }
  // While it runs, and although nothing else is written.
  const auto sum = scene.authd.await_event(kSummed, kPatience);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->field("authd.log.event"), "request-refused");
  EXPECT_EQ(sum->field("error.code"), "HTTP_501");
  EXPECT_EQ(sum->field("log.level"), "warn");
}

TEST(LogStorm, SuccessesAreNotSummed) {
  Scene scene([](Settings& s) { s.set_text("telemetry", "access_log", "all").set_text("cache", "ttl", "10m"); });
  HttpConnection connection(scene.port());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(connection.send(request_text("GET", "/tokens", kAlice)));
    ASSERT_EQ(connection.read().value_or(HttpReply()).status, 200);
  }
  stop(scene);
  EXPECT_EQ(scene.authd.events("request").size(), 100u);
  EXPECT_TRUE(scene.authd.events(kSummed).empty());
}

} // namespace
} // namespace authd::test
