// SPDX-License-Identifier: Apache-2.0
// Plugins of ABI 1.0, as their compilers left them, in the hands of today's loader and proxies.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "authd/http.h"
#include "authd/tiers.h"
#include "base/log.h"
#include "config/loading.h"
#include "http_client/service.h"
#include "plugin/cache_tier.h"
#include "plugin/gateway.h"
#include "plugin/loader.h"
#include "plugin/schema_source.h"
#include "support/fake_kong.h"
#include "support/temp_dir.h"

namespace authd::plugin {
namespace {

using std::chrono::seconds;

// What a remote tier reports, in order.
class ToldTiers {
 public:
  ToldTiers() {
    table_.size = sizeof(authd_tiers_v1);
    table_.self = this;
    table_.invalidated = [](const authd_tiers_v1* t, authd_str key) {
      of(t).add("invalidated " + std::string(key.p, key.n));
    };
    table_.resync = [](const authd_tiers_v1* t) { of(t).add("resync"); };
  }
  const authd_tiers_v1* table() const { return &table_; }

  bool await(const std::vector<std::string>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [&] { return told_ == wanted; });
  }

 private:
  struct Table : authd_tiers_v1 {
    ToldTiers* self;
  };
  static ToldTiers& of(const authd_tiers_v1* t) { return *static_cast<const Table*>(t)->self; }
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
    changed_.notify_all();
  }

  Table table_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
};

class MuseumTest : public testing::Test {
 protected:
  MuseumTest() : log_file_(::memfd_create("log", MFD_CLOEXEC)) {
    Log::Options options;
    options.level = Level::debug;
    options.fd = log_file_;
    log_.emplace(std::move(options));
  }
  ~MuseumTest() override {
    log_.reset(); // its thread may still write
    ::close(log_file_);
  }

  // Through the configuration, so that its schema is read from the note as of any plugin.
  config::Config configured(std::string_view gateway, std::string_view cache) {
    const std::string toml = "[server]\nenvironment = \"test\"\nport = 0\n"
                             "[jwt]\nauthority = \"https://auth.example\"\naudience = \"https://api.example\"\n"
                             "[plugins]\ndir = \"" MUSEUM "/1.0\"\n[gateway]\n" +
                             std::string(gateway) + "\n[[cache]]\n" + std::string(cache) + "\n";
    auto config = config::load(dir_.write("authd.toml", toml), {}, make_schema_source());
    if (config) return std::move(*config);
    for (const config::Problem& problem : config.error()) ADD_FAILURE() << problem.line;
    throw std::runtime_error("the museum's settings are refused");
  }

  std::shared_ptr<Instance> load(const config::Config& config, const config::PluginUse& use, const char* kind) {
    Services services;
    services[AUTHD_HTTP_V1] = [this](const ServiceUser& user) { return exchanges_.connect(user.host); };
    services[AUTHD_TIERS_V1] = [this](const ServiceUser& user) {
      EXPECT_EQ(user.min_minor, 0u);
      return std::shared_ptr<const void>(told_.table(), [](const void*) {});
    };
    const Loader loader({.strict_permissions = false, .require_pins = false}, services, *log_);
    auto instance = loader.load(use, config.plugins.dir, "", kind);
    if (!instance) throw std::runtime_error(instance.error().line);
    if (auto started = (*instance)->start(); !started) throw std::runtime_error(started.error().line);
    return std::move(*instance);
  }

  Gateway gateway(const std::string& more = "") {
    const config::Config config = configured("plugin = \"museum-gateway\"\n" + more, "plugin = \"museum-tier\"");
    return Gateway(load(config, config.gateway, AUTHD_GATEWAY_V1));
  }
  CacheTier tier(const std::string& settings) {
    const config::Config config = configured("plugin = \"museum-gateway\"", settings);
    return CacheTier(load(config, config.cache.front(), AUTHD_CACHE_V1));
  }

