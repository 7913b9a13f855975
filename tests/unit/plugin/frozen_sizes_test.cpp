// SPDX-License-Identifier: Apache-2.0
// A plugin's structs are as long as its author compiled them: as in ABI 1.0, longer, or too short.
#include "base/frozen_sizes.h"

#include <array>

#include <gtest/gtest.h>

#include "base/call.h"
#include "fixtures.h"
#include "plugin/gateway.h"
#include "plugin/host_context.h"
#include "scripted.h"

namespace authd {

// A struct that has grown by `added` since its first minor.
struct Grown {
  std::uint32_t size;
  std::uint32_t pad;
  const char* old;
  const char* added;
};
template <>
constexpr std::size_t first_size<Grown>() {
  return offsetof(Grown, old) + sizeof(Grown::old);
}

namespace plugin {
namespace {

using test::Scripted;

// As a later minor will have it.
template <class Struct>
struct Later {
  Struct now;
  std::array<std::uint64_t, 4> added;
};

Grown grown(std::size_t size) { return {static_cast<std::uint32_t>(size), 0, "old", "added"}; }

class FrozenSizes : public testing::Test {
 protected:
  // What a call that failed with this error recorded.
  CallFailure recorded(const authd_error& error) {
    Call call;
    host_->fail(host_, call.abi(), AUTHD_DENIED, &error);
    return call.take_failure(CallStatus::denied);
  }

