// SPDX-License-Identifier: Apache-2.0
#include "cli/status_view.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace authd::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string document(const std::string& message = "list: timeout", const std::string& entries = "123456") {
  return R"({"version":"0.1.0","environment":"production","uptime":11520,
"rate":{"requests":1234.5,"tokens":1200,"errors":0.25},"latency":{"p50":0.211,"p95":0.9,"p99":2.311},
"reactors":[{"connections":12,"requests":1234567,"loopDelay":0.1},{"connections":13,"requests":7,"loopDelay":120}],
"tiers":[{"name":"cache-memory","state":"healthy","hits":98,"misses":2,"hitRate":0.98,"entries":)" +
         entries + R"(,"bytes":12900000}],
"breakers":[{"name":"gateway","state":"half-open","since":"2026-11-26T20:01:05.123Z","history":[
{"at":"2026-11-26T20:00:01.000Z","from":"closed","to":"open"},{"at":"2026-11-26T20:00:31.000Z","from":"open","to":"half-open"},
{"at":"2026-11-26T20:00:32.000Z","from":"half-open","to":"open"},{"at":"2026-11-26T20:01:05.123Z","from":"open","to":"half-open"}]}],
"lane":{"workers":20,"depth":3,"rejected":17},
"plugins":[{"name":"gateway","kind":"authd.gateway/1","id":"kong-gateway","version":"0.1.0","state":"running"}],
"errors":[{"at":"2026-11-26T20:00:33.000Z","code":"AUTH_004","message":")" +
         message + R"(","count":12}]})";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(StatusView, ShowsEveryPart) {
  const std::string text = draw_status(document(), {});
  for (const char* part :
       {"authd 0.1.0  production  up 3 h 12 min", "1234.5/s", "1200.0/s", "0.2/s", "p50 0.21 ms", "p99 2.31 ms",
        "1,234,567", "120.00 ms", "cache-memory", "healthy", "98.0 %", "123,456", "12.3 MiB", "half-open",
        "2026-11-26 20:01:05", "20 workers, 3 waiting, 17 rejected", "authd.gateway/1", "AUTH_004", "list: timeout"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(StatusView, HasTheLastStepsOfABreaker) {
  const std::string text = draw_status(document(), {});
  EXPECT_THAT(text, HasSubstr("2026-11-26 20:00:32  half-open -> open"));
  EXPECT_THAT(text, Not(HasSubstr("20:00:01")));
}

TEST(StatusView, FitsEightyColumnsWhateverItIsTold) {
  const std::string message(500, 'x');
  for (const std::string& line : lines_of(draw_status(document(message, "9007199254740992"), {}))) {
    EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(StatusView, CountsCharactersAndCutsNone) {
  std::string message;
  for (int i = 0; i < 100; ++i) message += "ä";
  const auto lines = lines_of(draw_status(document(message), {}));
  const std::string& last = lines.back();
  EXPECT_GT(last.size(), 80U);
  EXPECT_EQ(last.substr(last.size() - 2), "ä");
}

TEST(StatusView, KeepsToTheRowsOfTheTerminal) {
  EXPECT_EQ(lines_of(draw_status(document(), {80, 5, false})).size(), 5U);
}

TEST(StatusView, ShowsWhatIsUnknownAsSuch) {
  const std::string text = draw_status(document("", "null"), {});
  const auto lines = lines_of(text);
  const auto tier =
      std::find_if(lines.begin(), lines.end(), [](const auto& l) { return l.starts_with("cache-memory"); });
  EXPECT_THAT(*tier, HasSubstr(" - "));
}

TEST(StatusView, HasColourOnlyWhenToldSo) {
  EXPECT_THAT(draw_status(document(), {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(draw_status(document(), {80, 0, true}), HasSubstr("\x1b[33mhalf-open\x1b[0m"));
}

TEST(StatusView, LetsNobodySteerTheTerminal) {
  const std::string text = draw_status(document(R"(\u001b[2J\u009b31m\u202eevil\n)"), {});
  for (const char* steering : {"\x1b", "\xc2\x9b", "\xe2\x80\xae"}) EXPECT_THAT(text, Not(HasSubstr(steering)));
  EXPECT_THAT(text, HasSubstr("evil"));
}

TEST(StatusView, SaysWhenThatIsNoStatus) {
  for (const char* other : {"", "[]", "{}", R"({"version":"1"})", "<html>"}) {
    EXPECT_THROW(draw_status(other, {}), std::runtime_error) << other;
  }
}

} // namespace
} // namespace authd::cli
