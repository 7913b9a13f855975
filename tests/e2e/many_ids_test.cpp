// SPDX-License-Identifier: Apache-2.0
// A million made-up ids leave the process's memory bounded.
#include <cstdio>

#include "scene.h"

namespace authd::test {
namespace {

constexpr int kIds = 1'000'000;
constexpr int kConnections = 32;
constexpr int kPipelined = 8;

std::string id_number(int n) {
  const std::string digits = std::to_string(n);
  return "20000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

void ask_for(const Scene& scene, int first, int last) {
  std::vector<HttpConnection> connections;
  for (int i = 0; i < kConnections; ++i) connections.emplace_back(scene.port());
  for (int id = first; id < last;) {
    for (HttpConnection& connection : connections) {
      std::string batch;
      for (int i = 0; i < kPipelined; ++i)
        batch += request_text("GET", "/tokens", consumer_headers(id_number(id++), "m"));
      ASSERT_TRUE(connection.send(batch));
    }
    for (HttpConnection& connection : connections) {
      for (int i = 0; i < kPipelined; ++i) {
        const auto reply = connection.read();
        ASSERT_TRUE(reply);
        ASSERT_TRUE(reply->status == 401 || reply->status == 503) << reply->body;
      }
    }
  }
}

TEST(ManyIds, LeaveMemoryBounded) {
  FakeKong::Options quiet;
  quiet.count_targets = false;
  const Scene scene(
      [](Settings& s) {
        s.set_text("telemetry", "access_log", "off");
        s.set_text("breaker", "timeout", "10s");
      },
      quiet);
  ask_for(scene, 0, kIds / 10);
  const std::size_t early = scene.authd.resident_kib();
  ask_for(scene, kIds / 10, kIds);
  const std::size_t late = scene.authd.resident_kib();
  std::printf("resident after %d ids: %zu KiB, after %d: %zu KiB\n", kIds / 10, early, kIds, late);
  // 900,000 more ids of 36 bytes would be 32 MiB even if nothing but the ids were kept.
  EXPECT_LT(late, early + 8 * 1024);
}

} // namespace
} // namespace authd::test
