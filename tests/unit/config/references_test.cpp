// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class References : public ConfigTest {
 protected:
  Loaded load_token(const std::string& token, EnvironmentVariables more = {}) {
    return load_text(std::string(kRequiredJwt) + kRequiredGateway + "admin_token = \"" + token + "\"\n", more);
  }
  std::string token_of(Loaded loaded) {
    Config config = config_of(std::move(loaded));
    auto at = config.gateway.settings.values.find("/admin_token");
    return at == config.gateway.settings.values.end() ? "" : std::string(at->second.text.reveal());
  }
  void expect_refused(const Loaded& loaded, const std::string& message) {
    EXPECT_THAT(problems_of(loaded), ElementsAre("authd.toml:6:15: gateway.admin_token: " + message));
  }
};

TEST_F(References, ToAVariableGiveItsValue) {
  EXPECT_EQ(token_of(load_token("${env:MY_TOKEN}", {{"MY_TOKEN", "s3cret"}})), "s3cret");
}

TEST_F(References, ToAFileGiveItsTextWithoutTheLastNewline) {
  std::string path = write("token", "s3cret\n").string();
  EXPECT_EQ(token_of(load_token("${file:" + path + "}")), "s3cret");
  write("token", "s3cret\r\n");
  EXPECT_EQ(token_of(load_token("${file:" + path + "}")), "s3cret");
  write("token", " two\nlines\n\n");
  EXPECT_EQ(token_of(load_token("${file:" + path + "}")), " two\nlines\n");
}

TEST_F(References, ToARelativeFileStartAtTheFolderOfTheConfiguration) {
  write("token", "s3cret");
  EXPECT_EQ(token_of(load_token("${file:token}")), "s3cret");
}

TEST_F(References, ToACredentialAreReadWhereSystemdPutsThem) {
  write("kong-token", "s3cret\n");
  EXPECT_EQ(token_of(load_token("${credential:kong-token}", {{"CREDENTIALS_DIRECTORY", folder_.string()}})), "s3cret");
}

TEST_F(References, WorkInVariablesToo) {
  EXPECT_EQ(token_of(load_with_required("", {{"KONG_ADMIN_TOKEN", "${env:OTHER}"}, {"OTHER", "s3cret"}})), "s3cret");
}

TEST_F(References, WorkInEveryStringAndInLists) {
  Config config = config_of(load_text("[jwt]\nauthority = \"${env:A}\"\naudience = [\"${env:B}\", \"c\"]\n"
                                      "issuer = \"${env:LIST}\"\n" +
                                          std::string(kRequiredGateway),
                                      {{"A", "https://auth.example.com"}, {"B", "b"}, {"LIST", "x,y"}}));
  EXPECT_EQ(config.jwt.authority, "https://auth.example.com");
  EXPECT_THAT(config.jwt.audience, ElementsAre("b", "c"));
  EXPECT_EQ(config.jwt.issuer, "x");
}

TEST_F(References, WorkForEachEntryOfAListWithCommas) {
  write("b", "b\n");
  Config config = config_of(
      load_with_required("[api]\ncors = \"https://a.example.com, ${env:B}\"\n", {{"B", "https://b.example.com"}}));
  EXPECT_THAT(config.api.cors, ElementsAre("https://a.example.com", "https://b.example.com"));
  config =
      config_of(load_text(std::string(kRequiredGateway) + "[jwt]\nauthority = \"https://auth.example.com\"\n",
                          {{"KONG_JWT_AUDIENCE", "${file:" + (folder_ / "b").string() + "},${env:C}"}, {"C", "c"}}));
  EXPECT_THAT(config.jwt.audience, ElementsAre("b", "c"));
}

TEST_F(References, NameTheVariableThatIsNotSet) {
  expect_refused(load_token("${env:NO_SUCH}"), "environment variable \"NO_SUCH\" is not set");
  expect_refused(load_token("${env:EMPTY}", {{"EMPTY", ""}}), "environment variable \"EMPTY\" is not set");
}

TEST_F(References, NameTheFileThatCannotBeReadAndWhy) {
  expect_refused(load_token("${file:/no/such/file}"), "/no/such/file: No such file or directory");
  expect_refused(load_token("${file:" + folder_.string() + "}"), folder_.string() + ": is a directory");
  write("empty", "\n");
  expect_refused(load_token("${file:empty}"), "\"empty\": the file is empty");
  write("large", std::string(65 * 1024, 'x'));
  expect_refused(load_token("${file:large}"), "large: is larger than 65536 bytes");
}

