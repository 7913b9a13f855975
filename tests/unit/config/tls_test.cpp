// SPDX-License-Identifier: Apache-2.0
// server.tls: what is refused, where, and that no message gives away a key.
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

class Tls : public ConfigTest {
 protected:
  // The problems with these three files; "-" leaves the setting out.
  std::vector<std::string> problems_with(const std::string& certificate, const std::string& key,
                                         const std::string& client_ca = "-") {
    return problems_of(load_files(certificate, key, client_ca));
  }

  Loaded load_files(const std::string& certificate, const std::string& key, const std::string& client_ca = "-") {
    std::string text = "[server]\n";
    const auto put = [&](const char* name, const std::string& content) {
      if (content == "-") return;
      write(std::string(name) + ".pem", content);
      text += "tls." + std::string(name) + " = \"" + name + ".pem\"\n";
    };
    put("certificate", certificate);
    put("key", key);
    put("client_ca", client_ca);
    return load_text(text + kRequiredJwt + kRequiredGateway);
  }

  const Authority authority_;
  const Issued issued_ = authority_.issue();
};

TEST_F(Tls, IsOffByDefault) { EXPECT_EQ(config_of(load_with_required("")).server.tls.identity, nullptr); }

TEST_F(Tls, FilesAreReadWithTheConfiguration) {
  const Config config = config_of(load_files(issued_.certificate, issued_.key));
  ASSERT_NE(config.server.tls.identity, nullptr);
  EXPECT_FALSE(config.server.tls.identity->has_authorities());
  EXPECT_EQ(config.server.tls.key, (folder_ / "key.pem").string());
  EXPECT_EQ(shown_at(config, "server.tls.key"), "\"" + (folder_ / "key.pem").string() + "\"");
}

TEST_F(Tls, AsksClientsForCertificatesWhenAnAuthorityIsNamed) {
  EXPECT_TRUE(
      config_of(load_files(issued_.certificate, issued_.key, authority_.pem())).server.tls.identity->has_authorities());
}

TEST_F(Tls, MayStandInATableOfItsOwn) {
  write("c.pem", issued_.certificate + issued_.key);
  const Config config = config_of(load_text("[server.tls]\ncertificate = \"c.pem\"\nkey = \"c.pem\"\n" +
                                            std::string(kRequiredJwt) + kRequiredGateway));
  EXPECT_NE(config.server.tls.identity, nullptr);
}

TEST_F(Tls, CertificateAndKeyGoTogether) {
  EXPECT_THAT(problems_with(issued_.certificate, "-"),
              ElementsAre(AllOf(StartsWith("authd.toml:2:19: server.tls.certificate: server.tls.key is not set"),
                                HasSubstr("set both, or neither"))));
  EXPECT_THAT(problems_with("-", issued_.key),
              ElementsAre(StartsWith("authd.toml:2:11: server.tls.key: server.tls.certificate is not set")));
}

TEST_F(Tls, AnAuthorityOfClientsNeedsACertificate) {
  EXPECT_THAT(problems_with("-", "-", authority_.pem()),
              ElementsAre(StartsWith("authd.toml:2:17: server.tls.client_ca: server.tls.certificate is not set")));
}

TEST_F(Tls, AFileThatCannotBeReadIsNamed) {
  const auto problems = problems_of(load_text("[server]\ntls.certificate = \"absent.pem\"\ntls.key = \".\"\n" +
                                              std::string(kRequiredJwt) + kRequiredGateway));
  EXPECT_THAT(problems,
              ElementsAre(AllOf(StartsWith("authd.toml:2:19: server.tls.certificate: \"absent.pem\": No "
                                           "such file or directory; name a PEM file"),
                                Not(HasSubstr("absent.pem: "))),
                          AllOf(StartsWith("authd.toml:3:11: server.tls.key: "), HasSubstr("is a directory"))));
}

