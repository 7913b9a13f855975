// SPDX-License-Identifier: Apache-2.0
// The built authd over TLS: who gets a token, and what a reload does to certificates.
#include <atomic>
#include <csignal>
#include <thread>

#include "scene.h"
#include "support/tls_client.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{30};

// A scene whose authd has a certificate with serial number 1, by an authority of the test's.
class Tls : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }

  void write_certificate(long serial) const {
    Wanted wanted;
    wanted.serial = serial;
    const Issued issued = authority_.issue(wanted);
    files_.write("server.pem", issued.certificate);
    files_.write("server.key", issued.key);
  }

  Scene& serve(const Scene::Change& change = {}) {
    write_certificate(1);
    scene_.emplace([&](Settings& settings) {
      settings.set_text("server", "tls.certificate", file("server.pem"));
      settings.set_text("server", "tls.key", file("server.key"));
      if (change) change(settings);
      settings_ = std::make_unique<Settings>(settings);
    });
    return *scene_;
  }

  // Client certificates of this authority are demanded.
  Scene& serve_clients_of(const Authority& clients) {
    files_.write("clients.pem", clients.pem());
    return serve([&](Settings& s) { s.set_text("server", "tls.client_ca", file("clients.pem")); });
  }

  bool reload(std::string_view outcome) { return scene_->authd.reload(settings_->toml(), outcome); }

  // Has a reload been refused for a reason with this in it?
  bool refused_for(const std::string& text) const {
    for (const LogLine& line : scene_->authd.events("reload-refused")) {
      if (line.field("message").find(text) != std::string::npos) return true;
    }
    return false;
  }

  TlsConnection connect(TlsOptions options = {}) const {
    options.authority = authority_.pem();
    return TlsConnection(scene_->port(), options);
  }

  // The code of the answer to one request of a client that shows this, or why there is none.
  std::string outcome_for(const Issued& own) const {
    try {
      TlsOptions options;
      options.own = own;
      TlsConnection client = connect(options);
      client.send(request_text("GET", "/tokens", kAlice));
      const auto reply = client.read();
      return reply ? std::to_string(reply->status) : client.failure();
    } catch (const TlsRefused& refused) {
      return refused.what();
    }
  }

  // New connections reach every reactor; each takes over in its own time.
  void await_serial(long serial) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    int in_a_row = 0;
    while (in_a_row < 20 && std::chrono::steady_clock::now() < deadline)
      in_a_row = connect().serial() == serial ? in_a_row + 1 : 0;
    EXPECT_EQ(in_a_row, 20) << "serial " << serial << " is not everywhere";
  }

  const Authority authority_;
  const TempDir files_;
  std::unique_ptr<Settings> settings_;
  std::optional<Scene> scene_;
};

TEST_F(Tls, GivesATokenAndSaysHttps) {
  const Scene& scene = serve();
  const HttpReply reply = connect().exchange(request_text("GET", "/tokens", kAlice));
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(token_of(reply).empty());
  EXPECT_EQ(connect().exchange(request_text("GET", "/health/ready")).status, 200);
  EXPECT_NE(scene.authd.events("ready")[0].field("message").find("https://"), std::string::npos);
}

TEST_F(Tls, RefusesTls11) {
  serve();
  TlsOptions old;
  old.newest = TLS1_1_VERSION;
  EXPECT_THROW(connect(old), TlsRefused);
  old.newest = TLS1_2_VERSION;
  EXPECT_EQ(connect(old).exchange(request_text("GET", "/tokens", kAlice)).status, 200);
}

TEST_F(Tls, LetsInOnlyClientsWithACertificateOfTheAuthority) {
  const Authority clients("clients");
  serve_clients_of(clients);
  EXPECT_EQ(outcome_for(clients.issue()), "200");
  EXPECT_NE(outcome_for({}).find("certificate required"), std::string::npos) << outcome_for({});
  const Issued strangers = Authority("strangers").issue();
  EXPECT_NE(outcome_for(strangers).find("unknown ca"), std::string::npos) << outcome_for(strangers);
}

