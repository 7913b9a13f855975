// SPDX-License-Identifier: Apache-2.0
// GET /metrics of the built process: every view and both text formats say what was done.
#include <chrono>
#include <string>

#include "scene.h"

namespace authd::test {
namespace {

constexpr const char* kText = "text/plain; version=0.0.4";

std::string text_of(const Scene& scene, const char* accept = kText) {
  return get(scene.port(), "/metrics", {{"Accept", accept}}).body;
}

// The value of a series in the text format; -1: there is none.
double sample(const std::string& text, const std::string& series) {
  const auto at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

// A request is counted when it is answered, so the client may ask before that.
double await_sample(const Scene& scene, const std::string& series, double expected) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  double value = sample(text_of(scene), series);
  while (value != expected && std::chrono::steady_clock::now() < deadline) value = sample(text_of(scene), series);
  return value;
}

TEST(MetricsEndpoint, CountsTokensTiersAndTheGateway) {
  Scene scene;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(scene.tokens(kAlice).status, 200);
  EXPECT_EQ(await_sample(scene, R"(http_requests_total{method="GET",route="/tokens",status="200"})", 3), 3);
  const std::string text = text_of(scene);
  EXPECT_EQ(sample(text, R"(jwt_tokens_generated_total{algorithm="HS256"})"), 3);
  EXPECT_EQ(sample(text, R"(consumer_volume_total{class="low"})"), 3);
  EXPECT_EQ(sample(text, R"(kong_operations_total{operation="list",result="ok"})"), 1);
  EXPECT_EQ(sample(text, R"(cache_tier_operations_total{tier="cache-memory",operation="get",result="miss"})"), 1);
  EXPECT_EQ(sample(text, R"(cache_tier_operations_total{tier="cache-memory",operation="get",result="hit"})"), 2);
  EXPECT_EQ(sample(text, R"(cache_entries{tier="cache-memory"})"), 1);
  EXPECT_EQ(sample(text, R"(circuit_breaker_state{breaker="gateway"})"), 0);
  EXPECT_GE(sample(text, "http_active_connections"), 1);
  EXPECT_GT(sample(text, R"(process_memory_usage{type="rss"})"), 1e6);
}

TEST(MetricsEndpoint, CountsRefusalsAndTheOpenBreaker) {
  Scene scene;
  scene.kong.set_fault({KongFault::Kind::error_500});
  int asked = 0;
  while (asked < 50 && code_of(scene.tokens(stranger(asked))) != "AUTH_005") ++asked;
  ASSERT_LT(asked, 50);
  EXPECT_EQ(await_sample(scene, R"(token_failures_total{code="AUTH_005"})", 1), 1);
  const std::string text = text_of(scene);
  EXPECT_EQ(sample(text, R"(circuit_breaker_state_transitions_total{breaker="gateway",from="closed",to="open"})"), 1);
  EXPECT_GE(sample(text, R"(circuit_breaker_rejected_total{breaker="gateway",operation="list"})"), 1);
  EXPECT_GE(sample(text, R"(circuit_breaker_fallback_total{breaker="gateway",result="miss"})"), 1);
}

TEST(MetricsEndpoint, SurviveAReload) {
  std::string settings;
  Scene scene([&](Settings& s) { settings = s.toml(); });
  ASSERT_EQ(scene.tokens(kAlice).status, 200);
  ASSERT_TRUE(scene.authd.reload(settings, "reloaded"));
  ASSERT_EQ(scene.tokens(kAlice).status, 200);
  EXPECT_EQ(await_sample(scene, R"(jwt_tokens_generated_total{algorithm="HS256"})", 2), 2);
  const std::string text = text_of(scene);
  const std::string gauge = "\ncache_entries{";
  EXPECT_EQ(text.find(gauge, text.find(gauge) + 1), std::string::npos) << "one generation alone is read";
}

TEST(MetricsEndpoint, NamesNoConsumer) {
  Scene scene;
  ASSERT_EQ(scene.tokens(kAlice).status, 200);
  for (const char* path : {"/metrics", "/metrics?view=full"}) {
    const std::string body = get(scene.port(), path).body;
    EXPECT_EQ(body.find(kAliceId), std::string::npos);
    EXPECT_EQ(body.find("alice"), std::string::npos);
  }
  EXPECT_EQ(text_of(scene).find(kAliceId), std::string::npos);
}

TEST(MetricsEndpoint, AnswersPrometheusInTheFormatThatItPrefers) {
  Scene scene;
  const char* accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const std::string open_metrics = text_of(scene, accept);
  ASSERT_GT(open_metrics.size(), 6U);
  EXPECT_EQ(open_metrics.substr(open_metrics.size() - 6), "# EOF\n");
  EXPECT_EQ(text_of(scene).find("# EOF"), std::string::npos);
  EXPECT_EQ(text_of(scene, "*/*").front(), '{');
}

} // namespace
} // namespace authd::test
