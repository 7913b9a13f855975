// SPDX-License-Identifier: Apache-2.0
// What a reload that is refused leaves as it was, and what one takes although the file says the same.
#include "scene.h"
#include "support/certificates.h"

namespace authd::test {
namespace {

TEST(RefusedReload, LeavesTheLogLevelAsItWas) {
  Scene scene;
  Settings next(scene.kong.url());
  next.set_text("telemetry", "log_level", "fatal");
  next.drop("gateway").set_text("gateway", "plugin", "kong-declarative");
  next.set_text("gateway", "file", "/no/such/kong.yml");
  EXPECT_TRUE(scene.authd.reload(next.toml(), "reload-refused")) << "no line of level error is written any more";
  EXPECT_EQ(scene.tokens().status, 200);
}

// A TLS client of ours reads its authorities when it is made: that it is made anew is seen by its refusing
// what is no authority.
TEST(Reload, ReadsARenewedCaFileOfRedisUnderTheSamePath) {
  const TempDir files;
  const std::string ca = files.write("redis-ca.pem", Authority().pem());
  std::string text;
  Scene scene([&](Settings& settings) {
    settings.set_text("cache", "plugin", "cache-redis").set_text("cache", "url", "rediss://127.0.0.1:1");
    settings.set_text("cache", "ca_file", ca);
    text = settings.toml();
  });
  ASSERT_TRUE(scene.authd.reload(text, "reloaded"));
  files.replace("redis-ca.pem", "not a certificate");
  ASSERT_TRUE(scene.authd.reload(text, "reload-refused"));
  EXPECT_NE(scene.authd.events("reload-refused").back().field("message").find("ca_file"), std::string::npos);
  files.replace("redis-ca.pem", Authority("renewed").pem());
  EXPECT_TRUE(scene.authd.reload(text, "reloaded"));
  EXPECT_EQ(scene.tokens().status, 200);
}

} // namespace
} // namespace authd::test
