// SPDX-License-Identifier: Apache-2.0
#include "http/problem.h"

#include <array>

#include <gtest/gtest.h>

#include "recorded_exchange.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

// "2026-11-22T12:53:43.123Z" becomes "T", and only if it has that shape.
std::string without_time(std::string body) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddZ";
  constexpr std::string_view kBefore = "\"timestamp\":\"";
  const std::size_t at = body.find(kBefore) + kBefore.size();
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = body.at(at + i);
    if (kShape[i] == 'd' ? c < '0' || c > '9' : c != kShape[i]) return body;
  }
  return body.replace(at, kShape.size(), "T");
}

TEST(Problem, HasTheMembersOfTheContractInItsOrder) {
  RecordedExchange exchange(Method::get, "/tokens");
  respond_problem(exchange, {Code::missing_consumer, "X-Consumer-ID is \"missing\"", 0s});
  EXPECT_EQ(exchange.status, 401);
  EXPECT_EQ(exchange.content_type, "application/problem+json");
  EXPECT_EQ(without_time(exchange.body),
            R"({"type":"urn:authd:problem:auth-001","title":"Unauthorized","status":401,)"
            R"("detail":"X-Consumer-ID is \"missing\"","instance":"/tokens","code":"AUTH_001",)"
            R"("requestId":"id-1","timestamp":"T","extensions":{}})");
  EXPECT_EQ(exchange.outcome().code, Code::missing_consumer);
  EXPECT_TRUE(exchange.headers.empty());
}

TEST(Problem, CarriesRetryAfter) {
  RecordedExchange exchange(Method::get, "/tokens");
  respond_problem(exchange, {Code::breaker_open, "open", 30s});
  EXPECT_EQ(exchange.status, 503);
  EXPECT_EQ(exchange.headers.at("Retry-After"), "30");
}

TEST(Problem, OfHttpItselfHasNoAuthCode) {
  RecordedExchange exchange(Method::del, "/tokens");
  constexpr std::array<std::string_view, 2> kAllowed{"GET", "HEAD"};
  respond_http_problem(exchange, 405, "no", kAllowed);
  EXPECT_EQ(without_time(exchange.body),
            R"({"type":"urn:authd:problem:http-405","title":"Method Not Allowed","status":405,"detail":"no",)"
            R"("instance":"/tokens","code":"HTTP_405","requestId":"id-1","timestamp":"T",)"
            R"("extensions":{"allowedMethods":["GET","HEAD"]}})");
  EXPECT_EQ(exchange.headers.at("Allow"), "GET, HEAD");
  EXPECT_EQ(exchange.outcome().code, std::nullopt);
}

} // namespace
} // namespace authd::http
