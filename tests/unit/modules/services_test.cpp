// SPDX-License-Identifier: Apache-2.0
#include "modules/services.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authd/services.h"
#include "base/abi_views.h"
#include "base/call.h"

namespace authd::modules {
namespace {

using testing::HasSubstr;

Secret key(char filled_with) { return Secret(std::string(MasterKeys::kBytes, filled_with)); }

// What a plugin collects from a service.
struct Collected {
  authd_sink sink{sizeof sink, 0, this, [](const authd_sink* self, authd_bytes bytes) noexcept {
                    static_cast<Collected*>(self->ctx)->text = std::string(view(bytes));
                    return static_cast<authd_status>(AUTHD_OK);
                  }};
  std::string text{};
};

class SecretsOf {
 public:
  SecretsOf(const MasterKeys& keys, std::string_view instance)
      : service_(secrets_service(keys, {nullptr, instance, AUTHD_ABI_MINOR})),
        table_(static_cast<const authd_secrets_v1*>(service_.get())) {}

  bool exist() const { return table_ != nullptr; }
  std::string seal(std::string_view purpose, std::string_view plain) const {
    Collected sealed;
    EXPECT_EQ(table_->seal(table_, call_.abi(), to_abi(purpose), to_bytes(plain), &sealed.sink), AUTHD_OK);
    return sealed.text;
  }
  // The value, or "status: why".
  std::string open(std::string_view purpose, std::string_view sealed) const {
    Collected plain;
    const authd_status status = table_->open(table_, call_.abi(), to_abi(purpose), to_bytes(sealed), &plain.sink);
    return status == AUTHD_OK ? plain.text : std::to_string(status) + ": " + call_.failure().message;
  }
  std::string mac(std::string_view purpose, std::string_view of) const {
    std::array<std::uint8_t, 32> tag{};
    EXPECT_EQ(table_->mac(table_, call_.abi(), to_abi(purpose), to_bytes(of), tag.data()), AUTHD_OK);
    return {reinterpret_cast<const char*>(tag.data()), tag.size()};
  }
  const authd_secrets_v1* table() const { return table_; }

 private:
  std::shared_ptr<const void> service_;
  const authd_secrets_v1* table_;
  Call call_;
};

TEST(SecretsService, IsThereOnlyWithMasterKeys) {
  EXPECT_FALSE(SecretsOf(MasterKeys(), "oauth").exist());
  const MasterKeys keys({key('a')});
  EXPECT_TRUE(SecretsOf(keys, "oauth").exist());
}

TEST(SecretsService, OpensWhatItSealedForTheSameInstanceAndPurposeAlone) {
  const MasterKeys keys({key('a')});
  const SecretsOf oauth(keys, "oauth"), other(keys, "other");
  const std::string sealed = oauth.seal("codes", "hunter2");
  EXPECT_THAT(sealed, testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(oauth.open("codes", sealed), "hunter2");
  const std::string refused = std::to_string(AUTHD_CORRUPT) + ": no master key opens it for this instance and purpose";
  EXPECT_EQ(oauth.open("tokens", sealed), refused);
  EXPECT_EQ(other.open("codes", sealed), refused);
  EXPECT_EQ(oauth.open("codes", sealed.substr(1)), refused);
  EXPECT_EQ(oauth.open("codes", ""), refused);
}

TEST(SecretsService, OpensByEveryMasterKeyAndSealsByTheFirst) {
  const MasterKeys old_ones({key('a')}), both({key('b'), key('a')}), new_ones({key('b')});
  const std::string before = SecretsOf(old_ones, "oauth").seal("codes", "kept");
  EXPECT_EQ(SecretsOf(both, "oauth").open("codes", before), "kept");
  const std::string after = SecretsOf(both, "oauth").seal("codes", "new");
  EXPECT_EQ(SecretsOf(new_ones, "oauth").open("codes", after), "new");
  EXPECT_THAT(SecretsOf(new_ones, "oauth").open("codes", before), HasSubstr("no master key opens it"));
}

TEST(SecretsService, MacsDifferByInstancePurposeAndText) {
  const MasterKeys keys({key('a')});
  const SecretsOf oauth(keys, "oauth"), other(keys, "other");
  EXPECT_EQ(oauth.mac("grace", "token"), oauth.mac("grace", "token"));
  EXPECT_NE(oauth.mac("grace", "token"), oauth.mac("grace", "tokem"));
  EXPECT_NE(oauth.mac("grace", "token"), oauth.mac("csrf", "token"));
  EXPECT_NE(oauth.mac("grace", "token"), other.mac("grace", "token"));
}

TEST(SecretsService, RefusesAPurposeThatIsNone) {
  const MasterKeys keys({key('a')});
  const SecretsOf oauth(keys, "oauth");
  Call call;
  Collected sealed;
  for (const std::string& purpose : {std::string(), std::string(65, 'x')}) {
    EXPECT_EQ(oauth.table()->seal(oauth.table(), call.abi(), to_abi(purpose), to_bytes("x"), &sealed.sink),
              AUTHD_INVALID);
    EXPECT_EQ(call.failure().message, "a purpose has 1 to 64 bytes");
  }
}

TEST(SecretsService, DigestsAsSha256Does) {
  const MasterKeys keys({key('a')});
  const SecretsOf oauth(keys, "oauth");
  std::array<std::uint8_t, 32> sum{};
  oauth.table()->digest(oauth.table(), to_bytes("abc"), sum.data());
  EXPECT_EQ(sum[0], 0xba); // FIPS 180-4's example begins and ends so
  EXPECT_EQ(sum[31], 0xad);
}

TEST(RandomService, GivesBytesUpToItsBound) {
  const auto service = random_service({nullptr, "oauth", AUTHD_ABI_MINOR});
  const auto* table = static_cast<const authd_random_v1*>(service.get());
  std::array<char, 32> one{}, two{};
  EXPECT_EQ(table->bytes(table, one.data(), one.size()), AUTHD_OK);
  EXPECT_EQ(table->bytes(table, two.data(), two.size()), AUTHD_OK);
  EXPECT_NE(one, two);
  std::string many(4097, '\0');
  EXPECT_EQ(table->bytes(table, many.data(), 4096), AUTHD_OK);
  EXPECT_EQ(table->bytes(table, many.data(), many.size()), AUTHD_INVALID);
}

TEST(ClockService, TellsTheHostsTime) {
  const MovableClock clock;
  const auto service = clock_service(clock, {nullptr, "oauth", AUTHD_ABI_MINOR});
  const auto* table = static_cast<const authd_clock_v1*>(service.get());
  const std::int64_t before = unix_millis(wall_now());
  EXPECT_GE(table->wall_ms(table), before);
  EXPECT_LE(table->wall_ms(table), unix_millis(wall_now()));
  const std::int64_t first = table->steady_ms(table);
  EXPECT_GE(table->steady_ms(table), first);
}

} // namespace
} // namespace authd::modules
