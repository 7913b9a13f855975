// SPDX-License-Identifier: Apache-2.0
// The host's tables as a plugin sees them.
#include "plugin/host_context.h"

#include <memory>

#include <gtest/gtest.h>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "base/call.h"
#include "fixtures.h"

namespace authd::plugin {
namespace {

using config::PluginSettings;
using config::PluginValue;
using test::CapturedLog;
using test::number_value;
using test::text_value;

PluginSettings settings() {
  PluginSettings s;
  s.values.emplace("/name", text_value("kong"));
  s.values.emplace("/password", text_value("hunter22", true));
  s.values.emplace("/timeout", number_value(PluginValue::Type::integer, 1500));
  s.values.emplace("/verify", number_value(PluginValue::Type::boolean, 1));
  s.values.emplace("/hosts", number_value(PluginValue::Type::array, 1));
  s.values.emplace("/hosts/0", text_value("a.example"));
  s.values.emplace("/tags", number_value(PluginValue::Type::object, 2));
  PluginValue ratio;
  ratio.type = PluginValue::Type::number;
  ratio.number = 0.5;
  s.values.emplace("/ratio", ratio);
  s.keys.emplace("/tags", std::vector<std::string>{"zone", "area"});
  return s;
}

class HostContextTest : public testing::Test {
 protected:
  authd_value get(std::string_view pointer) {
    authd_value value{};
    value.size = sizeof value;
    if (host_->cfg_get(host_, context_.settings(), to_abi(pointer), &value) != AUTHD_OK) value.type = 99;
    return value;
  }

