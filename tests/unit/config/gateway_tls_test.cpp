// SPDX-License-Identifier: Apache-2.0
// gateway.ca_file, client_certificate and client_key: what is refused, where, and whose they are.
#include <gmock/gmock.h>

#include "fixture.h"
#include "support/certificates.h"

namespace authd::config {
namespace {

using test::Authority;
using test::Issued;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class GatewayTls : public ConfigTest {
 protected:
  // With these lines at the end of [gateway], which begin at line 6 of the file.
  Loaded load_gateway(const std::string& lines, const EnvironmentVariables& variables = {}) {
    return load_with_required(lines, variables);
  }
  std::vector<std::string> problems_with(const std::string& lines) { return problems_of(load_gateway(lines)); }

  void write_all(const Issued& issued) const {
    write("ca.pem", authority_.pem());
    write("client.pem", issued.certificate);
    write("client.key", issued.key);
  }

  const Authority authority_;
  const Issued issued_ = authority_.issue();
  const std::string all_ = "ca_file = \"ca.pem\"\nclient_certificate = \"client.pem\"\nclient_key = \"client.key\"\n";
};

TEST_F(GatewayTls, IsTheSystemsByDefault) { EXPECT_EQ(config_of(load_gateway("")).gateway.tls.identity, nullptr); }

TEST_F(GatewayTls, FilesAreReadWithTheConfiguration) {
  write_all(issued_);
  const Config config = config_of(load_gateway(all_));
  ASSERT_NE(config.gateway.tls.identity, nullptr);
  EXPECT_TRUE(config.gateway.tls.identity->has_authorities());
  EXPECT_EQ(config.gateway.tls.client_key, (folder_ / "client.key").string());
  EXPECT_EQ(shown_at(config, "gateway.client_key"), "\"" + (folder_ / "client.key").string() + "\"");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config.gateway.settings.values.count("/ca_file"), 0u) << "the plugin has no part in it";
}

TEST_F(GatewayTls, AuthoritiesAndCertificateDoWithoutEachOther) {
  write_all(issued_);
  EXPECT_NE(config_of(load_gateway("ca_file = \"ca.pem\"\n")).gateway.tls.identity, nullptr);
  const Config config = config_of(load_gateway("client_certificate = \"client.pem\"\nclient_key = \"client.key\"\n"));
  ASSERT_NE(config.gateway.tls.identity, nullptr);
  EXPECT_FALSE(config.gateway.tls.identity->has_authorities());
}

TEST_F(GatewayTls, CertificateAndKeyGoTogether) {
  write_all(issued_);
  EXPECT_THAT(problems_with("client_certificate = \"client.pem\"\n"),
              ElementsAre("authd.toml:6:22: gateway.client_certificate: gateway.client_key is not set: the certificate "
                          "needs its private key; set both, or neither"));
  EXPECT_THAT(problems_with("client_key = \"client.key\"\n"),
              ElementsAre(StartsWith("authd.toml:6:14: gateway.client_key: gateway.client_certificate is not set")));
}

TEST_F(GatewayTls, AnotherCertificatesKeyIsRefusedAndTheCertificateNamed) {
  write_all({issued_.certificate, authority_.issue().key});
  EXPECT_THAT(problems_with(all_),
              ElementsAre(StartsWith("authd.toml:8:14: gateway.client_key: \"client.key\" is not the key of "
                                     "gateway.client_certificate; use a matching pair")));
}

TEST_F(GatewayTls, WhatIsWrongWithTheFilesIsSaidAllAtOnce) {
  write("ca.pem", "hello\n");
  write("client.pem", "");
  write("client.key", test::with_pass_phrase(issued_.key));
  EXPECT_THAT(problems_with(all_),
              ElementsAre(StartsWith("authd.toml:6:11: gateway.ca_file: \"ca.pem\" holds no certificate in PEM"),
                          StartsWith("authd.toml:7:22: gateway.client_certificate: \"client.pem\" is empty"),
                          AllOf(StartsWith("authd.toml:8:14: gateway.client_key: "), HasSubstr("pass phrase"))));
}

TEST_F(GatewayTls, OneThatIsMissingHidesNothingOfTheOthers) {
  write("ca.pem", "hello\n");
  write("client.pem", "hello\n");
  EXPECT_THAT(
      problems_with("client_certificate = \"client.pem\"\nca_file = \"ca.pem\"\n"),
      ElementsAre(HasSubstr("gateway.client_key is not set"),
                  StartsWith("authd.toml:6:22: gateway.client_certificate: \"client.pem\" holds no certificate"),
                  StartsWith("authd.toml:7:11: gateway.ca_file: \"ca.pem\" holds no certificate")));
  EXPECT_THAT(problems_with(all_),
              ElementsAre(HasSubstr("ca.pem\" holds no certificate"), HasSubstr("client.pem\" holds no certificate"),
                          HasSubstr("\"client.key\": No such file")));
  write_all(issued_);
  EXPECT_THAT(problems_with("client_certificate = \"client.pem\"\n"),
              ElementsAre(HasSubstr("gateway.client_key is not set")));
}

TEST_F(GatewayTls, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(
      problems_with("ca_file = \"absent.pem\"\n"),
      ElementsAre(StartsWith("authd.toml:6:11: gateway.ca_file: \"absent.pem\": No such file or directory; name "
                             "a PEM file")));
}

TEST_F(GatewayTls, AKeyInThePlaceOfItsPathIsNotPrinted) {
  write_all(issued_);
  const auto problems = problems_of(
      load_gateway("client_certificate = \"client.pem\"\nclient_key = \"${env:KEY}\"\n", {{"KEY", issued_.key}}));
  EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("gateway.client_key: expected the path of a file"),
                                          Not(HasSubstr("PRIVATE")))));
}