// security.client_subjects: of two clients with certificates of the same authority one may ask.
TEST_F(Tls, GivesTokensOnlyToTheClientsThatAreListed) {
  const Authority clients("clients");
  Wanted kong, billing;
  kong.organization = "Example, Inc";
  kong.names = "DNS:Kong.Example.com,URI:spiffe://example.com/kong,email:kong@example.com";
  billing.organization = "Example";
  billing.names = "DNS:billing.example.com";
  const Issued is_kong = clients.issue(kong), is_billing = clients.issue(billing);
  for (const std::string listed : {"CN=holder,O=Example\\\\, Inc", "kong.example.com", "KONG.example.COM",
                                   "spiffe://example.com/kong", "kong@example.com"}) {
    files_.write("clients.pem", clients.pem());
    serve([&](Settings& s) {
      s.set_text("server", "tls.client_ca", file("clients.pem"));
      s.set("security", "client_subjects", "[\"another\", \"" + listed + "\"]");
    });
    EXPECT_EQ(outcome_for(is_kong), "200") << listed;
    EXPECT_EQ(outcome_for(is_billing), "403") << listed;
  }
  const auto refused = scene_->authd.await_event("request", kPatience);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->field("error.code"), "AUTH_015");
  EXPECT_EQ(refused->field("tls.client.subject"), "CN=holder,O=Example");
}

TEST_F(Tls, TakesPartOfANameForNoName) {
  const Authority clients("clients");
  Wanted kong;
  kong.organization = "Example";
  kong.names = "DNS:kong.example.com,URI:spiffe://example.com/kong";
  files_.write("clients.pem", clients.pem());
  serve([&](Settings& s) {
    s.set_text("server", "tls.client_ca", file("clients.pem"));
    s.set("security", "client_subjects",
          R"(["CN=holder", "O=Example", "holder", "example.com", "*.example.com", "spiffe://Example.com/kong"])");
  });
  EXPECT_EQ(outcome_for(clients.issue(kong)), "403");
}

TEST_F(Tls, AResumedClientIsStillTheOneThatItWas) {
  const Authority clients("clients");
  Wanted listed;
  listed.names = "DNS:kong.example.com";
  files_.write("clients.pem", clients.pem());
  serve([&](Settings& s) {
    s.set_text("server", "tls.client_ca", file("clients.pem"));
    s.set("security", "client_subjects", R"(["kong.example.com"])");
  });
  for (const bool is_listed : {true, false}) {
    TlsOptions options;
    options.own = clients.issue(is_listed ? listed : Wanted{});
    TlsConnection first = connect(options);
    const int status = is_listed ? 200 : 403;
    EXPECT_EQ(first.exchange(request_text("GET", "/tokens", kAlice)).status, status);
    const std::unique_ptr<SSL_SESSION, OpenSslDeleter<SSL_SESSION_free>> ticket(SSL_get1_session(first.ssl()));
    options.session = ticket.get();
    TlsConnection again = connect(options);
    EXPECT_EQ(again.exchange(request_text("GET", "/tokens", kAlice)).status, status);
    EXPECT_TRUE(again.resumed());
  }
}

TEST_F(Tls, IsNotSpokenOnTheUnixSocket) {
  serve([&](Settings& s) { s.set_text("server", "unix_socket", file("authd.sock")); });
  HttpConnection local(file("authd.sock"));
  local.send(request_text("GET", "/tokens", kAlice));
  const auto reply = local.read(kPatience);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

// A reload that turns TLS on meets it, too.
TEST_F(Tls, SaysThatMoreClientsMayConnectThanThereIsMemoryForKeys) {
  write_certificate(1);
  const FakeKong kong;
  Settings settings(kong.url());
  settings.set("server", "max_connections", "49153"); // one more than 4 MiB, half of the limit, have room for
  AuthdProcess authd(settings.toml(), {}, "ulimit -l 8192");
  authd.await_ready();
  EXPECT_TRUE(authd.events("key-memory-small").empty()) << "without TLS there are no such keys";
  settings.set_text("server", "tls.certificate", file("server.pem")).set_text("server", "tls.key", file("server.key"));
  ASSERT_TRUE(authd.reload(settings.toml(), "reloaded"));
  const auto warning = authd.await_event("key-memory-small", kPatience);
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->field("message").find("room for 49152 connections"), std::string::npos) << warning->text;
  settings.set("server", "max_connections", "49152");
  ASSERT_TRUE(authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(authd.events("key-memory-small").size(), 1U);
}

TEST_F(Tls, ListsNoClientsWithoutTheirAuthority) {
  Settings settings("http://127.0.0.1:1");
  settings.set("security", "client_subjects", R"(["CN=kong"])");
  const Finished refused = run_authd({"--config", files_.write("authd.toml", settings.toml())});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.errors.front().find("security.client_subjects: needs server.tls.client_ca"), std::string::npos);
}

// `authd health`, told the port that the kernel chose.
Finished ask_health(const Scene& scene) {
  return run_authd({"--config", scene.authd.config_file(), "health"}, {{"PORT", std::to_string(scene.port())}});
}

TEST_F(Tls, IsAskedByTheHealthCommandToo) {
  const Finished done = ask_health(serve());
  EXPECT_EQ(done.exit_code, 0);
  ASSERT_EQ(done.output.size(), 1U);
  EXPECT_NE(done.output[0].find("\"ready\":true"), std::string::npos);
}

TEST_F(Tls, TellsTheHealthCommandWhyItGetsNoAnswer) {
  const Finished done = ask_health(serve_clients_of(Authority()));
  EXPECT_EQ(done.exit_code, 1);
  ASSERT_EQ(done.errors.size(), 1U);
  EXPECT_NE(done.errors[0].find("with server.tls.client_ca it answers only clients that have a certificate"),
            std::string::npos);
}

TEST_F(Tls, ClosesAClientThatSpeaksPlainHttp) {
  const Scene& scene = serve();
  HttpConnection plain(scene.port());
  plain.send(request_text("GET", "/tokens", kAlice));
  EXPECT_FALSE(plain.read(kPatience));
  EXPECT_EQ(connect().exchange(request_text("GET", "/tokens", kAlice)).status, 200);
}

TEST_F(Tls, ClosesAHandshakeThatStops) {
  const Scene& scene = serve([](Settings& s) { s.set_text("server", "header_timeout", "300ms"); });
  HttpConnection silent(scene.port());
  HttpConnection half(scene.port());
  half.send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7)); // the head of a ClientHello
  EXPECT_NE(silent.await_end(kPatience), Ending::open);
  EXPECT_NE(half.await_end(kPatience), Ending::open);
}