  CapturedLog log_;
  HostContext context_{"gw", "org.example", settings(), {}, log_.get()};
  const authd_host* host_ = context_.abi();
};

} // namespace

TEST_F(HostContextTest, AnnouncesItsVersion) {
  EXPECT_EQ(host_->size, sizeof(authd_host));
  EXPECT_EQ(host_->major, AUTHD_ABI_MAJOR);
  EXPECT_EQ(host_->minor, AUTHD_ABI_MINOR);
}

TEST_F(HostContextTest, ServesSettingsByPointerAndType) {
  EXPECT_EQ(get("/name").type, static_cast<std::uint32_t>(AUTHD_TYPE_STRING));
  EXPECT_EQ(view(get("/name").s), "kong");
  EXPECT_EQ(view(get("/password").s), "hunter22") << "the plugin itself gets its secrets";
  EXPECT_EQ(get("/timeout").type, static_cast<std::uint32_t>(AUTHD_TYPE_INT));
  EXPECT_EQ(get("/timeout").i, 1500);
  EXPECT_EQ(get("/verify").type, static_cast<std::uint32_t>(AUTHD_TYPE_BOOL));
  EXPECT_EQ(get("/ratio").type, static_cast<std::uint32_t>(AUTHD_TYPE_DOUBLE));
  EXPECT_EQ(get("/ratio").d, 0.5);
  EXPECT_EQ(get("/hosts").i, 1);
  EXPECT_EQ(view(get("/hosts/0").s), "a.example");
  EXPECT_EQ(get("/hosts/1").type, 99u);
  EXPECT_EQ(get("/absent").type, 99u);
}

TEST_F(HostContextTest, ServesTheNamesOfAnObjectInOrder) {
  authd_str name{};
  const auto key = [&](std::uint32_t i) {
    return host_->cfg_key(host_, context_.settings(), to_abi("/tags"), i, &name);
  };
  ASSERT_EQ(key(0), AUTHD_OK);
  EXPECT_EQ(view(name), "zone");
  ASSERT_EQ(key(1), AUTHD_OK);
  EXPECT_EQ(view(name), "area");
  EXPECT_EQ(key(2), AUTHD_NOT_FOUND);
}

TEST_F(HostContextTest, FillsSinksUpToTheirBound) {
  std::string target;
  authd_out out{target, 5};
  EXPECT_EQ(host_->put(host_, &out, to_bytes("abc")), AUTHD_OK);
  EXPECT_EQ(host_->put(host_, &out, to_bytes("de")), AUTHD_OK);
  EXPECT_EQ(host_->put(host_, &out, to_bytes("f")), AUTHD_INVALID);
  EXPECT_TRUE(out.overflow);
  EXPECT_EQ(target, "abcde");
  EXPECT_EQ(host_->put(host_, nullptr, to_bytes("f")), AUTHD_INVALID);
  EXPECT_EQ(host_->put(host_, &out, {nullptr, 3}), AUTHD_INVALID);
}

TEST_F(HostContextTest, TellsTheTimeLeft) {
  EXPECT_EQ(host_->remaining_ms(host_, nullptr), INT64_MAX);
  const Call endless;
  EXPECT_EQ(host_->remaining_ms(host_, endless.abi()), INT64_MAX);
  const Call late(steady_now() - milliseconds(1));
  EXPECT_EQ(host_->remaining_ms(host_, late.abi()), 0);
  Call call(steady_now() + milliseconds(60'000));
  EXPECT_GT(host_->remaining_ms(host_, call.abi()), 0);
  EXPECT_LE(host_->remaining_ms(host_, call.abi()), 60'000);
  call.cancel();
  EXPECT_EQ(host_->remaining_ms(host_, call.abi()), 0);
}

TEST_F(HostContextTest, RecordsFailuresWithoutSecrets) {
  Call call;
  const authd_error error{sizeof error, 0, 401, 20, to_abi("password hunter22 refused"), {}};
  EXPECT_EQ(host_->fail(host_, call.abi(), AUTHD_DENIED, &error), AUTHD_DENIED);
  const CallFailure failure = call.take_failure(CallStatus::denied);
  EXPECT_EQ(failure.message, "password [redacted] refused");
  EXPECT_EQ(failure.upstream_status, 401);
  EXPECT_EQ(failure.retry_after, milliseconds(20));
  EXPECT_EQ(host_->fail(host_, call.abi(), AUTHD_TIMEOUT, nullptr), AUTHD_TIMEOUT) << "a bare status is enough";
  EXPECT_EQ(host_->fail(host_, nullptr, AUTHD_TIMEOUT, &error), AUTHD_TIMEOUT);
}

TEST_F(HostContextTest, LogsWithWhoAndForWhomButWithoutSecrets) {
  const Call call(SteadyTime::max(), "req-7");
  host_->log(host_, call.abi(), AUTHD_LOG_WARN, to_abi("login-failed"), to_abi("tried hunter22"));
  host_->log(host_, nullptr, 17, {nullptr, 0}, to_abi("odd \xff level"));
  const std::string text = log_.text();
  for (const auto* part : {R"("log.level":"warn")", R"("event.action":"login-failed")", "tried [redacted]",
                           R"("authd.plugin.id":"org.example")", R"("authd.plugin.instance":"gw")", "req-7",
                           R"("log.level":"error")", "odd ? level"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  EXPECT_EQ(text.find("hunter22"), std::string::npos);
}

TEST_F(HostContextTest, OffersServicesById) {
  const auto table = std::make_shared<const int>(0);
  const HostContext context("gw", "org.example", {}, Services{{"acme.x/1", [&](const ServiceUser&) { return table; }}},
                            log_.get());
  const authd_host* host = context.abi();
  EXPECT_EQ(host->service(host, "acme.x/1"), table.get());
  EXPECT_EQ(host->service(host, "acme.x/2"), nullptr);
  EXPECT_EQ(host->service(host, nullptr), nullptr);
}

TEST_F(HostContextTest, KeepsOneTableOfAServiceForAsLongAsItLives) {
  std::vector<std::weak_ptr<const int>> made;
  std::vector<const authd_host*> made_for;
  std::vector<std::string> asked;
  const Services services{{"acme.x/1", [&](const ServiceUser& user) {
                             auto table = std::make_shared<const int>(0);
                             made.push_back(table);
                             made_for.push_back(user.host);
                             asked.push_back(std::string(user.instance) + " of 1." + std::to_string(user.min_minor));
                             return table;
                           }}};
  {
    const HostContext one("one", "org.example", {}, services, log_.get(), 0);
    const HostContext two("two", "org.example", {}, services, log_.get(), 1);
    const void* of_one = one.service("acme.x/1");
    EXPECT_EQ(one.service("acme.x/1"), of_one);
    EXPECT_NE(two.service("acme.x/1"), of_one);
    EXPECT_EQ(made_for, (std::vector<const authd_host*>{one.abi(), two.abi()}));
    EXPECT_EQ(asked, (std::vector<std::string>{"one of 1.0", "two of 1.1"}));
    EXPECT_FALSE(made[0].expired());
  }
  EXPECT_TRUE(made[0].expired());
  EXPECT_TRUE(made[1].expired());
}

} // namespace authd::plugin