TEST_F(Tls, WhatIsNoPemIsRefusedAllAtOnce) {
  EXPECT_THAT(problems_with("hello\n", "hello\n", "hello\n"),
              ElementsAre(HasSubstr("2:19: server.tls.certificate: \"certificate.pem\" holds no certificate in PEM"),
                          HasSubstr("3:11: server.tls.key: \"key.pem\" holds no private key in PEM"),
                          HasSubstr("4:17: server.tls.client_ca: \"client_ca.pem\" holds no certificate in PEM")));
}

TEST_F(Tls, EmptyFilesAreRefused) {
  EXPECT_THAT(problems_with("\n", "", " "),
              ElementsAre(HasSubstr("server.tls.certificate: \"certificate.pem\" is empty"),
                          HasSubstr("server.tls.key: \"key.pem\" is empty"),
                          HasSubstr("server.tls.client_ca: \"client_ca.pem\" is empty")));
}

TEST_F(Tls, AnotherCertificatesKeyIsRefused) {
  EXPECT_THAT(problems_with(issued_.certificate, authority_.issue().key),
              ElementsAre(HasSubstr("server.tls.key: \"key.pem\" is not the key of server.tls.certificate")));
}

TEST_F(Tls, AKeyWithAPassPhraseIsRefusedWithoutAskingForIt) {
  EXPECT_THAT(problems_with(issued_.certificate, test::with_pass_phrase(issued_.key)),
              ElementsAre(HasSubstr("protected by a pass phrase")));
}

TEST_F(Tls, ACertificateThatIsCutOffIsRefused) {
  std::string chain = authority_.issue_through_another().certificate;
  chain.resize(chain.size() - 100);
  EXPECT_THAT(problems_with(chain, issued_.key), ElementsAre(HasSubstr("certificate 2 in it cannot be read")));
}

TEST_F(Tls, AKeyThatIsTooShortIsRefused) {
  const Issued weak = test::self_signed_rsa(1024);
  EXPECT_THAT(problems_with(weak.certificate, weak.key),
              ElementsAre(HasSubstr("OpenSSL refuses it (ee key too small)")));
}

TEST_F(Tls, AnExpiredCertificateIsAWarning) {
  test::Wanted past;
  past.from_seconds = -7200;
  past.to_seconds = -3600;
  const Issued expired = authority_.issue(past);
  const Config config = config_of(load_files(expired.certificate, expired.key));
  EXPECT_THAT(config.warnings,
              testing::Contains(AllOf(StartsWith("server.tls.certificate: "), HasSubstr("expired on"))));
  EXPECT_THAT(config_of(load_files(issued_.certificate, issued_.key)).warnings,
              Not(testing::Contains(HasSubstr("server.tls"))));
}

TEST_F(Tls, AKeyInThePlaceOfItsPathIsNotPrinted) {
  write("certificate.pem", issued_.certificate);
  const auto problems =
      problems_of(load_text("[server]\ntls.certificate = \"certificate.pem\"\ntls.key = \"${env:KEY}\"\n" +
                                std::string(kRequiredJwt) + kRequiredGateway,
                            {{"KEY", issued_.key}}));
  EXPECT_THAT(problems,
              ElementsAre(AllOf(HasSubstr("server.tls.key: expected the path of a file"), Not(HasSubstr("PRIVATE")))));
}

TEST_F(Tls, APathThatCameThroughAReferenceIsNotPrinted) {
  write("certificate.pem", issued_.certificate);
  const auto problems =
      problems_of(load_text("[server]\ntls.certificate = \"certificate.pem\"\ntls.key = \"${env:KEY}\"\n" +
                                std::string(kRequiredJwt) + kRequiredGateway,
                            {{"KEY", "/hidden/key.pem"}}));
  EXPECT_THAT(problems,
              ElementsAre(AllOf(HasSubstr("server.tls.key: the value: No such file"), Not(HasSubstr("hidden")))));
}

TEST_F(Tls, AMisspelledNameIsRefused) {
  EXPECT_THAT(problems_of(load_with_required("[server]\ntls.certificat = \"x\"\n")),
              ElementsAre(HasSubstr("server.tls.certificat: unknown setting; did you mean \"certificate\"?")));
}

} // namespace
} // namespace authd::config
