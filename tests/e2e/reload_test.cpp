// SPDX-License-Identifier: Apache-2.0
// What a reload that is refused leaves as it was.
#include "scene.h"

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

} // namespace
} // namespace authd::test
