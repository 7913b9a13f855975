// SPDX-License-Identifier: Apache-2.0
#include "config/fixed_settings.h"

#include <gmock/gmock.h>

#include "config/settings.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AReload : public ConfigTest {
 protected:
  FixedSettings fixed(const std::string& text, const EnvironmentVariables& variables = {}) {
    return fixed_settings(config_of(load_with_required(text, variables)));
  }
};

TEST_F(AReload, CannotChangeWhatStandsOrFallsWithTheProcess) {
  const FixedSettings now = fixed("");
  EXPECT_THAT(differing(now, fixed("[server]\nport = 3001\nhost = \"127.0.0.2\"\nreactors = 2\n")),
              ElementsAre("server.host", "server.port", "server.reactors"));
  EXPECT_THAT(differing(now, fixed("[telemetry]\nservice_name = \"a\"\nservice_version = \"b\"\n")),
              ElementsAre("telemetry.service_name", "telemetry.service_version"));
  EXPECT_THAT(differing(now, fixed("[admin]\nlisten = \"127.0.0.1:9000\"\n")), ElementsAre("admin.listen"));
  EXPECT_THAT(differing(now, fixed("[admin]\nlisten = \"\"\n[server]\nenvironment = \"local\"\n")),
              ElementsAre("admin.listen", "server.environment"));
  const std::string pin = "[[cache]]\nsha256 = \"" + std::string(64, 'a') + "\"\n";
  const std::string pins = "[plugins.pins]\nkong-gateway = \"" + std::string(64, 'a') + "\"\n";
  EXPECT_THAT(differing(now, fixed(pin + "[plugins]\nrequire_pins = true\n" + pins)),
              ElementsAre("plugins.require_pins"));
}

TEST_F(AReload, ChangesTheRest) {
  EXPECT_THAT(differing(fixed(""), fixed("pool_size = 3\n[breaker]\ntimeout = \"1s\"\n[plugins]\ndir = \"/opt\"\n"
                                         "[telemetry]\nlog_level = \"debug\"\n[server]\nbody_limit = \"2MiB\"\n")),
              IsEmpty());
}

TEST_F(AReload, SeesAChangeThatCameThroughAReference) {
  const std::string text = "[telemetry]\nservice_name = \"${env:NAME}\"\n";
  EXPECT_THAT(differing(fixed(text, {{"NAME", "a"}}), fixed(text, {{"NAME", "b"}})),
              ElementsAre("telemetry.service_name"));
}

TEST(FixedSettings, AreMarkedInTheJsonSchemaToo) {
  std::size_t marked = 0;
  for (const Setting& s : settings()) marked += shape_of(s).reloadable ? 0 : 1;
  EXPECT_EQ(marked, fixed_settings(Config()).size());
  EXPECT_GT(marked, 0U);
}

} // namespace
} // namespace authd::config