TEST_F(GatewayTls, AnExpiredCertificateIsAWarning) {
  test::Wanted past;
  past.from_seconds = -7200;
  past.to_seconds = -3600;
  write_all(authority_.issue(past));
  EXPECT_THAT(config_of(load_gateway(all_)).warnings,
              ElementsAre(AllOf(StartsWith("gateway.client_certificate: \""), HasSubstr("client.pem\" expired on"))));
}

// Else a reload would keep the instance that shows the old one, or drop one whose file was only touched.
TEST_F(GatewayTls, ARenewedFileIsAnotherSettingAndACopyIsNot) {
  write_all(issued_);
  const Gateway first = config_of(load_gateway(all_)).gateway;
  write("copy.pem", authority_.pem());
  EXPECT_TRUE(config_of(load_gateway("ca_file = \"copy.pem\"\n" + all_.substr(all_.find('\n') + 1))).gateway.tls ==
              first.tls);
  write_all(authority_.issue());
  EXPECT_FALSE(config_of(load_gateway(all_)).gateway.tls == first.tls);
  write_all(issued_);
  write("ca.pem", Authority("another").pem());
  EXPECT_FALSE(config_of(load_gateway(all_)).gateway.tls == first.tls);
  EXPECT_FALSE(config_of(load_gateway("")).gateway.tls == first.tls);
}

// A plugin that was built for ABI 1.0 may have named a setting so.
TEST_F(GatewayTls, APluginThatDeclaresOneOfThemHasItAlone) {
  schemas_["own"] = R"({"type":"object","properties":{"ca_file":{"type":"string"},"client_key":{"type":"integer"}}})";
  const Config config = config_of(load_text(std::string(kRequiredJwt) + "[gateway]\nplugin = \"own\"\n" +
                                            "ca_file = \"no file at all\"\nclient_key = 7\n"));
  EXPECT_EQ(config.gateway.tls.identity, nullptr);
  EXPECT_EQ(config.gateway.tls.ca_file, "");
  EXPECT_EQ(config.gateway.settings.values.at("/ca_file").text.reveal(), "no file at all");
  EXPECT_EQ(config.gateway.settings.values.at("/client_key").integer, 7);
}

} // namespace
} // namespace authd::config
