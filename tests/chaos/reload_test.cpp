// SPDX-License-Identifier: Apache-2.0
// A hundred reloads under load, with other backends, the same and broken files: no request is lost, nothing
// is left behind.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "crowd.h"
#include "load.h"
#include "support/redis_server.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::size_t entries_of(const ChildProcess& process, const char* folder) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(process.pid()) + "/" + folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct Footprint {
  std::size_t threads, descriptors, resident_kib;
};

class Reloads : public testing::Test {
 protected:
  Reloads() : authd_(config(0), {}) {
    files_.write("kong.yml", crowd_.kong_yml());
    authd_.await_ready();
  }

  // 0: kong-gateway with memory; 1: the same, another log level; 2: memory over Redis; 3: kong-declarative.
  std::string config(int variant) const {
    std::vector<std::string> tiers{memory_tier()};
    if (variant == 2) tiers.push_back(redis_tier(redis_.url()));
    Settings settings(kong_->url());
    settings.drop("cache").set("server", "reactors", "2");
    if (variant == 1) settings.set_text("telemetry", "access_log", "off");
    if (variant == 3) {
      settings.set_text("gateway", "plugin", "kong-declarative").set("gateway", "admin_url", "");
      settings.set_text("gateway", "file", (files_.path() / "kong.yml").string());
    }
    std::string text = settings.toml();
    for (const std::string& tier : tiers) text += tier;
    return text;
  }

  // Replaces the file, sends SIGHUP and waits for the outcome.
  void reload(const std::string& text, const char* outcome) {
    const std::string fresh = authd_.config_file() + ".new";
    { std::ofstream(fresh) << text; }
    std::filesystem::rename(fresh, authd_.config_file());
    std::size_t& before = seen_[outcome];
    authd_.child().signal(SIGHUP);
    std::size_t now = 0;
    const auto another = [&](const LogLine&) { return ++now > before; };
    EXPECT_TRUE(authd_.await_event(outcome, seconds(20), another)) << outcome << " #" << before + 1;
    before = authd_.events(outcome).size();
  }

  Footprint footprint() {
    return {entries_of(authd_.child(), "task"), entries_of(authd_.child(), "fd"), authd_.resident_kib()};
  }

  // A generation that has served nothing yet but a question for its health: its workers are made as they
  // are needed, so only this can be compared. What is retired goes in its own time: until nothing more is
  // there than `at_most`, or for long enough.
  Footprint unused(const Footprint& at_most) {
    reload(config(1), "reloaded");
    reload(config(0), "reloaded");
    HttpConnection connection(authd_.port());
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    Footprint now{};
    do {
      connection.send(request_text("GET", "/health"));
      connection.read();
      now = footprint();
    } while ((now.threads > at_most.threads || now.descriptors > at_most.descriptors) &&
             std::chrono::steady_clock::now() < deadline);
    return now;
  }

  const Crowd crowd_{200};
  RedisServer redis_;
  std::unique_ptr<FakeKong> kong_ = kong_with(crowd_);
  TempDir files_;
  AuthdProcess authd_;
  std::map<std::string, std::size_t> seen_;
};

// A generation left behind, its plugins included, is some 100 KiB. Sanitizers keep more: ASan up to 256 MiB of
// what was freed, TSan something of each of the thousand threads that were.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kGrowthKib = 320 * 1024;
#elif defined(__SANITIZE_THREAD__)
constexpr std::size_t kGrowthKib = 64 * 1024;
#else
constexpr std::size_t kGrowthKib = 8 * 1024;
#endif

TEST_F(Reloads, AHundredUnderLoadLoseNoRequestAndLeaveNothingBehind) {
  constexpr int kReloads = 100;
  ASSERT_EQ(ask_each({authd_.port()}, crowd_.ids).failed(), 0u);
  // Every variant once: what libraries keep for good is there from now on.
  for (const int variant : {2, 3}) reload(config(variant), "reloaded");
  ASSERT_EQ(ask_each({authd_.port()}, crowd_.ids).failed(), 0u);
  // None is as small as this: it is awaited for as long as retiring could take.
  const Footprint start = unused({0, 0, 0});

  Load load({{authd_.port()}, crowd_.ids});
  int swaps = 0;
  int broken = 0;
  for (int i = 0; i < kReloads; ++i) {
    if (i % 10 == 9) {
      reload("[server]\nport = \"none\"\n", "reload-refused");
      ++broken;
    } else if (i % 2 == 0) {
      reload(config(i % 4 == 0 ? 2 : 3), "reloaded");
      ++swaps;
    } else {
      reload(config(i % 4 == 1 ? 0 : 1), "reloaded");
    }
    // Long enough for copies to expire and be fetched in each generation.
    load.go_on(milliseconds(50));
  }
  const LoadReport report = load.stop();
  const Footprint end = unused(start);
  std::printf("%d reloads, %d to other backends, %d refused: %s\n", kReloads, swaps, broken, report.text().c_str());
  std::printf("  threads %zu -> %zu, descriptors %zu -> %zu, resident %zu -> %zu KiB\n", start.threads, end.threads,
              start.descriptors, end.descriptors, start.resident_kib, end.resident_kib);
  EXPECT_EQ(report.failed(), 0u);
  EXPECT_LE(end.threads, start.threads);
  EXPECT_LE(end.descriptors, start.descriptors);
  EXPECT_LT(end.resident_kib, start.resident_kib + kGrowthKib);
}

} // namespace
} // namespace authd::test