TEST_F(Tls, AnswersPipelinedRequestsAndRefusesLargeHeaders) {
  serve();
  TlsConnection client = connect();
  client.send(request_text("GET", "/tokens", kAlice) + request_text("GET", "/tokens") +
              request_text("GET", "/tokens", {{"X-Long", std::string(20 * 1024, 'x')}}));
  for (const int status : {200, 401, 431}) EXPECT_EQ(client.read().value_or(HttpReply()).status, status);
  EXPECT_EQ(client.await_end(kPatience), TlsEnding::notified);
}

struct Counts {
  std::atomic<long> sent{0};
  std::atomic<long> answered{0};
  std::atomic<long> unread{0}; // authd's kernel had bytes that authd never read: its grace was over
};

// One connection after the other, until authd takes no more.
void ask_until_refused(std::uint16_t port, Counts& counts) {
  try {
    for (;;) {
      TlsConnection client(port);
      for (bool open = true; open;) {
        if (!client.send(request_text("GET", "/tokens", kAlice))) break;
        ++counts.sent;
        const auto reply = client.read(kPatience);
        if (!reply) {
          const bool reset = client.failure() == kLost || client.wire().await_end(milliseconds(2000)) == Ending::reset;
          if (reset) ++counts.unread;
          return;
        }
        ++counts.answered;
        open = reply->header("Connection") != "close";
      }
    }
  } catch (const std::system_error&) { // the listeners are closed
  } catch (const TlsRefused&) {        // were closed while this one came
  }
}

