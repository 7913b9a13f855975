// SPDX-License-Identifier: Apache-2.0
// rotated-keys: two instances over a store, with a key of each algorithm, for as long as two rotations take. Prints a
// JSON object a line for every half an hour: {"at": seconds since the epoch, "jwks": {...}, "tokens": ["..."]}.
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/json_writer.h"
#include "modules/keys/box_signer.h"
#include "modules/keys/key_ring.h"
#include "support/memory_records.h"
#include "support/temp_dir.h"

namespace {

using namespace authd;
using modules::keys::KeyRing;
using modules::keys::Rotation;

constexpr milliseconds kStep = std::chrono::minutes(30);
constexpr int kSteps = 5 * 48;

std::string claims_at(std::int64_t now, const std::string& jti) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .member("iss", "https://id.example.com")
      .member("aud", "https://api.example.com")
      .member("jti", jti)
      .member("iat", now)
      .member("exp", now + 3600)
      .end_object();
  return json;
}

void print_moment(const KeyRing& signing, const KeyRing& publishing, std::int64_t now, int step) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("at", now).key("tokens").begin_array();
  for (const char* algorithm : {"ES256", "RS256", "EdDSA"}) {
    Call call;
    const auto token = signing.sign(call, algorithm, "at+jwt", claims_at(now, std::to_string(step)));
    if (!token) throw std::runtime_error(token.error().message);
    json.value(std::string_view(*token));
  }
  json.end_array().end_object();
  line.pop_back();
  std::printf("%s,\"jwks\":%s}\n", line.c_str(), publishing.published().json.c_str());
}

void run() {
  const test::TempDir folder;
  const MovableClock clock((folder.path() / "clock").string());
  const auto now_ms = [&] { return unix_millis(clock.wall()); };
  test::MemoryRecords records(now_ms);
  modules::keys::test::KeyBox box;
  box.now_ms = now_ms;
  Log::Options silent;
  silent.level = Level::fatal;
  Log log(std::move(silent));
  const Rotation rotation{{"ES256", "RS256", "EdDSA"}, std::chrono::hours(48)};
  KeyRing one(records, modules::keys::test::signer_of(box, log), rotation, "one", clock, log);
  KeyRing two(records, modules::keys::test::signer_of(box, log), rotation, "two", clock, log);
  for (int step = 0; step < kSteps; ++step) {
    (void)folder.write("clock", std::to_string((step * kStep).count()));
    Call call;
    if (!one.look(call) || !two.look(call)) throw std::runtime_error("the store fails");
    print_moment(step % 2 == 0 ? one : two, step % 3 == 0 ? one : two, now_ms() / 1000, step);
  }
}

} // namespace

int main() {
  try {
    run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "rotated-keys: %s\n", e.what());
    return 1;
  }
}