  test::CapturedLog log_;
  HostContext context_{"gw",
                       "org.example",
                       {.values = {{"/n", test::number_value(config::PluginValue::Type::integer, 7)}}, .keys = {}},
                       {},
                       log_.get()};
  const authd_host* host_ = context_.abi();
};

} // namespace

TEST(FrozenSize, IsThatOfTheFirstMinor) {
  EXPECT_EQ(first_size<authd_error>(), 32u);
  EXPECT_EQ(first_size<authd_value>(), 40u);
  EXPECT_EQ(first_size<authd_component>(), 64u);
  EXPECT_EQ(first_size<authd_plugin>(), 64u);
  EXPECT_EQ(first_size<authd_credential>(), 80u);
  EXPECT_EQ(first_size<authd_http_request>(), 88u);
  EXPECT_EQ(first_size<authd_http_response>(), 8u);
}

TEST(FrozenSize, OfThePastIsWholeAndWhatItLacksIsZero) {
  const Grown past = grown(first_size<Grown>());
  ASSERT_TRUE(is_whole(&past));
  const Grown known = known_part(&past);
  EXPECT_STREQ(known.old, "old");
  EXPECT_EQ(known.added, nullptr);
  EXPECT_EQ(known.size, first_size<Grown>());
  EXPECT_FALSE(AUTHD_HAS(&known, added));
}

TEST(FrozenSize, OfTheFutureIsWholeAndItsMoreIsLeftOut) {
  const Later<Grown> future{grown(sizeof(Later<Grown>)), {}};
  ASSERT_TRUE(is_whole(&future.now));
  const Grown known = known_part(&future.now);
  EXPECT_STREQ(known.added, "added");
  EXPECT_EQ(known.size, sizeof(Grown));
}

TEST(FrozenSize, BelowTheFirstMinorIsNotWhole) {
  const Grown cut = grown(first_size<Grown>() - 1);
  EXPECT_FALSE(is_whole(&cut));
  EXPECT_FALSE(is_whole<Grown>(nullptr));
}

TEST(FrozenSize, ThatNoMinorEverHadCutsNoPointerInTwo) {
  const Grown odd = grown(sizeof(Grown) - 1);
  EXPECT_EQ(known_part(&odd).added, nullptr);
}

TEST(FrozenSize, OfAPluginsStructIsAllThatIsWritten) {
  Grown past = grown(first_size<Grown>());
  fill(&past, {0, 0, "new", "not yours"});
  EXPECT_STREQ(past.old, "new");
  EXPECT_STREQ(past.added, "added");
  EXPECT_EQ(past.size, first_size<Grown>());
}

TEST_F(FrozenSizes, AnErrorOf1_0IsRecorded) {
  const authd_error error{32, 0, 403, 250, to_abi("refused"), {}};
  const CallFailure failure = recorded(error);
  EXPECT_EQ(failure.message, "refused");
  EXPECT_EQ(failure.upstream_status, 403);
  EXPECT_EQ(failure.retry_after, milliseconds(250));
}

TEST_F(FrozenSizes, AnErrorOfALaterMinorIsRecorded) {
  const Later<authd_error> error{{sizeof error, 0, 403, 250, to_abi("refused"), {}}, {}};
  EXPECT_EQ(recorded(error.now).message, "refused");
}

TEST_F(FrozenSizes, AnErrorThatIsTooShortIsNotRead) {
  const authd_error error{31, 0, 403, 250, to_abi("refused"), {}};
  EXPECT_EQ(recorded(error).message, "the plugin gave no reason");
}

TEST_F(FrozenSizes, AValueIsFilledAsFarAsItGoes) {
  for (const std::uint32_t size : {40u, 72u}) {
    Later<authd_value> value{{size, 0, 0, 0, {}}, {1, 2, 3, 4}};
    ASSERT_EQ(host_->cfg_get(host_, context_.settings(), to_abi("/n"), &value.now), AUTHD_OK);
    EXPECT_EQ(value.now.i, 7);
    EXPECT_EQ(value.now.size, size);
    EXPECT_EQ(value.added[3], 4u) << "the host wrote beyond what it knows";
  }
  authd_value cut{39, 0, 0, 0, {}};
  EXPECT_EQ(host_->cfg_get(host_, context_.settings(), to_abi("/n"), &cut), AUTHD_INVALID);
}

TEST_F(FrozenSizes, TheFailureOfAnOwnCallIsFilledAsFarAsItGoes) {
  const authd_calls_v1* calls = own_calls();
  const authd_call* own = calls->open(1000);
  const authd_error why{sizeof why, 0, 418, 9, to_abi("because"), {}};
  host_->fail(host_, own, AUTHD_DENIED, &why);
  for (const std::uint32_t size : {32u, 48u, 80u}) {
    Later<authd_error> out{{size, 0, 0, 0, {}, {}}, {1, 2, 3, 4}};
    calls->failure(own, &out.now);
    EXPECT_EQ(view(out.now.message), "because");
    EXPECT_EQ(out.now.size, size);
    EXPECT_EQ(out.added[3], 4u);
  }
  calls->close(own);
}

TEST_F(FrozenSizes, ACredentialOfAnyMinorIsTaken) {
  std::uint32_t size = 80;
  Scripted adapter(AUTHD_GATEWAY_V1);
  adapter.script.get_secret = [&](const authd_call*, authd_str, const authd_credential_sink* sink) {
    const Later<authd_credential> wire{{size, 0, to_abi("1"), to_abi("key"), to_abi("HS256"), to_bytes("secret"), 42},
                                       {}};
    return sink->put(sink, &wire.now);
  };
  const Gateway gateway(adapter.adopted(log_.get()));
  Call call;
  for (const std::uint32_t each : {80u, 112u}) {
    size = each;
    const auto found = gateway.get_secret(call, "alice");
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_EQ(found->front().created_at, 42);
  }
  size = 79;
  EXPECT_EQ(gateway.get_secret(call, "alice").error().message, "put a credential that is shorter than in ABI 1.0");
}

TEST_F(FrozenSizes, AComponentOfAnyMinorIsAdopted) {
  for (const std::uint32_t size : {64u, 128u}) {
    Scripted plugin(AUTHD_GATEWAY_V1);
    plugin.component.size = size;
    EXPECT_TRUE(plugin.try_adopt(log_.get()).has_value()) << size;
  }
  Scripted plugin(AUTHD_GATEWAY_V1);
  plugin.component.size = 63;
  EXPECT_EQ(plugin.try_adopt(log_.get()).error().code, RefusalCode::bad_descriptor);
}

TEST_F(FrozenSizes, TablesOfFunctionsMayEndAfterAnyThatIsRequired) {
  Scripted plugin(AUTHD_GATEWAY_V1);
  plugin.lifecycle.size = offsetof(authd_lifecycle, health);
  plugin.gateway.size = offsetof(authd_gateway_ops, resolve);
  const Gateway gateway(plugin.adopted(log_.get()));
  Call call;
  EXPECT_EQ(gateway.resolve(call, "alice").value(), "alice"); // not called: the table ends before it
}

} // namespace plugin
} // namespace authd
