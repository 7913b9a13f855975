// SPDX-License-Identifier: Apache-2.0
// kong-declarative's built file over real files and folders.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "authd/consumers.h"
#include "authd/gateway.h"
#include "plugin_host.h"
#include "recording_sink.h"
#include "temp_dir.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRead = "declarative-file-read";
constexpr const char* kRefused = "declarative-file-refused";
constexpr const char* kNotWatched = "declarative-file-not-watched";

std::string file_with(const std::string& key) {
  return "_format_version: \"3.0\"\nconsumers:\n- username: a\n  jwt_secrets:\n  - key: " + key +
         "\n    secret: planted-" + key + "\n";
}
const std::string kBroken = "_format_version: \"3.0\"\nconsumers:\n- username: a\n  jwt_secrets:\n  - key: k\n";

std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// The host's service authd.consumers/1.
struct RecordedConsumers : authd_consumers_v1 {
  RecordedConsumers() : authd_consumers_v1{sizeof(authd_consumers_v1), 0, nullptr, &on_changed, &on_all} {}
  std::vector<std::string> taken() {
    const std::lock_guard lock(mutex);
    return std::exchange(told, {});
  }

 private:
  void add(std::string what) {
    const std::lock_guard lock(mutex);
    told.push_back(std::move(what));
  }
  static RecordedConsumers& of(const authd_consumers_v1* table) {
    return *const_cast<RecordedConsumers*>(static_cast<const RecordedConsumers*>(table));
  }
  static void on_changed(const authd_consumers_v1* table, authd_str name) noexcept {
    of(table).add(std::string(name.p, name.n));
  }
  static void on_all(const authd_consumers_v1* table) noexcept { of(table).add("all"); }

  std::mutex mutex;
  std::vector<std::string> told;
};

class KongDeclarativePlugin : public testing::Test {
 protected:
  TempDir dir_;
  RecordedConsumers consumers_;
  std::unique_ptr<PluginHost> host_;

  void TearDown() override {
    if (!host_) return;
    std::string shown = host_->everything_logged() + host_->lifecycle_call().message;
    if (host_->self() != nullptr) shown += probe().detail;
    EXPECT_EQ(shown.find("planted"), std::string::npos) << shown;
  }
  authd_status begin(const std::string& file, bool watch = true) {
    host_ = std::make_unique<PluginHost>(PLUGIN_FILE, Settings{{"/file", file}, {"/watch", watch}});
    host_->offer(AUTHD_CONSUMERS_V1, static_cast<const authd_consumers_v1*>(&consumers_));
    const authd_status created = host_->create();
    return created == AUTHD_OK ? host_->start() : created;
  }
  const authd_gateway_ops& ops() const { return host_->ops<authd_gateway_ops>(); }

