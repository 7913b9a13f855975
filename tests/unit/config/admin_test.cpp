// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AdminListener : public ConfigTest {
 protected:
  std::string default_in(const char* environment) {
    return config_of(load_with_required("[security]\n"
                                        "trusted_gateways = [\"10.0.0.0/8\"]\n",
                                        {{"AUTHD_ENV", environment}}))
        .admin.listen;
  }
  Loaded load_listen(const std::string& value) { return load_with_required("[admin]\nlisten = \"" + value + "\"\n"); }
};

TEST_F(AdminListener, IsTheInstalledSocketWhereAuthdIsInstalled) {
  EXPECT_EQ(default_in("production"), "unix:/run/authd/admin.sock");
  EXPECT_EQ(default_in("staging"), "unix:/run/authd/admin.sock");
}

TEST_F(AdminListener, IsBesideTheConfigurationOnADevelopersMachine) {
  const std::string beside = "unix:" + (folder_ / "admin.sock").string();
  EXPECT_EQ(default_in("development"), beside);
  EXPECT_EQ(default_in("local"), beside);
}

TEST_F(AdminListener, IsNoneInTests) { EXPECT_EQ(default_in("test"), ""); }

TEST_F(AdminListener, IsNoneWithoutAFileToPutItBeside) {
  EXPECT_EQ(config_of(load_environment(required_variables())).admin.listen, "");
  EnvironmentVariables staging = required_variables();
  staging["AUTHD_ENV"] = "staging";
  EXPECT_EQ(config_of(load_environment(staging)).admin.listen, "unix:/run/authd/admin.sock");
}

TEST_F(AdminListener, IsNoneWhereTheFolderIsTooDeepForASocket) {
  const std::string deep(104 - folder_.string().size(), 'd');
  std::filesystem::create_directory(folder_ / deep);
  const std::string text = std::string(kRequiredJwt) + kRequiredGateway;
  EXPECT_EQ(config_of(load(write(deep + "/authd.toml", text).string(), {}, source())).admin.listen, "");
}

TEST_F(AdminListener, IsWhatTheFileSays) {
  for (const char* value : {"unix:/tmp/a.sock", "127.0.0.1:9000", "localhost:1", "[::1]:65535", ""}) {
    Config config = config_of(load_listen(value));
    EXPECT_EQ(config.admin.listen, value);
    EXPECT_EQ(shown_at(config, "admin.listen"), "\"" + std::string(value) + "\"");
    EXPECT_THAT(config.warnings, IsEmpty());
  }
}

TEST_F(AdminListener, IsRefusedWhenItIsNeitherSocketNorPort) {
  for (const char* value : {"/tmp/a.sock", "9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                            "127.0.0.1:x", ":9000", "::1:9000", "[::1]", "[x]:1", "10.0.0.300:1", "http://a:1"}) {
    SCOPED_TRACE(value);
    EXPECT_THAT(problems_of(load_listen(value)), ElementsAre("authd.toml:7:10: admin.listen: \"" + std::string(value) +
                                                             "\" is neither \"unix:/path\" nor \"host:port\""));
  }
  for (const char* value : {"unix:", "unix:a.sock"}) {
    EXPECT_THAT(problems_of(load_listen(value)), ElementsAre(HasSubstr("needs an absolute path after unix:")));
  }
}

TEST_F(AdminListener, HasAPathThatFitsIntoAnAddress) {
  const std::string longest = "unix:/" + std::string(106, 'a');
  EXPECT_EQ(config_of(load_listen(longest)).admin.listen, longest);
  EXPECT_THAT(problems_of(load_listen(longest + "a")), ElementsAre(HasSubstr("a path of more than 107 bytes")));
}

TEST_F(AdminListener, IsWarnedAboutWhenTheNetworkReachesIt) {
  for (const char* value : {"0.0.0.0:9000", "[::]:9000", "10.0.0.1:9000", "authd.example.com:9000"}) {
    EXPECT_THAT(config_of(load_listen(value)).warnings,
                ElementsAre(HasSubstr("admin.listen: anyone who can reach " + std::string(value))));
  }
}

} // namespace
} // namespace authd::config
