// SPDX-License-Identifier: Apache-2.0
// authd in front of a Kong whose Admin API speaks TLS and wants to know who asks.
#include "scene.h"
#include "support/certificates.h"

namespace authd::test {
namespace {

class GatewayTls : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }

  // Renewed as a certificate agent does it.
  void write_client(long serial) const {
    Wanted wanted;
    wanted.serial = serial;
    const Issued issued = clients_.issue(wanted);
    files_.replace("client.pem", issued.certificate);
    files_.replace("client.key", issued.key);
  }

  FakeKong::Options mutual() const {
    FakeKong::Options options;
    options.tls = KongTls{kong_.issue(), clients_.pem()};
    return options;
  }

  Scene::Change with_all() const {
    files_.write("ca.pem", kong_.pem());
    write_client(1);
    return [this](Settings& settings) {
      settings.set_text("gateway", "ca_file", file("ca.pem"));
      settings.set_text("gateway", "client_certificate", file("client.pem"));
      settings.set_text("gateway", "client_key", file("client.key"));
    };
  }

  const TempDir files_;
  const Authority kong_{"kong's authority"};
  const Authority clients_{"authority of clients"};
};

TEST_F(GatewayTls, ShowsItsCertificateToAKongThatDemandsOne) {
  Scene scene(with_all(), mutual());
  EXPECT_EQ(scene.tokens().status, 200);
  const std::string id = scene.kong.add_consumer("new");
  EXPECT_EQ(scene.tokens(consumer_headers(id, "new")).status, 200) << "creating is asked for on another connection";
  EXPECT_EQ(scene.kong.last_client_serial(), 1);
  const auto health = parse_object(get(scene.port(), "/health").body);
  EXPECT_EQ(health->getValue<std::string>("status"), "healthy");
}

TEST_F(GatewayTls, WithoutACertificateOrTheAuthorityNobodyIsAskedAndTheReasonIsSaid) {
  const auto without = [this](const char* a, const char* b) {
    return [all = with_all(), a, b](Settings& settings) {
      all(settings);
      settings.set("gateway", a, "").set("gateway", b, "");
    };
  };
  Scene nameless(without("client_certificate", "client_key"), mutual());
  EXPECT_EQ(code_of(nameless.tokens()), "AUTH_004");
  EXPECT_NE(get(nameless.port(), "/health").body.find("certificate required"), std::string::npos)
      << get(nameless.port(), "/health").body;
  Scene trusting_the_system(without("ca_file", "ca_file"), mutual());
  EXPECT_EQ(code_of(trusting_the_system.tokens()), "AUTH_004");
  EXPECT_NE(get(trusting_the_system.port(), "/health").body.find("certificate"), std::string::npos);
  EXPECT_EQ(trusting_the_system.kong.traffic().total(), 0u);
}

TEST_F(GatewayTls, AReloadTakesRenewedFiles) {
  std::string toml;
  const auto all = with_all();
  Scene scene([&](Settings& settings) { all(settings), toml = settings.toml(); }, mutual());
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.kong.last_client_serial(), 1);

  const Authority renewed("kong's next authority");
  scene.kong.set_tls({renewed.issue(), clients_.pem()});
  files_.replace("ca.pem", renewed.pem());
  write_client(2);
  ASSERT_TRUE(scene.authd.reload(toml, "reloaded"));
  scene.kong.add_consumer("new", kNobodyId);
  EXPECT_EQ(scene.tokens(consumer_headers(kNobodyId, "new")).status, 200);
  EXPECT_EQ(scene.kong.last_client_serial(), 2);

  files_.replace("client.key", clients_.issue().key);
  ASSERT_TRUE(scene.authd.reload(toml, "reload-refused"));
  EXPECT_NE(scene.authd.events("reload-refused")
                .back()
                .field("message")
                .find("is not the key of "
                      "gateway.client_certificate"),
            std::string::npos);
  scene.kong.add_consumer("newer", stranger_id(1));
  EXPECT_EQ(scene.tokens(consumer_headers(stranger_id(1), "newer")).status, 200) << "the old one goes on";
}

TEST_F(GatewayTls, ConfigCheckSaysWhatIsWrongWithTheFilesAndWhereAndPrintsNoKey) {
  with_all();
  const auto checked = [&](const std::string& lines) {
    Settings settings("https://127.0.0.1:1");
    const std::string toml = settings.toml();
    const std::string table = "[gateway]\n";
    const auto at = toml.find(table) + table.size();
    const std::string config = files_.write("authd.toml", toml.substr(0, at) + lines + toml.substr(at));
    const Finished check = run_authd({"config", "check", config});
    EXPECT_EQ(run_authd({"--config", config}).errors, check.errors) << "the daemon judges otherwise";
    return check;
  };
  const auto expect = [&](const std::string& lines, const std::string& says) {
    const Finished check = checked(lines);
    EXPECT_EQ(check.exit_code, 1);
    ASSERT_EQ(check.errors.size(), 1u);
    EXPECT_NE(check.errors[0].find(says), std::string::npos) << check.errors[0];
    EXPECT_TRUE(check.errors[0].starts_with(file("authd.toml") + ":")) << check.errors[0];
  };
  expect("ca_file = \"no.pem\"\n", ":11: gateway.ca_file: \"" + file("no.pem") + "\": No such file or directory");
  expect("ca_file = \"client.key\"\n",
         ":11: gateway.ca_file: \"" + file("client.key") + "\" holds no certificate in PEM");
  expect("client_certificate = \"client.pem\"\n", ":22: gateway.client_certificate: gateway.client_key is not set");
  files_.write("other.key", clients_.issue().key);
  expect("client_certificate = \"client.pem\"\nclient_key = \"other.key\"\n",
         ":14: gateway.client_key: \"" + file("other.key") + "\" is not the key of gateway.client_certificate");
  files_.write("good.toml", "");
  Settings settings("https://127.0.0.1:1");
  with_all()(settings);
  const Finished shown = run_authd({"config", "show", files_.write("good.toml", settings.toml())});
  EXPECT_EQ(shown.exit_code, 0);
  std::string all;
  for (const std::string& line : shown.output) all += line + '\n';
  EXPECT_NE(all.find("client_key = \"" + file("client.key") + "\""), std::string::npos) << all;
  EXPECT_EQ(all.find("BEGIN"), std::string::npos);
}

} // namespace
} // namespace authd::test
