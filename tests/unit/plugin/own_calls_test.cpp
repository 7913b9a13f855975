// SPDX-License-Identifier: Apache-2.0
#include "plugin/host_context.h"

#include <gtest/gtest.h>

#include "base/abi_views.h"
#include "fixtures.h"

namespace authd::plugin {
namespace {

class OwnCallsTest : public testing::Test {
 protected:
  ~OwnCallsTest() override { calls_->close(call_); }

  std::int64_t remaining() const { return host_->remaining_ms(host_, call_); }
  authd_error failure() const {
    authd_error error{};
    error.size = sizeof error;
    calls_->failure(call_, &error);
    return error;
  }

  test::CapturedLog log_;
  HostContext context_{"gw", "org.example", {}, {}, log_.get()};
  const authd_host* host_ = context_.abi();
  const authd_calls_v1* calls_ = static_cast<const authd_calls_v1*>(host_->service(host_, AUTHD_CALLS_V1));
  const authd_call* call_ = calls_->open(60'000);
};

} // namespace

TEST_F(OwnCallsTest, HaveTheDeadlineThatWasAskedFor) {
  EXPECT_GT(remaining(), 30'000);
  EXPECT_LE(remaining(), 60'000);
  for (const std::int64_t none : {std::int64_t{0}, std::int64_t{-5}}) {
    const authd_call* over = calls_->open(none);
    EXPECT_EQ(host_->remaining_ms(host_, over), 0);
    calls_->close(over);
  }
  const authd_call* longest = calls_->open(INT64_MAX);
  EXPECT_GT(host_->remaining_ms(host_, longest), 60'000);
  calls_->close(longest);
}

TEST_F(OwnCallsTest, AreOutOfTimeOnceWithdrawn) {
  calls_->withdraw(call_);
  EXPECT_EQ(remaining(), 0);
}

TEST_F(OwnCallsTest, TellWhatWasRecordedOnThem) {
  EXPECT_EQ(view(failure().message), "");
  const authd_error recorded{sizeof recorded, 0, 429, 7000, to_abi("too many"), {}};
  host_->fail(host_, call_, AUTHD_RATE_LIMITED, &recorded);
  EXPECT_EQ(view(failure().message), "too many");
  EXPECT_EQ(failure().upstream_status, 429);
  EXPECT_EQ(failure().retry_after_ms, 7000u);
}

TEST_F(OwnCallsTest, SurviveNullAndTablesThatAreTooSmall) {
  calls_->withdraw(nullptr);
  calls_->close(nullptr);
  calls_->failure(call_, nullptr);
  authd_error small{};
  small.size = 4;
  small.upstream_status = 5;
  calls_->failure(call_, &small);
  EXPECT_EQ(small.upstream_status, 5);
}

} // namespace authd::plugin