// Root may read everything, so as root this thread of the test is nobody for a while.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) { EXPECT_TRUE(was_ != 0 || ::seteuid(65534) == 0); }
  ~AsNobody() { EXPECT_EQ(::seteuid(was_), 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  uid_t was_;
};

TEST_F(References, NameTheFileThatIsForbidden) {
  std::string path = write("token", "s3cret").string();
  std::string config =
      write("authd.toml", std::string(kRequiredJwt) + kRequiredGateway + "admin_token = \"${file:token}\"\n").string();
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  AsNobody nobody;
  expect_refused(load(config, {}, source()), "token: Permission denied");
}

TEST_F(References, DoNotWaitForAWriterOfAPipe) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  expect_refused(load_token("${file:pipe}"), "pipe: is not a regular file");
}

TEST_F(References, ToCredentialsNeedSystemdAndAName) {
  expect_refused(load_token("${credential:token}"),
                 "credential \"token\": CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with "
                 "LoadCredential=, elsewhere set it to the folder that has the file");
  expect_refused(load_token("${credential:../token}", {{"CREDENTIALS_DIRECTORY", folder_.string()}}),
                 "\"../token\" is not the name of a credential");
}

TEST_F(References, MustBeTheWholeValue) {
  const std::string whole = "a reference must be the whole value: \"${...}\" and nothing else";
  expect_refused(load_token("Bearer ${env:HOME}"), whole);
  expect_refused(load_token("${env:HOME} "), whole);
  expect_refused(load_token("${env:A}${env:B}"), whole);
}

// What systemd alone has cannot be known on another machine, or before the unit starts.
TEST_F(References, ToCredentialsAreTakenOnTrustWhereThatIsAskedForAndSaid) {
  const std::string text =
      "[jwt]\nauthority = \"${credential:authority}\"\naudience = \"${credential:audience}\"\n" +
      std::string(kRequiredGateway) +
      "admin_token = \"${credential:token}\"\n[lookup]\nencryption_keys = [\"${credential:key}\"]\n"
      "[security]\ntrusted_gateways = [\"10.0.0.0/8\"]\n[[cache]]\nplugin = \"cache-redis\"\nurl = "
      "\"${credential:url}\"\n";
  const std::string path = write("authd.toml", text).string();
  LoadOptions options;
  options.trust_absent_credentials = true;
  const EnvironmentVariables variables{{"AUTHD_ENV", "production"}};
  const Config config = config_of(load(path, variables, source(), options));
  EXPECT_EQ(config.warnings.size(), 5U);
  for (const char* name : {"authority", "audience", "token", "key", "url"}) {
    EXPECT_THAT(config.warnings,
                testing::Contains(
                    testing::AllOf(testing::HasSubstr(path + ":"),
                                   testing::HasSubstr("the credential \"" + std::string(name) + "\" is not checked"))));
  }
  EXPECT_TRUE(config.gateway.settings.values.at("/admin_token").unknown);
  EXPECT_EQ(problems_of(load(path, variables, source())).size(), 5U) << "the daemon needs them all";
  const EnvironmentVariables somewhere{{"CREDENTIALS_DIRECTORY", folder_.string()}};
  EXPECT_EQ(problems_of(load(path, somewhere, source(), options)).size(), 5U) << "set, but missing";
}

TEST_F(References, OfAnUnknownKindAreRefused) {
  expect_refused(load_token("${vault:kong/token}"),
                 "unknown reference ${vault:...}; known: ${env:NAME}, ${file:/path}, ${credential:NAME}");
}

TEST_F(References, ThatHoldControlCharactersAreNotRepeatedAsTheyAre) {
  expect_refused(load_token("${\\u001b[2J${env:X}"),
                 "unknown reference ${...:...}; known: ${env:NAME}, ${file:/path}, ${credential:NAME}");
  expect_refused(load_token("${file:/\\u001b[2J}"), "\"/\\u001b[2J\": No such file or directory");
}

TEST_F(References, LeaveOtherDollarsAlone) { EXPECT_EQ(token_of(load_token("a$b${c}")), "a$b${c}"); }

} // namespace
} // namespace authd::config