  // Ends the log.
  std::string log_text() {
    log_.reset();
    std::string text(static_cast<std::size_t>(::lseek(log_file_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(log_file_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  authd::test::TempDir dir_;
  const int log_file_;
  std::optional<Log> log_; // outlives the instances, as do the services
  http_client::HttpService exchanges_;
  ToldTiers told_;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace

TEST_F(MuseumTest, AGatewayByGccReadsSettingsOfEveryType) {
  {
    gateway("retries = 7\nratio = 0.5\nstrict = false\nnames = [\"a\", \"b\"]\nlimits = { low = 2 }\n"
            "secret = \"correct-horse-battery\"");
  }
  const std::string log = log_text();
  EXPECT_TRUE(contains(log, "retries=7 ratio=half lax a b limits.low [redacted]")) << log;
  EXPECT_TRUE(contains(log, "museum-stopped")) << log;
  EXPECT_FALSE(contains(log, "correct-horse-battery"));
}

TEST_F(MuseumTest, AGatewayByGccPutsCredentials) {
  const Gateway museum = gateway();
  Call call;
  const auto found = museum.get_secret(call, "alice");
  ASSERT_TRUE(found.has_value()) << found.error().message;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].algorithm, "RS256");
  EXPECT_TRUE((*found)[0].secret.empty());
  EXPECT_EQ((*found)[1].key, "alice-key-1");
  EXPECT_EQ((*found)[1].secret.reveal(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ((*found)[1].created_at, 1'700'000'000);
}

TEST_F(MuseumTest, AGatewayByGccSaysWhyItFailed) {
  const Gateway museum = gateway();
  Call call;
  const auto limited = museum.get_secret(call, "limited");
  ASSERT_FALSE(limited.has_value());
  EXPECT_EQ(limited.error().status, CallStatus::rate_limited);
  EXPECT_EQ(limited.error().upstream_status, 429);
  EXPECT_EQ(limited.error().retry_after, milliseconds(1500));
  EXPECT_EQ(limited.error().message, "come back later");
  const auto thrown = museum.get_secret(call, "throws");
  ASSERT_FALSE(thrown.has_value());
  EXPECT_EQ(thrown.error().status, CallStatus::internal);
  EXPECT_EQ(thrown.error().message, "thrown by the museum");
  const auto nobody = museum.get_secret(call, "nobody");
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().status, CallStatus::not_found);
}

// `conflict` is how the plugin says that all of it was as it should be.
TEST_F(MuseumTest, AGatewayByGccReadsTheFailureOfACallOfItsOwn) {
  const Gateway museum = gateway();
  Call call;
  const auto own = museum.get_secret(call, "own-call");
  ASSERT_FALSE(own.has_value());
  EXPECT_EQ(own.error().status, CallStatus::conflict) << own.error().message;
}

TEST_F(MuseumTest, AGatewayByGccCreatesResolvesAndDeletes) {
  const Gateway museum = gateway();
  Call call;
  ASSERT_TRUE(museum.can_create());
  const auto made = museum.create_secret(call, "bob", {"bob-key", "HS256", Secret("a new secret")});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->key, "bob-key");
  EXPECT_EQ(made->algorithm, "HS256");
  EXPECT_EQ(made->secret.reveal(), "a new secret");
  EXPECT_EQ(museum.resolve(call, "bob").value(), "id-of-bob");
  EXPECT_TRUE(museum.delete_secret(call, "bob", "1").has_value());
  const auto denied = museum.delete_secret(call, "bob", "2");
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().retry_after, milliseconds(250));
}

TEST_F(MuseumTest, AGatewayByGccIsProbed) {
  Call call;
  const Health plain = gateway().probe(call);
  EXPECT_EQ(plain.state, Health::State::degraded);
  EXPECT_EQ(plain.detail, "it is a museum");
  EXPECT_EQ(plain.endpoint, "memory://museum");
}

TEST_F(MuseumTest, AGatewayByGccExchangesOverHttp) {
  authd::test::FakeKong kong;
  kong.add_consumer("alice", "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0");
  Call call(steady_now() + seconds(10));
  const Health health = gateway("url = \"" + kong.url() + "/consumers/alice/jwt\"").probe(call);
  EXPECT_EQ(health.state, Health::State::up) << health.detail;
  EXPECT_TRUE(contains(health.endpoint, "\"data\"")) << health.endpoint; // the body that it got
}

TEST_F(MuseumTest, AGatewayByGccIsRefusedWithItsReason) {
  try {
    gateway("retries = 11");
    FAIL() << "it was created";
  } catch (const std::runtime_error& refusal) {
    EXPECT_TRUE(contains(refusal.what(), "retries is more than 10")) << refusal.what();
    EXPECT_TRUE(contains(refusal.what(), "[AP-023]")) << refusal.what();
  }
}

// The second of two components: found only by the stride that its author compiled.
TEST_F(MuseumTest, ASerializedTierByGccKeepsValues) {
  const CacheTier museum = tier("plugin = \"museum-gateway\"");
  EXPECT_EQ(museum.name(), "museum-gateway");
  EXPECT_TRUE(museum.nonblocking());
  Call call;
  std::string value;
  EXPECT_EQ(museum.get(call, "k", value), CallStatus::not_found);
  EXPECT_EQ(museum.set(call, "k", "v", seconds(1), seconds(1)), CallStatus::ok);
  EXPECT_EQ(museum.get(call, "k", value), CallStatus::ok);
  EXPECT_EQ(value, "v");
  EXPECT_EQ(museum.del(call, "k"), CallStatus::ok);
  EXPECT_EQ(museum.get(call, "k", value), CallStatus::not_found);
}

TEST_F(MuseumTest, ATierByClangKeepsCountsAndForgets) {
  const CacheTier museum = tier("plugin = \"museum-tier\"\nslots = 2");
  EXPECT_TRUE(museum.nonblocking());
  EXPECT_FALSE(museum.remote());
  EXPECT_FALSE(museum.tells_deletions());
  Call call;
  std::string value;
  ASSERT_EQ(museum.set(call, "a/1", "one", seconds(60), seconds(60)), CallStatus::ok);
  ASSERT_EQ(museum.set(call, "b/1", "two!", seconds(60), seconds(60)), CallStatus::ok);
  EXPECT_EQ(museum.get(call, "a/1", value), CallStatus::ok);
  EXPECT_EQ(value, "one");
  EXPECT_EQ(museum.get_stale(call, "b/1", value), CallStatus::ok);
  TierStats stats = museum.stats(call);
  EXPECT_EQ(stats.entries, 2u);
  EXPECT_EQ(stats.bytes, 7u);
  EXPECT_EQ(stats.capacity, 2u);
  EXPECT_EQ(museum.clear(call, "a/"), CallStatus::ok);
  EXPECT_EQ(museum.get(call, "a/1", value), CallStatus::not_found);
  EXPECT_EQ(museum.get(call, "b/1", value), CallStatus::ok);
  EXPECT_EQ(museum.del(call, "b/1"), CallStatus::ok);
  EXPECT_EQ(museum.stats(call).entries, 0u);
  EXPECT_EQ(museum.set(call, "big", std::string(5000, 'x'), seconds(60), seconds(60)), CallStatus::invalid);
}

TEST_F(MuseumTest, ATierByClangIsRefusedWithItsReason) {
  try {
    tier("plugin = \"museum-tier\"\nslots = 0");
    FAIL() << "it was created";
  } catch (const std::runtime_error& refusal) {
    EXPECT_TRUE(contains(refusal.what(), "slots is not 1 to 1024")) << refusal.what();
  }
}

TEST_F(MuseumTest, ARemoteTierByRustcTellsWhatOthersDropped) {
  const std::string channel = (dir_.path() / "channel").string();
  const CacheTier museum = tier("plugin = \"museum-remote\"\nchannel = \"" + channel + "\"");
  EXPECT_FALSE(museum.nonblocking());
  EXPECT_TRUE(museum.remote());
  EXPECT_FALSE(museum.stats_when_blocking());
  Call call(steady_now() + seconds(10));
  std::string value;
  ASSERT_EQ(museum.set(call, "authd:v1:alice", "sealed", seconds(60), seconds(60)), CallStatus::ok);
  EXPECT_EQ(museum.get_stale(call, "authd:v1:alice", value), CallStatus::ok);
  EXPECT_EQ(value, "sealed");

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  channel.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const std::string message : {"invalidated authd:v1:alice", "resync", "forget"})
    ASSERT_EQ(
        ::sendto(fd, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof address),
        static_cast<ssize_t>(message.size()));
  ::close(fd);
  EXPECT_TRUE(told_.await({"invalidated authd:v1:alice", "resync"}));
  EXPECT_EQ(museum.del(call, "authd:v1:nobody"), CallStatus::ok);
  EXPECT_EQ(museum.clear(call, "authd:v1:"), CallStatus::ok);
  EXPECT_EQ(museum.get_stale(call, "authd:v1:alice", value), CallStatus::not_found);
}

TEST_F(MuseumTest, ARemoteTierByRustcIsRefusedWithItsReason) {
  try {
    tier("plugin = \"museum-remote\"\nchannel = \"/" + std::string(200, 'x') + "\"");
    FAIL() << "it was created";
  } catch (const std::runtime_error& refusal) {
    EXPECT_TRUE(contains(refusal.what(), "channel is no path of 1 to 107 bytes")) << refusal.what();
  }
}

} // namespace authd::plugin