TEST_F(Tls, LosesNoRequestWhenSigtermComesUnderLoad) {
  Scene& scene = serve([](Settings& s) { s.set_text("cache", "ttl", "5m"); });
  Counts counts;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(checked_thread([&] { ask_until_refused(scene.port(), counts); }));
  TlsConnection witness = connect();
  while (counts.answered < 300) ASSERT_EQ(witness.exchange(request_text("GET", "/tokens", kAlice)).status, 200);
  scene.authd.child().signal(SIGTERM);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_EQ(counts.sent, counts.answered + counts.unread);
}

TEST_F(Tls, TakesTheNewCertificateUnderTheSamePathOnReload) {
  serve();
  TlsConnection old = connect();
  old.exchange(request_text("GET", "/tokens", kAlice));
  ASSERT_EQ(old.serial(), 1);
  write_certificate(2);
  ASSERT_TRUE(reload("reloaded"));
  await_serial(2);
  EXPECT_EQ(old.exchange(request_text("GET", "/tokens", kAlice)).status, 200);
}

TEST_F(Tls, TakesTheNewAuthorityOfClientsOnReload) {
  const Authority before("clients before");
  const Authority after("clients after");
  serve_clients_of(before);
  ASSERT_EQ(outcome_for(before.issue()), "200");
  files_.write("clients.pem", after.pem());
  ASSERT_TRUE(reload("reloaded"));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (outcome_for(before.issue()) == "200" && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_NE(outcome_for(before.issue()), "200");
  EXPECT_EQ(outcome_for(after.issue()), "200");
}

TEST_F(Tls, KeepsTheOldCertificateWhenTheNewOneIsBrokenAndSaysWhy) {
  serve();
  files_.write("server.key", authority_.issue().key);
  ASSERT_TRUE(reload("reload-refused"));
  EXPECT_TRUE(refused_for("server.tls.key: \"" + file("server.key") + "\" is not the key of"));
  files_.write("server.pem", "");
  ASSERT_TRUE(reload("reload-refused"));
  EXPECT_TRUE(refused_for("server.tls.certificate: \"" + file("server.pem") + "\" is empty"));
  EXPECT_EQ(connect().serial(), 1);
  EXPECT_EQ(connect().exchange(request_text("GET", "/tokens", kAlice)).status, 200);
}

TEST_F(Tls, CanBeTurnedOffAndOnByAReload) {
  Scene& scene = serve();
  Settings plain = *settings_;
  plain.set("server", "tls.certificate", "").set("server", "tls.key", "");
  ASSERT_TRUE(scene.authd.reload(plain.toml(), "reloaded"));
  EXPECT_TRUE(scene.authd.events("reload-incomplete").empty());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::optional<HttpReply> reply;
  while (!reply && std::chrono::steady_clock::now() < deadline) {
    HttpConnection client(scene.port());
    client.send(request_text("GET", "/tokens", kAlice));
    reply = client.read(kPatience);
  }
  EXPECT_EQ(reply.value_or(HttpReply()).status, 200);
  ASSERT_TRUE(reload("reloaded"));
  EXPECT_EQ(scene.authd.child().await_exit(milliseconds(0)), std::nullopt);
}

TEST_F(Tls, IsRefusedAtStartWithPlaceFileAndMend) {
  const std::string absent = file("absent.pem");
  Settings settings("http://127.0.0.1:1");
  settings.set_text("server", "tls.certificate", absent).set_text("server", "tls.key", absent);
  const std::string config = files_.write("authd.toml", settings.toml());
  const Finished served = run_authd({"--config", config});
  EXPECT_EQ(served.exit_code, 78);
  ASSERT_EQ(served.errors.size(), 2u);
  EXPECT_TRUE(served.errors[0].starts_with(config + ":")) << served.errors[0];
  EXPECT_NE(served.errors[0].find("server.tls.certificate: \"" + absent + "\": No such file"), std::string::npos);
  const Finished checked = run_authd({"config", "check", config});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_EQ(checked.errors, served.errors);
}

} // namespace
} // namespace authd::test
