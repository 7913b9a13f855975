// SPDX-License-Identifier: Apache-2.0
// Modules in the running authd: what they are given, what they answer, and what becomes of those that break the rules.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "scene.h"
#include "support/free_port.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr seconds kPatience{20};

std::string test_plugin(const std::string& name) { return std::string(AUTHD_TEST_PLUGINS) + "/" + name + ".so"; }

std::string endpoint(const std::string& plugin, const std::string& more = "") {
  return "[[endpoint]]\nplugin = \"" + test_plugin(plugin) + "\"\n" + more;
}

// authd with these modules beside its own job.
class ModuleScene {
 public:
  explicit ModuleScene(const std::string& modules, const std::function<void(Settings&)>& change = {})
      : settings_(changed(kong, admin_port, change)), authd(settings_.toml() + modules, {}) {
    kong.add_consumer("alice", kAliceId);
    kong.add_credential(kAliceId, {"alice-key", kAliceSecret});
    authd.await_ready();
  }

  HttpReply get(const std::string& path, const Headers& headers = {}) const {
    return test::get(authd.port(), path, headers);
  }
  HttpReply send(const std::string& method, const std::string& path, const std::string& body = "") const {
    HttpConnection connection(authd.port());
    connection.send(method + " " + path + " HTTP/1.1\r\nHost: authd.test\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.read(kPatience, method == "HEAD").value_or(HttpReply{});
  }
  Poco::JSON::Object::Ptr json(const std::string& path, const Headers& headers = {}) const {
    return parse_object(get(path, headers).body);
  }
  HttpReply operators(const std::string& method, const std::string& path, const std::string& body = "") const {
    HttpConnection connection(admin_port);
    connection.send(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.read(kPatience).value_or(HttpReply{});
  }
  void expect_tokens() const { EXPECT_EQ(test::get(authd.port(), "/tokens", kAlice).status, 200); }
  bool reload(const std::string& modules, const char* outcome = "reloaded") {
    return authd.reload(settings_.toml() + modules, outcome);
  }

  FakeKong kong;
  const std::uint16_t admin_port = free_port();

 private:
  static Settings changed(const FakeKong& kong, std::uint16_t admin_port,
                          const std::function<void(Settings&)>& change) {
    Settings settings(kong.url());
    settings.set_text("admin", "listen", "127.0.0.1:" + std::to_string(admin_port));
    if (change) change(settings);
    return settings;
  }
  const Settings settings_;

 public:
  mutable AuthdProcess authd;
};

// ---- what keeps the rules

TEST(Modules, AnswerOnTheFirstPassWithWhatTheyWereGiven) {
  const ModuleScene scene(endpoint("greeter", "mount = \"/api\"\nbase_url = \"https://id.example.com\"\n"
                                              "greeting = \"good day\"\n"));
  const HttpReply reply = scene.get("/api/hello/J%C3%BCrgen?a=b", {{"X-Asked", "yes"}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto said = parse_object(reply.body);
  EXPECT_EQ(said->getValue<std::string>("said"), "good day J\xc3\xbcrgen");
  EXPECT_EQ(said->getValue<std::string>("query"), "a=b");
  EXPECT_EQ(said->getValue<std::string>("header"), "yes");
  EXPECT_EQ(said->getValue<std::string>("base_url"), "https://id.example.com");
  EXPECT_EQ(said->getValue<std::string>("client"), "127.0.0.1");
  EXPECT_TRUE(said->getValue<bool>("first_pass"));
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  EXPECT_EQ(reply.header("X-Greeting"), "good day");
  EXPECT_EQ(reply.header("Cache-Control"), "max-age=1") << "the module's own";
  EXPECT_NE(reply.header("X-Request-Id"), "");
  scene.expect_tokens();
}

TEST(Modules, GetNoServiceThatTheirNoteDoesNotName) {
  const ModuleScene scene(endpoint("greeter"));
  EXPECT_FALSE(scene.json("/hello/x")->getValue<bool>("foreign_service"));
}

TEST(Modules, ServeHeadAsGetAndRefuseOtherMethods) {
  const ModuleScene scene(endpoint("greeter"));
  const HttpReply head = scene.send("HEAD", "/hello/x");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  const HttpReply other = scene.send("DELETE", "/hello/x");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(scene.get("/hello/").status, 404);
  EXPECT_EQ(scene.get("/hello/a/b").status, 404);
}

TEST(Modules, TakeBodiesUpToWhatTheRouteDeclares) {
  const ModuleScene scene(endpoint("greeter"));
  const std::string body(1000, 'b');
  const HttpReply echoed = scene.send("POST", "/echo", body);
  EXPECT_EQ(echoed.body, body);
  EXPECT_EQ(echoed.header("Cache-Control"), "no-store") << "unless the module says otherwise";
  EXPECT_EQ(scene.send("POST", "/echo", body + "b").status, 413);
  EXPECT_EQ(scene.send("GET", "/hello/x", "b").status, 413) << "max_body 0";
  EXPECT_EQ(scene.send("GET", "/hello/x", "bb").status, 413);
}

TEST(Modules, GetDecodedParametersOrTheClientGets400) {
  const ModuleScene scene(endpoint("greeter"));
  EXPECT_EQ(scene.get("/files/a/b%2Fc/d").body, "a/b/c/d");
  for (const char* path : {"/hello/%ff", "/hello/%0a", "/hello/%00", "/hello/%4", "/hello/%zz", "/hello/%c0%af"}) {
    const HttpReply reply = scene.get(path);
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(code_of(reply), "HTTP_400");
  }
}

TEST(Modules, AreCalledAgainOnAWorkerForWhatAFirstPassMayNotDo) {
  const ModuleScene scene(endpoint("greeter"));
  const auto told = parse_object(scene.send("POST", "/tell/alice").body);
  EXPECT_EQ(told->getValue<int>("passes"), 2);
  EXPECT_FALSE(told->getValue<bool>("first_pass"));
}

TEST(Modules, HearTheEventsThatTheyListenToInOrder) {
  const ModuleScene scene(endpoint("greeter"));
  for (const char* whom : {"a", "b", "a"}) ASSERT_EQ(scene.send("POST", std::string("/tell/") + whom).status, 200);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string heard;
  while (heard.find("a\",\"greeter.told b\",\"greeter.told a") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline)
    heard = scene.operators("GET", "/heard").body;
  EXPECT_EQ(heard, R"({"heard":["greeter.told a","greeter.told b","greeter.told a"]})");
  const auto line = scene.authd.await_event("greeter.told", kPatience);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->field("authd.plugin.instance"), "greeter");
  EXPECT_EQ(line->field("authd.event.subject"), "a");
}

TEST(Modules, ServeOperatorsOnTheAdminListenerAlone) {
  const ModuleScene scene(endpoint("greeter"));
  EXPECT_EQ(scene.get("/heard").status, 404);
  EXPECT_EQ(scene.operators("GET", "/heard").status, 200);
  EXPECT_EQ(scene.operators("POST", "/heard").status, 405);
  EXPECT_EQ(scene.operators("GET", "/hello/x").status, 404);
}

TEST(Modules, ServeTheirRootRoutesOutsideTheMount) {
  const ModuleScene scene(endpoint("greeter", "mount = \"/api\"\n"));
  EXPECT_EQ(scene.get("/.well-known/greeter/x").status, 200);
  EXPECT_EQ(scene.get("/hello/x").status, 404);
}

TEST(Modules, AreInTheApiDocument) {
  const ModuleScene scene(endpoint("greeter", "mount = \"/api\"\n"));
  const auto paths = scene.json("/")->getObject("paths");
  const auto greet = paths->getObject("/api/hello/{name}")->getObject("get");
  EXPECT_EQ(greet->getValue<std::string>("operationId"), "greet");
  EXPECT_EQ(greet->getArray("tags")->getElement<std::string>(0), "greeter");
  EXPECT_EQ(greet->getArray("parameters")->getObject(0)->getValue<std::string>("name"), "name");
  EXPECT_TRUE(greet->getObject("responses")->has("413"));
  EXPECT_FALSE(greet->has("x-authd"));
  EXPECT_TRUE(paths->has("/api/files/{path}"));
  EXPECT_FALSE(paths->has("/api/heard")) << "is the operators'";
}

TEST(Modules, MayBeWrittenInC) {
  const ModuleScene scene(endpoint("plain-module"));
  EXPECT_EQ(scene.get("/plain").body, "from C");
}

TEST(Modules, HaveArraysOfTablesAsSettings) {
  const ModuleScene scene(endpoint("greeter", "[[endpoint.guests]]\nname = \"ada\"\ntitle = \"lady\"\n"
                                              "[[endpoint.guests]]\nname = \"bob\"\nword = \"open sesame\"\n"));
  EXPECT_EQ(scene.json("/hello/x")->getValue<std::string>("guests"), "lady ada;guest bob;");
}

// ---- a daemon for modules alone

TEST(ModulesAlone, NeedNoGatewayAndNoSettingOfTokens) {
  AuthdProcess authd("[server]\nenvironment = \"test\"\nport = 0\n[plugins]\ndir = \"" AUTHD_BUILT_PLUGINS "\"\n" +
                         endpoint("greeter"),
                     {});
  authd.await_ready();
  EXPECT_EQ(get(authd.port(), "/hello/x").status, 200);
  EXPECT_EQ(get(authd.port(), "/tokens", kAlice).status, 404);
  EXPECT_EQ(get(authd.port(), "/tokens/validate", kAlice).status, 404);
  EXPECT_EQ(get(authd.port(), "/health/ready").status, 200);
  const HttpReply health = get(authd.port(), "/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(parse_object(health.body)->getValue<std::string>("status"), "healthy") << health.body;
  EXPECT_FALSE(parse_object(get(authd.port(), "/").body)->getObject("paths")->has("/tokens"));
  EXPECT_EQ(authd.events("configuration").size(), 0u) << authd.child().everything();
}

// The whole of it: records, keys, secrets and events under a module, with the embedded defaults.
class Invitations : public testing::Test {
 protected:
  static std::string modules() {
    return endpoint("invites", "audience = \"https://api.example.com\"\nbase_url = \"https://id.example.com\"\n") +
           "[signer]\ndir = \"keys\"\n";
  }
  std::string invite(const std::string& whom) {
    const HttpReply made = scene_.operators("POST", "/invitations", whom);
    EXPECT_EQ(made.status, 201) << made.body;
    return made.status == 201 ? parse_object(made.body)->getValue<std::string>("code") : "";
  }
  HttpReply redeem(const std::string& code) { return scene_.send("POST", "/invitations/" + code + "/redeem"); }

  ModuleScene scene_{modules()};
};

TEST_F(Invitations, BecomeOneTokenEach) {
  const std::string code = invite("ada");
  const HttpReply token = redeem(code);
  ASSERT_EQ(token.status, 200) << token.body << scene_.authd.child().everything();
  const std::string text = parse_object(token.body)->getValue<std::string>("access_token");
  EXPECT_EQ(std::count(text.begin(), text.end(), '.'), 2);
  EXPECT_EQ(redeem(code).status, 410);
  EXPECT_EQ(redeem("none").status, 410);
  EXPECT_EQ(scene_.get("/jwks.json").status, 200);
  EXPECT_TRUE(scene_.authd.await_event("invitation.redeemed", kPatience));
}

TEST_F(Invitations, AreRedeemedOnceByAHundredAtATime) {
  const std::string code = invite("ada");
  std::atomic<int> granted{0}, gone{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 100; ++i)
    clients.push_back(checked_thread([&] {
      const HttpReply reply = redeem(code);
      if (reply.status == 200) ++granted;
      if (reply.status == 410) ++gone;
    }));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(granted, 1);
  EXPECT_EQ(gone, 99);
  scene_.expect_tokens();
}

TEST_F(Invitations, OutliveAReload) {
  const std::string code = invite("ada");
  ASSERT_TRUE(scene_.reload(modules()));
  EXPECT_EQ(redeem(code).status, 200);
}

// Somebody who sets a variable of the gateway means it.
TEST(ModulesAlone, HaveAGatewayAsSoonAsAVariableOrATableSaysSo) {
  const TempDir dir;
  const std::string file = dir.write("authd.toml", "[server]\nenvironment = \"test\"\n" + endpoint("greeter"));
  const auto check = [&](const Environment& environment) { return run_authd({"config", "check", file}, environment); };
  EXPECT_EQ(check({}).exit_code, 0);
  EXPECT_EQ(check({{"KONG_JWT_AUTHORITY", "https://a.example"}}).exit_code, 0) << "is of the tokens";
  const Finished meant = check({{"KONG_ADMIN_URL", "http://127.0.0.1:1"}});
  EXPECT_EQ(meant.exit_code, 1);
  EXPECT_THAT(meant.errors, testing::Contains(HasSubstr("jwt.authority: is required")));
}

// ---- errors, in the dialect of the route

struct Failure {
  const char* status; // of the ABI
  int http;
  const char* code;
  const char* oauth;
};

class FailingHandlers : public testing::TestWithParam<Failure> {};

TEST_P(FailingHandlers, BecomeTheAnswerOfTheirDialect) {
  static const ModuleScene scene(endpoint("greeter"));
  const Failure& f = GetParam();
  const HttpReply problem = scene.get(std::string("/fails/") + f.status);
  EXPECT_EQ(problem.status, f.http);
  EXPECT_EQ(code_of(problem), f.code);
  EXPECT_EQ(problem.body.find("as it was asked to"), std::string::npos) << "the reason is for operators";
  const HttpReply oauth = scene.get(std::string("/fails-oauth/") + f.status);
  EXPECT_EQ(oauth.status, f.http);
  EXPECT_EQ(parse_object(oauth.body)->getValue<std::string>("error"), f.oauth);
  EXPECT_EQ(oauth.header("Cache-Control"), "no-store");
  EXPECT_EQ(oauth.header("Retry-After"), f.http == 429 || f.http == 503 ? "2" : "");
  EXPECT_TRUE(scene.authd.await_event("request", kPatience, [&](const LogLine& line) {
    return line.field("http.request.id") == oauth.header("X-Request-Id") &&
           line.field("error.message").find("as it was asked to") != std::string::npos;
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Of, FailingHandlers,
    testing::Values(Failure{"1", 404, "HTTP_404", "invalid_request"}, Failure{"2", 409, "HTTP_409", "invalid_request"},
                    Failure{"3", 400, "HTTP_400", "invalid_request"}, Failure{"4", 403, "HTTP_403", "access_denied"},
                    Failure{"5", 429, "HTTP_429", "temporarily_unavailable"},
                    Failure{"6", 503, "AUTH_014", "temporarily_unavailable"},
                    Failure{"7", 503, "AUTH_014", "temporarily_unavailable"},
                    Failure{"11", 500, "AUTH_008", "server_error"}, Failure{"99", 500, "AUTH_008", "server_error"}),
    [](const auto& one) { return std::string("Status") + one.param.status; });

// ---- what breaks the rules is contained and named

struct Breach {
  const char* how;
  int status;        // of the answer
  const char* named; // in the log
};

class Breaches : public testing::TestWithParam<std::tuple<const char*, Breach>> {};

TEST_P(Breaches, AreContainedAndNamed) {
  const ModuleScene scene(endpoint("rogue")); // of its own: lines that are repeated are left out
  const auto& [pass, breach] = GetParam();
  const HttpReply reply = scene.get(std::string(pass) + breach.how);
  EXPECT_EQ(reply.status, breach.status) << reply.body;
  EXPECT_EQ(reply.header("X-Rogue"), "");
  EXPECT_EQ(reply.header("Set-Cookie"), "");
  if (breach.status == 500) {
    EXPECT_EQ(code_of(reply), "AUTH_008");
  }
  EXPECT_TRUE(scene.authd.await_event(breach.status == 500 ? "request" : "request-failed", kPatience,
                                      [&](const LogLine& line) {
                                        return line.field("http.request.id") == reply.header("X-Request-Id") &&
                                               line.field("error.message").find(breach.named) != std::string::npos;
                                      }))
      << scene.authd.child().everything();
  scene.expect_tokens();
  EXPECT_EQ(scene.get(std::string(pass) + "well").body, "well");
}

INSTANTIATE_TEST_SUITE_P(
    On, Breaches,
    testing::Combine(
        testing::Values("/first/", "/worker/"),
        testing::Values(Breach{"throws", 500, "rogue: thrown by a rogue"},
                        Breach{"silent", 500, "rogue: returned OK without an answer"},
                        Breach{"twice", 200, "rogue: answered twice"},
                        Breach{"both", 200, "rogue: answered, and returned the status 12"},
                        Breach{"split", 500, "rogue: answered with a control character in the field X-Rogue"},
                        Breach{"length", 500, "rogue: answered with the field Content-Length"},
                        Breach{"type", 500, "rogue: answered with a control character in the content type"},
                        Breach{"status", 500, "rogue: answered with the status 99"},
                        Breach{"huge", 500, "rogue: answered with a body of 8388609 bytes"},
                        Breach{"unknown", 500, "rogue: an unknown status"})),
    [](const auto& one) {
      const std::string pass = std::get<0>(one.param) == std::string("/first/") ? "First" : "Worker";
      std::string how = std::get<1>(one.param).how;
      how.front() = static_cast<char>(how.front() & ~0x20);
      return pass + how;
    });

TEST(Breach, OfWouldBlockOnAWorkerIsAFault) {
  const ModuleScene scene(endpoint("rogue"));
  EXPECT_EQ(scene.get("/first/would-block").status, 500);
  EXPECT_EQ(scene.get("/worker/would-block").status, 500);
  EXPECT_EQ(scene.get("/worker/large").body.size(), 8u * 1024 * 1024);
}

TEST(Breach, OfTheFirstPassBudgetTenTimesDemotesTheRoute) {
  const ModuleScene scene(endpoint("rogue"));
  std::string by;
  for (int i = 0; i < 20 && by != "worker"; ++i) by = scene.get("/first/slow").body;
  EXPECT_EQ(by, "worker");
  const auto line = scene.authd.await_event("route-demoted", kPatience);
  ASSERT_TRUE(line);
  EXPECT_THAT(line->field("message"), HasSubstr("GET /first/{how} of rogue"));
  EXPECT_EQ(scene.authd.events("route-demoted").size(), 1u);
}

TEST(BlockedModule, OnItsSecondPassIsAnsweredForAndHoldsNobodyElse) {
  const TempDir dir;
  const std::string hold = "hold = \"" + (dir.path() / "go").string() + "\"\n";
  ModuleScene scene(endpoint("rogue", hold) + endpoint("greeter"),
                    [](Settings& s) { s.set_text("server", "request_timeout", "1s"); });
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i)
    clients.push_back(checked_thread([&] {
      const HttpReply reply = scene.get("/worker/blocks");
      EXPECT_EQ(reply.status, 503);
      EXPECT_NE(reply.header("Retry-After"), "");
    }));
  EXPECT_EQ(scene.send("POST", "/echo", "still here").body, "still here") << "another module has workers left";
  scene.expect_tokens();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(scene.send("POST", "/echo", "still here").body, "still here");
  std::ofstream(dir.path() / "go").close();
  EXPECT_EQ(scene.get("/worker/well").body, "well") << "its workers are back";
}

TEST(BlockedModule, OnItsFirstPassIsNamedAndAuthdIsNotReady) {
  const TempDir dir;
  const std::string hold = "hold = \"" + (dir.path() / "go").string() + "\"\n";
  ModuleScene scene(endpoint("rogue", hold), [](Settings& s) { s.set("server", "reactors", "2"); });
  HttpConnection stuck(scene.authd.port());
  stuck.send("GET /first/blocks HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto line = scene.authd.await_event("plugin-overrun", kPatience);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->field("authd.plugin.instance"), "rogue");
  EXPECT_EQ(line->field("authd.plugin.operation"), "handle, first pass");
  // New connections come to either reactor; one of them answers.
  int status = 0;
  for (int i = 0; i < 50 && status == 0; ++i) {
    HttpConnection asking(scene.authd.port());
    asking.send("GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto reply = asking.read(milliseconds(300));
    if (reply) status = reply->status;
  }
  EXPECT_EQ(status, 503);
  std::ofstream(dir.path() / "go").close();
  EXPECT_TRUE(stuck.read(kPatience));
  EXPECT_EQ(scene.get("/health/ready").status, 200);
}

// ---- before anything runs, and reload

TEST(ModuleInspection, ListsWhatAModuleDeclaresWithoutRunningIt) {
  const Finished inspected = run_authd({"plugin", "inspect", test_plugin("greeter")}, {});
  EXPECT_EQ(inspected.exit_code, 0);
  const auto& lines = inspected.output;
  EXPECT_THAT(lines, testing::Contains("routes      GET /hello/{name} (first pass): Greets"));
  EXPECT_THAT(lines, testing::Contains("            GET /heard (operators): What it has heard"));
  EXPECT_THAT(lines, testing::Contains(
                         "            GET /.well-known/greeter/{name} (outside the mount): The rest of the path"));
  EXPECT_THAT(lines, testing::Contains("needs       authd.exchange/1, authd.events/1, authd.clock/1"));
  EXPECT_THAT(lines, testing::Contains("emits       greeter.told"));
  EXPECT_THAT(lines, testing::Contains("listens     greeter.told"));
}

TEST(ModuleConfig, NamesBothOwnersOfARoute) {
  const TempDir dir;
  const auto check = [&](const std::string& modules) {
    Settings settings("http://127.0.0.1:1");
    const std::string file = (dir.path() / "authd.toml").string();
    std::ofstream(file) << settings.toml() << modules;
    return run_authd({"config", "check", "--no-plugins", file}, {});
  };
  const Finished same = check(endpoint("greeter", "name = \"one\"\n") + endpoint("greeter", "name = \"two\"\n"));
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.errors, testing::Contains(HasSubstr("GET /hello/{name} of two is served by one already")));
  const Finished apart = check(endpoint("greeter", "name = \"one\"\nmount = \"/a\"\n") + endpoint("rogue"));
  EXPECT_EQ(apart.exit_code, 0) << testing::PrintToString(apart.errors);
  const Finished refused = check(endpoint("greeter", "grant = [\"authd.exchange/1\"]\n"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.errors, testing::Contains(HasSubstr(
                                  "greeter: needs authd.events/1, authd.clock/1, which its grant does not name")));
  const Finished mount = check(endpoint("greeter", "mount = \"api/\"\n"));
  EXPECT_THAT(mount.errors, testing::Contains(HasSubstr("endpoint[0].mount: expected a path such as \"/api/v1\"")));
  const Finished name = check(endpoint("greeter") + endpoint("greeter", "mount = \"/a\"\n"));
  EXPECT_THAT(name.errors, testing::Contains(HasSubstr("endpoint[1].name: is also the name of endpoint[0]")));
  const Finished guest = check(endpoint("greeter", "[[endpoint.guests]]\ntitle = \"x\"\nnam = 1\n"));
  EXPECT_THAT(guest.errors, testing::Contains(HasSubstr("endpoint[0].guests[0].name: is required")));
  EXPECT_THAT(guest.errors, testing::Contains(HasSubstr("endpoint[0].guests[0].nam: unknown setting")));
}

TEST(ModuleConfig, ShowsNoSecretOfAnEntry) {
  const TempDir dir;
  const std::string file = (dir.path() / "authd.toml").string();
  std::ofstream(file) << Settings("http://127.0.0.1:1").toml()
                      << endpoint("greeter", "[[endpoint.guests]]\nname = \"bob\"\nword = \"open sesame\"\n");
  const Finished shown = run_authd({"config", "show", file}, {});
  EXPECT_EQ(shown.exit_code, 0);
  std::string text;
  for (const std::string& line : shown.output) text += line + '\n';
  EXPECT_THAT(text, HasSubstr("bob"));
  EXPECT_EQ(text.find("open sesame"), std::string::npos);
}

TEST(ModuleReload, SwitchesRoutesAndKeepsWhatIsUnderWay) {
  const TempDir dir;
  const std::string hold = "hold = \"" + (dir.path() / "go").string() + "\"\n";
  ModuleScene scene(endpoint("rogue", hold));
  HttpConnection waiting(scene.authd.port());
  waiting.send("GET /worker/blocks HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(scene.get("/hello/x").status, 404);
  ASSERT_TRUE(scene.reload(endpoint("greeter", "greeting = \"new\"\n")));
  EXPECT_EQ(scene.json("/hello/x")->getValue<std::string>("said"), "new x");
  EXPECT_EQ(scene.get("/worker/well").status, 404);
  std::ofstream(dir.path() / "go").close();
  const auto reply = waiting.read(kPatience);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "at last") << "its instance lives until it has answered";
  EXPECT_TRUE(scene.reload(endpoint("greeter") + endpoint("greeter", "name = \"two\"\n"), "reload-refused"));
  EXPECT_EQ(scene.json("/hello/x")->getValue<std::string>("said"), "new x") << "a refused reload changes nothing";
}

} // namespace
} // namespace authd::test