  // The key of the consumer's first credential, or the name of what went wrong.
  std::string key_of(std::string_view consumer) const {
    TestCall call;
    RecordingSink sink;
    const authd_status status = ops().get_secret(host_->self(), call.abi(), str(consumer), &sink);
    if (status != AUTHD_OK) return status == AUTHD_NOT_FOUND ? "not found" : "failed: " + call.message;
    return sink.all.empty() ? "none" : sink.all[0].key;
  }
  struct Probe {
    std::uint32_t state;
    std::string detail, endpoint;
  };
  Probe probe() const {
    TestCall call;
    TestOut detail, endpoint;
    authd_health health{sizeof health, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
    EXPECT_EQ(ops().probe(host_->self(), call.abi(), &health), AUTHD_OK);
    return {health.state, detail.bytes, endpoint.bytes};
  }
};

TEST_F(KongDeclarativePlugin, ServesTheDemoFile) {
  ASSERT_EQ(begin(DEMO_FILE), AUTHD_OK) << host_->lifecycle_call().message;
  TestCall call;
  RecordingSink sink;
  ASSERT_EQ(ops().get_secret(host_->self(), call.abi(), str("519183b0-74b7-5b1b-ac5e-4f5beed3e547"), &sink), AUTHD_OK);
  ASSERT_EQ(sink.all.size(), 1u);
  EXPECT_EQ(sink.all[0].key, "demo-key");
  EXPECT_EQ(sink.all[0].algorithm, "HS256");
  EXPECT_EQ(sink.all[0].secret, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(key_of("example-consumer"), "demo-key");
  EXPECT_EQ(key_of("reports"), "reports-2025");
  EXPECT_EQ(key_of("billing"), "billing-key");
  EXPECT_EQ(key_of("nobody"), "not found");
  EXPECT_EQ(probe().state, AUTHD_HEALTH_UP);
  EXPECT_EQ(probe().endpoint, DEMO_FILE);
}

// What docs/kong.md sends people to.
TEST_F(KongDeclarativePlugin, ServesTheExampleOfTheTokenRoute) {
  ASSERT_EQ(begin(EXAMPLE_FILE), AUTHD_OK) << host_->lifecycle_call().message;
  EXPECT_EQ(key_of("example-consumer"), "example-key");
  EXPECT_EQ(probe().state, AUTHD_HEALTH_UP);
  for (const LogLine& line : host_->log())
    EXPECT_NE(line.level, static_cast<std::uint32_t>(AUTHD_LOG_WARN)) << line.message;
}

TEST_F(KongDeclarativePlugin, IsReadOnlyAndResolvesNames) {
  ASSERT_EQ(begin(DEMO_FILE), AUTHD_OK);
  EXPECT_EQ(ops().create_secret, nullptr);
  EXPECT_EQ(ops().delete_secret, nullptr);
  TestCall call;
  TestOut id;
  EXPECT_EQ(ops().resolve(host_->self(), call.abi(), str("example-consumer"), id.abi()), AUTHD_OK);
  EXPECT_EQ(id.bytes, "519183b0-74b7-5b1b-ac5e-4f5beed3e547");
  EXPECT_EQ(ops().resolve(host_->self(), call.abi(), str("nobody"), id.abi()), AUTHD_NOT_FOUND);
}

TEST_F(KongDeclarativePlugin, StopsASinkThatIsFull) {
  ASSERT_EQ(begin(DEMO_FILE), AUTHD_OK);
  TestCall call;
  RecordingSink sink;
  sink.verdict = AUTHD_INVALID;
  EXPECT_EQ(ops().get_secret(host_->self(), call.abi(), str("reports"), &sink), AUTHD_INVALID);
  EXPECT_EQ(sink.all.size(), 1u);
}

TEST_F(KongDeclarativePlugin, DoesNotStartWithoutAUsableFile) {
  const auto message = [&](const std::string& file) {
    EXPECT_EQ(begin(file), AUTHD_INVALID);
    return host_->lifecycle_call().message;
  };
  const std::string broken = dir_.write("kong.yml", kBroken);
  EXPECT_TRUE(message(broken).starts_with(broken + ":5: a jwt_secret has no \"secret\"")) << message(broken);
  const std::string absent = (dir_.path() / "absent.yml").string();
  EXPECT_EQ(message(absent), absent + ": cannot be read: No such file or directory");
  EXPECT_EQ(message(dir_.path().string()), dir_.path().string() + ": cannot be read: not a regular file");
}

// Twice each: the first change may be found by the look that the watcher takes when it begins.
TEST_F(KongDeclarativePlugin, PicksUpAReplacedFile) {
  ASSERT_EQ(begin(dir_.write("kong.yml", file_with("old"))), AUTHD_OK);
  EXPECT_EQ(key_of("a"), "old");
  for (const std::size_t n : {1u, 2u}) {
    dir_.replace("kong.yml", file_with("new" + std::to_string(n)));
    ASSERT_TRUE(host_->wait_for_log(kRead, 1 + n));
    EXPECT_EQ(key_of("a"), "new" + std::to_string(n));
  }
}

// By each name that somebody may be cached under; those whose credentials stayed are left alone.
TEST_F(KongDeclarativePlugin, TellsWhoseCredentialsAFileThatWasReadAgainChanged) {
  constexpr const char* kHead = "_format_version: \"3.0\"\nconsumers:\n";
  const auto consumer = [](const std::string& name, const std::string& key) {
    return "- username: " + name + "\n  jwt_secrets:\n  - key: " + key + "\n    secret: planted\n";
  };
  const std::string with_id = "- id: C1E6880E-DC20-45CB-A4C6-36B4E2DA6FA0\n  username: upper\n";
  ASSERT_EQ(begin(dir_.write("kong.yml", kHead + consumer("stays", "s") + consumer("rotates", "old") +
                                             consumer("goes", "g") + with_id)),
            AUTHD_OK);
  ASSERT_EQ(consumers_.taken(), std::vector<std::string>{}) << "of the first read";
  TestOut id;
  TestCall call;
  ASSERT_EQ(ops().resolve(host_->self(), call.abi(), str("rotates"), id.abi()), AUTHD_OK);

  dir_.replace("kong.yml", kHead + consumer("comes", "c") + consumer("rotates", "new") + consumer("stays", "s"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  ASSERT_EQ(host_->stop(), AUTHD_OK); // what the file's change led to has been told
  const std::vector<std::string> told = consumers_.taken();
  const auto has = [&](std::string_view name) { return std::count(told.begin(), told.end(), name) == 1; };
  for (const char* name : {"rotates", "goes", "comes", "upper", "C1E6880E-DC20-45CB-A4C6-36B4E2DA6FA0",
                           "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0"})
    EXPECT_TRUE(has(name)) << name;
  EXPECT_TRUE(has(id.bytes)) << "the derived id of rotates";
  EXPECT_EQ(told.size(), 9u) << "also the derived ids of goes and comes; not stays";
}

TEST_F(KongDeclarativePlugin, TellsOfAllWhenThousandsChanged) {
  const auto file = [](const std::string& key) {
    std::string text = "_format_version: \"3.0\"\nconsumers:\n";
    for (int i = 0; i < 600; ++i) {
      const std::string n = std::to_string(i);
      text += "- username: u" + n + "\n  jwt_secrets:\n  - key: " + key + n + "\n    secret: planted\n";
    }
    return text;
  };
  ASSERT_EQ(begin(dir_.write("kong.yml", file("old"))), AUTHD_OK);
  dir_.replace("kong.yml", file("new"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  ASSERT_EQ(host_->stop(), AUTHD_OK);
  EXPECT_EQ(consumers_.taken(), std::vector<std::string>{"all"});
}

TEST_F(KongDeclarativePlugin, TellsNothingOfAFileThatIsRefused) {
  ASSERT_EQ(begin(dir_.write("kong.yml", file_with("old"))), AUTHD_OK);
  dir_.replace("kong.yml", kBroken);
  ASSERT_TRUE(host_->wait_for_log(kRefused, 1));
  ASSERT_EQ(host_->stop(), AUTHD_OK);
  EXPECT_EQ(consumers_.taken(), std::vector<std::string>{});
}

TEST_F(KongDeclarativePlugin, PicksUpAFileThatIsMovedInFromElsewhere) {
  fs::create_directories(dir_.path() / "conf");
  ASSERT_EQ(begin(dir_.write("conf/kong.yml", file_with("old"))), AUTHD_OK);
  for (const std::size_t n : {1u, 2u}) {
    fs::rename(dir_.write("next.yml", file_with("new" + std::to_string(n))), dir_.path() / "conf/kong.yml");
    ASSERT_TRUE(host_->wait_for_log(kRead, 1 + n));
    EXPECT_EQ(key_of("a"), "new" + std::to_string(n));
  }
}

TEST_F(KongDeclarativePlugin, PicksUpAFileThatIsWrittenInPlace) {
  ASSERT_EQ(begin(dir_.write("kong.yml", file_with("old"))), AUTHD_OK);
  for (const std::size_t n : {1u, 2u}) {
    dir_.write("kong.yml", file_with("new" + std::to_string(n)));
    ASSERT_TRUE(host_->wait_for_log(kRead, 1 + n));
    EXPECT_EQ(key_of("a"), "new" + std::to_string(n));
  }
}

TEST_F(KongDeclarativePlugin, PicksUpASwappedLinkAsKubernetesMakesThem) {
  fs::create_directories(dir_.path() / "v1");
  fs::create_directories(dir_.path() / "v2");
  dir_.write("v1/kong.yml", file_with("old"));
  dir_.write("v2/kong.yml", file_with("new"));
  fs::create_symlink("v1", dir_.path() / "..data");
  fs::create_symlink("..data/kong.yml", dir_.path() / "kong.yml");
  ASSERT_EQ(begin((dir_.path() / "kong.yml").string()), AUTHD_OK);
  EXPECT_EQ(key_of("a"), "old");
  fs::create_symlink("v2", dir_.path() / "..data_tmp");
  fs::rename(dir_.path() / "..data_tmp", dir_.path() / "..data");
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  EXPECT_EQ(key_of("a"), "new");
}

TEST_F(KongDeclarativePlugin, RefusesABrokenFileWithItsLineAndKeepsTheOldOne) {
  const std::string file = dir_.write("kong.yml", file_with("old"));
  ASSERT_EQ(begin(file), AUTHD_OK);
  dir_.replace("kong.yml", kBroken);
  ASSERT_TRUE(host_->wait_for_log(kRefused, 1));
  EXPECT_TRUE(host_->log().back().message.starts_with(file + ":5: ")) << host_->log().back().message;
  EXPECT_EQ(key_of("a"), "old");
  EXPECT_EQ(probe().state, AUTHD_HEALTH_DEGRADED);
  EXPECT_TRUE(probe().detail.starts_with(file + ":5: ")) << probe().detail;

  fs::remove(file);
  ASSERT_TRUE(host_->wait_for_log(kRefused, 2));
  EXPECT_NE(probe().detail.find("No such file"), std::string::npos);
  EXPECT_EQ(key_of("a"), "old");

  dir_.replace("kong.yml", file_with("mended"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  EXPECT_EQ(key_of("a"), "mended");
}

TEST_F(KongDeclarativePlugin, IsUpAgainOnceTheFileIsMended) {
  ASSERT_EQ(begin(dir_.write("kong.yml", file_with("old"))), AUTHD_OK);
  dir_.replace("kong.yml", kBroken);
  ASSERT_TRUE(host_->wait_for_log(kRefused, 1));
  dir_.replace("kong.yml", file_with("mended"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  EXPECT_EQ(probe().state, AUTHD_HEALTH_UP) << probe().detail;
}

TEST_F(KongDeclarativePlugin, FindsItsFolderAgain) {
  const fs::path folder = dir_.path() / "conf";
  fs::create_directories(folder);
  ASSERT_EQ(begin(dir_.write("conf/kong.yml", file_with("old"))), AUTHD_OK);
  fs::rename(folder, dir_.path() / "away");
  ASSERT_TRUE(host_->wait_for_log(kNotWatched, 1));
  EXPECT_EQ(key_of("a"), "old");
  fs::create_directories(folder);
  dir_.write("conf/kong.yml", file_with("new"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 2));
  EXPECT_EQ(key_of("a"), "new");
  dir_.replace("conf/kong.yml", file_with("newer"));
  ASSERT_TRUE(host_->wait_for_log(kRead, 3));
  EXPECT_EQ(key_of("a"), "newer");
}

TEST_F(KongDeclarativePlugin, LeavesNoThreadAndNoDescriptorBehind) {
  const std::string file = dir_.write("kong.yml", file_with("old"));
  std::thread([] {}).join(); // with the first one TSan starts one of its own, which stays
  const std::size_t threads = entries_of("/proc/self/task"), descriptors = entries_of("/proc/self/fd");
  ASSERT_EQ(begin(file, false), AUTHD_OK);
  EXPECT_EQ(entries_of("/proc/self/task"), threads) << "it was told not to watch";
  ASSERT_EQ(begin(file), AUTHD_OK);
  EXPECT_EQ(entries_of("/proc/self/task"), threads + 1);
  EXPECT_EQ(host_->stop(), AUTHD_OK);
  EXPECT_EQ(entries_of("/proc/self/task"), threads);
  EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
  EXPECT_EQ(key_of("a"), "old");
  EXPECT_EQ(host_->start(), AUTHD_OK) << "start after stop";
}

TEST_F(KongDeclarativePlugin, SaysThatKongCannotLoadReferencesOfDeck) {
  setenv("DECK_AUTHD_TEST", "planted-in-the-environment", 1);
  const std::string text =
      "_format_version: \"3.0\"\nconsumers:\n- username: a\n  jwt_secrets:\n  - key: k\n    secret: ";
  ASSERT_EQ(begin(dir_.write("kong.yml", text + "${{ env \"DECK_AUTHD_TEST\" }}\n")), AUTHD_OK);
  TestCall call;
  RecordingSink sink;
  ASSERT_EQ(ops().get_secret(host_->self(), call.abi(), str("a"), &sink), AUTHD_OK);
  EXPECT_EQ(sink.all.at(0).secret, "planted-in-the-environment");
  ASSERT_EQ(host_->log().size(), 2u);
  EXPECT_EQ(host_->log()[1].level, AUTHD_LOG_WARN);
  EXPECT_NE(host_->log()[1].message.find("kong.yml:6: "), std::string::npos) << host_->log()[1].message;
  unsetenv("DECK_AUTHD_TEST");
  EXPECT_EQ(begin((dir_.path() / "kong.yml").string()), AUTHD_INVALID);
}

TEST_F(KongDeclarativePlugin, ShowsReadersEitherTheOldOrTheNewFile) {
  ASSERT_EQ(begin(dir_.write("kong.yml", file_with("version0"))), AUTHD_OK);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      do wrong += key_of("a").starts_with("version") ? 0 : 1;
      while (!done);
    });
  for (std::size_t version = 1; version <= 5; ++version) {
    dir_.replace("kong.yml", file_with("version" + std::to_string(version)));
    EXPECT_TRUE(host_->wait_for_log(kRead, version + 1));
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(key_of("a"), "version5");
}

} // namespace
} // namespace authd::test
