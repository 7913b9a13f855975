// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_records.h"

#include <vector>

#include <gtest/gtest.h>

#include "written.h"

namespace authd::telemetry {
namespace {

class Records final : public LogSink {
 public:
  void offer(LogRecord record) override { all.push_back(std::move(record)); }
  std::vector<LogRecord> all;
};

const Attribute* find(const LogRecord& record, std::string_view name) {
  for (const Attribute& attribute : record.attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

TEST(LogRecords, HaveWhatTheLineHas) {
  Records records;
  Written written;
  written.log().set_tap(std::make_shared<LogRecords>(records));
  TimedSteps steps;
  steps.begin("read", SteadyTime(), "redis");
  steps.end("miss", SteadyTime() + std::chrono::microseconds(2));
  written.log().write(Level::warn, "thing-happened", "a thing",
                      {{"url.path", "/tokens"},
                       {"error.code", ""},
                       {"http.response.status_code", 503},
                       {"authd.token.stale", true},
                       {"trace.id", "4bf92f3577b34da6a3ce929d0e0e4736"},
                       {"span.id", "00f067aa0ba902b7"},
                       {"authd.steps", steps}});
  ASSERT_EQ(records.all.size(), 1u);
  const LogRecord& record = records.all[0];
  EXPECT_EQ(record.level, Level::warn);
  EXPECT_EQ(record.event, "thing-happened");
  EXPECT_EQ(record.message, "a thing");
  EXPECT_LE(wall_now() - record.at, std::chrono::minutes(1));
  EXPECT_EQ(view(hex_of(record.trace)), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(view(hex_of(record.span)), "00f067aa0ba902b7");
  ASSERT_EQ(record.attributes.size(), 4u) << "neither empty fields nor the ids";
  EXPECT_EQ(std::get<std::string>(find(record, "url.path")->value), "/tokens");
  EXPECT_EQ(std::get<std::int64_t>(find(record, "http.response.status_code")->value), 503);
  EXPECT_EQ(std::get<bool>(find(record, "authd.token.stale")->value), true);
  EXPECT_EQ(std::get<std::string>(find(record, "authd.steps")->value), "read redis miss 2000 ns");
}

// A bounded number of records is bounded memory.
TEST(LogRecords, CutLongTexts) {
  Records records;
  LogRecords tap(records);
  const std::string path(8000, 'x');
  const Field fields[] = {{"url.path", path}};
  tap.on_event({wall_now(), Level::info, "request", "request answered", fields});
  ASSERT_EQ(records.all.size(), 1u);
  EXPECT_EQ(std::get<std::string>(records.all[0].attributes.at(0).value).size(), 1024u);
}

} // namespace
} // namespace authd::telemetry
