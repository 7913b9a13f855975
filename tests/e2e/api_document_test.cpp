// SPDX-License-Identifier: Apache-2.0
// GET / of a running daemon is true: each status that it names of a route is brought about there, with each code that
// it names, and the answer is as described. A status that has no case here fails the test.
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "browser.h"
#include "scene.h"
#include "support/api_document.h"
#include "support/free_port.h"
#include "support/temp_dir.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;
using Promised = PromisedAnswer;
constexpr std::chrono::seconds kPatience{20};

// What the requests of a listener begin with where nothing is to be wrong.
struct Caller {
  std::uint16_t port = 0;
  Headers headers = {};
  std::map<std::string, std::string> bodies = {}; // by path
  milliseconds patience = kPatience;

  HttpReply call(const Promised& p, const Headers& more = {}) const {
    std::string lines;
    for (const auto& [name, value] : headers) lines += name + ": " + value + "\r\n";
    for (const auto& [name, value] : more) lines += name + ": " + value + "\r\n";
    const auto body = bodies.find(p.path);
    return send_body(p, lines, body == bodies.end() ? "" : body->second);
  }
  HttpReply send_body(const Promised& p, const std::string& lines, const std::string& body) const {
    HttpConnection connection(port);
    connection.send(p.method + " " + p.path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n" + lines + "\r\n" + body);
    return connection.read(patience).value_or(HttpReply());
  }
  // A request that ends with these lines; the head may be wrong.
  HttpReply send(const Promised& p, const std::string& lines, const std::string& query = "",
                 const std::string& version = "HTTP/1.1") const {
    HttpConnection connection(port);
    connection.send(p.method + " " + p.path + query + " " + version + "\r\nHost: localhost\r\n" + lines + "\r\n");
    return connection.read(kPatience).value_or(HttpReply());
  }
};

using Case = std::function<HttpReply(const Promised&)>;
// By what it brings about: "GET /tokens 401 AUTH_001", or "414 HTTP_414" on any route.
using Cases = std::map<std::string, Case>;

void add_refusals_of_the_server(Cases& cases, const Caller& caller) {
  cases["400 HTTP_400"] = [=](const Promised& p) { return caller.send(p, "X Y: z\r\n"); };
  cases["413 HTTP_413"] = [=](const Promised& p) { return caller.send(p, "Content-Length: 9999999\r\n"); };
  cases["414 HTTP_414"] = [=](const Promised& p) { return caller.send(p, "", "?" + std::string(9000, 'x')); };
  cases["417 HTTP_417"] = [=](const Promised& p) { return caller.send(p, "Expect: luck\r\n"); };
  cases["431 HTTP_431"] = [=](const Promised& p) { return caller.send(p, "X: " + std::string(20000, 'x') + "\r\n"); };
  cases["501 HTTP_501"] = [=](const Promised& p) { return caller.send(p, "Transfer-Encoding: gzip, chunked\r\n"); };
  cases["505 HTTP_505"] = [=](const Promised& p) { return caller.send(p, "", "", "HTTP/2.0"); };
}

// Calls what the document promises; `cases` says how.
void expect_kept(const ApiDocument& document, const Cases& cases, const std::set<std::string>& elsewhere = {}) {
  const auto answers = document.answers();
  EXPECT_GT(answers.size(), 40u);
  for (const Promised& promised : answers) {
    SCOPED_TRACE(promised.text());
    if (elsewhere.count(promised.text()) != 0) continue;
    auto found = cases.find(promised.text());
    if (found == cases.end()) found = cases.find(std::to_string(promised.status) + " " + promised.code);
    if (found == cases.end()) {
      ADD_FAILURE() << "the document names it, and there is no case for it here";
      continue;
    }
    const HttpReply reply = found->second(promised);
    for (const std::string& difference : document.differences(promised, reply)) ADD_FAILURE() << difference;
    if (!promised.code.empty()) {
      EXPECT_EQ(code_of(reply), promised.code) << reply.body;
    }
  }
}

// Asks again until the status comes.
HttpReply await_status(const Promised& p, const Caller& caller) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  HttpReply reply = caller.call(p);
  while (reply.status != p.status && std::chrono::steady_clock::now() < deadline) reply = caller.call(p);
  return reply;
}

class PublicApi : public testing::Test {
 protected:
  // A daemon for one fault, started when it is needed.
  Scene& scene(const std::string& name, const Scene::Change& change) {
    std::unique_ptr<Scene>& one = scenes_[name];
    if (!one) one = std::make_unique<Scene>(change);
    return *one;
  }

  void add_health(Cases& cases) {
    for (const char* path : {"/health", "/health/ready"}) {
      cases["GET " + std::string(path) + " 200 "] = [this](const Promised& p) { return caller_.call(p); };
      cases["GET " + std::string(path) + " 503 "] = [this](const Promised& p) {
        Scene& down = scene("down", {});
        down.kong.set_fault({Kind::reset});
        return await_status(p, {down.port()});
      };
    }
    cases["GET /health/live 200 "] = [this](const Promised& p) { return caller_.call(p); };
  }

  void add_telemetry(Cases& cases) {
    const Case call = [this](const Promised& p) { return caller_.call(p); };
    for (const char* route : {"GET /health/telemetry", "GET /health/metrics", "POST /debug/metrics/test",
                              "POST /debug/metrics/export", "GET /debug/metrics/stats"})
      cases[std::string(route) + " 200 "] = call;
    cases["POST /debug/metrics/test 400 AUTH_007"] = [this](const Promised& p) {
      return caller_.send_body(p, "", "[");
    };
  }

  Scene& profiled() {
    return scene("profiled", [this](Settings& s) {
      s.set("profiling", "enabled", "true").set_text("profiling", "output_dir", (dir_.path() / "profiles").string());
    });
  }
  HttpReply profiling(const std::string& method, const std::string& what) {
    return fetch(profiled().port(), method, "/debug/profiling/" + what);
  }
  // A finished session; its id.
  std::string session() {
    profiling("POST", "start");
    return parse_object(profiling("POST", "stop").body)->getValue<std::string>("sessionId");
  }

  void add_profiling(Cases& cases) {
    const std::string base = "/debug/profiling/";
    for (const char* what : {"status", "reports"})
      cases["GET " + base + what + " 200 "] = [=, this](const Promised&) { return profiling("GET", what); };
    cases["POST " + base + "cleanup 200 "] = [this](const Promised&) { return profiling("POST", "cleanup"); };
    cases["POST " + base + "start 200 "] = [this](const Promised&) {
      const HttpReply started = profiling("POST", "start");
      profiling("POST", "stop");
      return started;
    };
    cases["POST " + base + "start 400 AUTH_007"] = [this](const Promised&) {
      return profiling("POST", "start?type=x");
    };
    cases["POST " + base + "start 400 HTTP_400"] = [this](const Promised&) {
      profiling("POST", "start");
      const HttpReply second = profiling("POST", "start");
      profiling("POST", "stop");
      return second;
    };
    cases["POST " + base + "stop 200 "] = [this](const Promised&) {
      profiling("POST", "start");
      return profiling("POST", "stop");
    };
    cases["POST " + base + "stop 400 HTTP_400"] = [this](const Promised&) { return profiling("POST", "stop"); };
    cases["GET " + base + "report 200 "] = [this](const Promised& p) {
      const char* form = p.media_type == "application/gzip" ? ".cpu.pb.gz" : ".cpuprofile";
      return profiling("GET", "report?file=" + session() + form);
    };
    cases["GET " + base + "report 400 HTTP_400"] = [this](const Promised&) {
      return profiling("GET", "report?file=x");
    };
    cases["GET " + base + "report 404 HTTP_404"] = [this](const Promised&) {
      return profiling("GET", "report?file=profile-1-0123abcd.cpuprofile");
    };
  }

  void add_document(Cases& cases) {
    cases["GET / 200 "] = [this](const Promised& p) { return caller_.call(p, {{"Accept", p.media_type}}); };
    cases["GET /metrics 200 "] = [this](const Promised& p) { return caller_.call(p, {{"Accept", p.media_type}}); };
    cases["GET /metrics 400 HTTP_400"] = [this](const Promised& p) { return caller_.send(p, "", "?view=nonsense"); };
    cases["GET /jwks.json 200 "] = [this](const Promised& p) { return caller_.call(p); };
    for (const char* path : {"/", "/jwks.json"})
      cases["GET " + std::string(path) + " 304 "] = [this](const Promised& p) {
        return caller_.call(p, {{"If-None-Match", "*"}});
      };
  }

  // What both routes of tokens refuse alike.
  void add_lookups(Cases& cases) {
    const auto with = [this](const Headers& headers) {
      return [this, headers](const Promised& p) { return Caller{main_.port(), headers}.call(p); };
    };
    cases["401 AUTH_001"] = with({{"X-Consumer-ID", kAliceId}});
    cases["401 AUTH_002"] = with(consumer_headers(kNobodyId, "nobody"));
    Headers anonymous = kAlice;
    anonymous.emplace_back("X-Anonymous-Consumer", "true");
    cases["401 AUTH_009"] = with(anonymous);
    cases["400 AUTH_007"] = with(consumer_headers(std::string(257, 'x'), "alice"));
    cases["403 AUTH_015"] = [this](const Promised& p) {
      const auto named = [](Settings& s) { s.set("security", "trusted_gateways", "[\"192.0.2.1\"]"); };
      return Caller{scene("stranger", named).port(), kAlice}.call(p);
    };
    cases["404 AUTH_013"] = [this](const Promised& p) {
      main_.kong.set_fault(KongOperation::create, {Kind::refuse});
      return Caller{main_.port(), stranger(0)}.call(p);
    };
    cases["429 AUTH_006"] = [this](const Promised& p) {
      const auto one = [](Settings& s) {
        s.set("rate_limit", "max_requests", "1").set_text("rate_limit", "window", "1h");
      };
      return await_status(p, {scene("limited", one).port(), kAlice});
    };
    cases["503 AUTH_004"] = [this](const Promised& p) {
      Scene& failing = scene("failing", [](Settings& s) { s.set("breaker", "volume_threshold", "1000"); });
      failing.kong.set_fault({Kind::error_500});
      return Caller{failing.port(), stranger(1)}.call(p);
    };
    cases["503 AUTH_005"] = [this](const Promised& p) { return behind_open_breaker(p); };
    cases["503 AUTH_014"] = [this](const Promised& p) { return behind_busy_worker(p); };
  }

  HttpReply behind_open_breaker(const Promised& p) {
    Scene& open = scene("open", [](Settings& s) { s.set_text("breaker", "reset_timeout", "60s"); });
    open.kong.set_fault({Kind::error_500});
    for (int n = 0; n < 50 && code_of(open.tokens(stranger(n))) != "AUTH_005"; ++n) {
    }
    return Caller{open.port(), stranger(100)}.call(p);
  }

  HttpReply behind_busy_worker(const Promised& p) {
    Scene& busy = scene("busy " + p.path, [](Settings& s) { s.set("gateway", "pool_size", "1"); });
    busy.kong.set_fault(KongOperation::list, {Kind::hang});
    busy.kong.forget_traffic();
    HttpConnection first(busy.port());
    first.send(request_text("GET", "/tokens", stranger(++strangers_)));
    EXPECT_TRUE(busy.kong.await(KongOperation::list, 1, kPatience));
    return Caller{busy.port(), stranger(++strangers_)}.call(p);
  }

  void add_tokens(Cases& cases) {
    cases["GET /tokens 200 "] = [this](const Promised& p) { return Caller{main_.port(), kAlice}.call(p); };
    cases["GET /tokens 500 AUTH_003"] = [this](const Promised& p) {
      Scene& undecodable = scene("undecodable", [](Settings& s) { s.set("jwt", "secret_is_base64", "true"); });
      undecodable.kong.add_consumer("carol", stranger_id(0));
      undecodable.kong.add_credential(stranger_id(0), {"carol-key", "not base64!"});
      return Caller{undecodable.port(), stranger(0)}.call(p);
    };
    cases["GET /tokens/validate 200 "] = [this](const Promised&) { return main_.validate(token_of(main_.tokens())); };
    cases["GET /tokens/validate 400 AUTH_012"] = [this](const Promised&) {
      return get(main_.port(), "/tokens/validate", kAlice);
    };
    cases["GET /tokens/validate 400 AUTH_011"] = [this](const Promised&) { return main_.validate("no.token"); };
    cases["GET /tokens/validate 401 AUTH_010"] = [this](const Promised&) {
      TokenParts parts = take_apart(token_of(main_.tokens()));
      for (const char* time : {"iat", "nbf", "exp"}) parts.claims->set(time, 1000000000);
      std::ostringstream claims;
      parts.claims->stringify(claims);
      return main_.validate(forge(parts.header, claims.str(), kAliceSecret));
    };
  }

  void add_limits(Cases& cases) {
    add_refusals_of_the_server(cases, caller_);
    cases["408 HTTP_408"] = [this](const Promised& p) {
      HttpConnection slow(scene("slow", [](Settings& s) { s.set_text("server", "header_timeout", "100ms"); }).port());
      slow.send(p.method + " " + p.path + " HTTP/1.1\r\nHost: ");
      return slow.read(kPatience).value_or(HttpReply());
    };
    cases["503 HTTP_503"] = [this](const Promised& p) { return beside_the_only_connection(p); };
  }

  // One whose request is being answered makes room for nobody.
  HttpReply beside_the_only_connection(const Promised& p) {
    Scene& full = scene(
        "full", [](Settings& s) { s.set("server", "max_connections", "1").set_text("breaker", "timeout", "10s"); });
    full.kong.set_fault(KongOperation::list, {Kind::hang});
    if (!only_connection_) {
      only_connection_ = std::make_unique<HttpConnection>(full.port());
      only_connection_->send(request_text("GET", "/tokens", stranger(0)));
      EXPECT_TRUE(full.kong.await(KongOperation::list, 1, kPatience));
    }
    return Caller{full.port()}.call(p);
  }

  const TempDir dir_;
  Scene main_{[this](Settings& s) {
    s.set_text("lookup", "negative_ttl", "1s");
    s.set_text("signer", "dir", (dir_.path() / "keys").string());
  }};
  const Caller caller_{main_.port(), kAlice};
  int strangers_ = 0;

 private:
  std::map<std::string, std::unique_ptr<Scene>> scenes_;
  std::unique_ptr<HttpConnection> only_connection_;
};

TEST_F(PublicApi, AnswersEveryStatusOfItsDocumentAsDescribed) {
  main_.add_strangers(1, 0);
  Cases cases;
  add_limits(cases);
  add_lookups(cases);
  add_tokens(cases);
  add_health(cases);
  add_telemetry(cases);
  add_profiling(cases);
  add_document(cases);
  expect_kept(ApiDocument(get(main_.port(), "/").body), cases);
}

std::string text_of(const Finished& finished) {
  std::string text;
  for (const std::string& line : finished.output) text += line + '\n';
  EXPECT_EQ(finished.exit_code, 0) << (finished.errors.empty() ? "" : finished.errors.front());
  return text;
}

class AdminApi : public testing::Test {
 protected:
  std::string text() const { return caller_.send({"GET", "/", 200, "", "", nullptr}, "").body; }

  void add_operations(Cases& cases) {
    cases["403 HTTP_403"] = [this](const Promised& p) { return caller_.call(p, {{"Origin", "http://evil.example"}}); };
    cases["POST /admin/cache/invalidate 400 AUTH_007"] = invalidate("[]");
    cases["POST /admin/cache/invalidate 404 HTTP_404"] = invalidate(R"({"consumer":"nobody at all"})");
    cases["POST /admin/cache/invalidate 415 HTTP_415"] = [this](const Promised& p) {
      return caller_.send_body(p, "Content-Type: text/plain\r\n", R"({"all":true})");
    };
    cases["POST /admin/keys/rotate 400 AUTH_007"] = [this](const Promised& p) {
      return caller_.send_body(p, "Content-Type: application/json\r\n", "[]");
    };
    cases["POST /admin/keys/rotate 415 HTTP_415"] = [this](const Promised& p) {
      return caller_.send_body(p, "Content-Type: text/plain\r\n", "{}");
    };
    cases["POST /admin/keys/rotate 409 HTTP_409"] = [this](const Promised& p) {
      (void)caller_.send_body(p, "Content-Type: application/json\r\n", "{}");
      return caller_.send_body(p, "Content-Type: application/json\r\n", "{}"); // it is published already
    };
    for (const char* route : {"GET /admin/keys", "POST /admin/keys/rotate"})
      cases[std::string(route) + " 404 HTTP_404"] = [this](const Promised& p) { return without_signer(p); };
    cases["POST /admin/reload 422 "] = [this](const Promised& p) {
      Settings wrong(scene_.kong.url());
      wrong.set_text("signer", "dir", (dir_.path() / "keys").string());
      const TomlFile restored(scene_.authd.config_file(), wrong.set("breaker", "timeout", "\"never\"").toml());
      return caller_.call(p);
    };
    cases["200 "] = [this](const Promised& p) { return caller_.call(p, {{"Accept", p.media_type}}); };
    cases["GET / 304 "] = [this](const Promised& p) { return caller_.call(p, {{"If-None-Match", "*"}}); };
  }

  void add_limits(Cases& cases) {
    add_refusals_of_the_server(cases, caller_);
    cases["503 HTTP_503"] = [this](const Promised& p) { return behind_full_lane(p); };
    for (const char* path : {"/", "/admin/cache/stats", "/admin/plugins", "/admin/status", "/admin/ui", "/admin/keys"})
      cases["GET " + std::string(path) + " 503 HTTP_503"] = [this](const Promised& p) { return beside_too_many(p); };
    cases["408 HTTP_408"] = [this](const Promised& p) {
      return slow_.at(p.method + " " + p.path).read(kPatience).value_or(HttpReply());
    };
  }

  void fill_lane(int operations) {
    if (!busy_) {
      busy_ = std::make_unique<Scene>([this](Settings& s) {
        listen(s, busy_port_);
        s.set_text("breaker", "timeout", "10s");
      });
      busy_->kong.set_fault({Kind::hang});
    }
    for (int n = 0; n < operations; ++n) {
      waiting_.emplace_back(busy_port_);
      waiting_.back().send("POST /admin/cache/invalidate HTTP/1.1\r\nHost: localhost\r\n"
                           "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"consumer\":\"alice\"}");
    }
  }
  HttpConnection begin_behind_lane(const Promised& p) const {
    HttpConnection connection(busy_port_);
    std::string body = p.method == "POST" ? R"({"all":true})" : "";
    if (p.path == "/admin/keys/rotate") body = "{}";
    connection.send(p.method + " " + p.path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection;
  }

  // Requests that never end. They are refused after ten seconds, together.
  void begin_slow_requests(const ApiDocument& document) {
    for (const Promised& p : document.answers()) {
      const auto [slow, is_new] = slow_.try_emplace(p.method + " " + p.path, port_);
      if (is_new) slow->second.send(p.method + " " + p.path + " HTTP/1.1\r\nHost: ");
    }
  }

  const std::uint16_t port_ = free_port();
  const TempDir dir_;
  Scene scene_{[this](Settings& s) {
    listen(s, port_);
    s.set_text("signer", "dir", (dir_.path() / "keys").string());
  }};
  const Caller caller_{
      port_,
      {{"Content-Type", "application/json"}},
      {{"/admin/cache/invalidate", R"({"all":true})"}, {"/admin/keys/rotate", R"({"emergency":true})"}}};

 private:
  // The daemon's file with another text, for as long as this lives.
  class TomlFile {
   public:
    TomlFile(std::string path, const std::string& text) : path_(std::move(path)), before_(read(path_)) {
      std::ofstream(path_) << text;
    }
    ~TomlFile() { std::ofstream(path_) << before_; }

   private:
    static std::string read(const std::string& path) {
      std::ostringstream text;
      text << std::ifstream(path).rdbuf();
      return text.str();
    }
    const std::string path_;
    const std::string before_;
  };

  static void listen(Settings& s, std::uint16_t port) {
    s.set_text("admin", "listen", "127.0.0.1:" + std::to_string(port));
  }
  Case invalidate(const std::string& body) const {
    return [this, body](const Promised& p) { return caller_.send_body(p, "Content-Type: application/json\r\n", body); };
  }

  // One operation at a time, and sixteen wait; the first waits for Kong, for ten seconds.
  HttpReply behind_full_lane(const Promised& p) {
    Caller caller = caller_;
    caller.port = busy_port_;
    caller.patience = milliseconds(300); // no answer: it is in the lane now
    HttpReply reply;
    for (int n = 0; n < 40 && reply.status != p.status; ++n) {
      waiting_.clear(); // an operation goes on without whoever asked for it
      fill_lane(17);
      reply = caller.call(p);
    }
    return reply;
  }

  HttpReply without_signer(const Promised& p) const {
    const std::uint16_t port = free_port();
    const Scene none([&](Settings& s) { listen(s, port); });
    Caller caller = caller_;
    caller.port = port;
    return caller.call(p);
  }

  // A connection that has been idle for a second makes room for another: again, if it took that long. A daemon of its
  // own, because slow requests elsewhere would make room too.
  HttpReply beside_too_many(const Promised& p) const {
    const std::uint16_t port = free_port();
    const Scene crowded([&](Settings& s) { listen(s, port); });
    Caller caller = caller_;
    caller.port = port;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    HttpReply reply;
    while (reply.status != p.status && std::chrono::steady_clock::now() < deadline) {
      std::vector<HttpConnection> connections;
      for (int n = 0; n < 64; ++n) connections.emplace_back(port);
      reply = caller.call(p);
    }
    return reply;
  }

  const std::uint16_t busy_port_ = free_port();
  std::unique_ptr<Scene> busy_;
  std::vector<HttpConnection> waiting_;
  std::map<std::string, HttpConnection> slow_;
};

// The minute that an operation may take is waited for by AdminApiSoak.
std::set<std::string> that_take_minutes(const ApiDocument& document) {
  std::set<std::string> all;
  for (const Promised& p : document.answers()) {
    if (p.status == 504) all.insert(p.text());
  }
  return all;
}

TEST_F(AdminApi, AnswersEveryStatusOfItsDocumentAsDescribed) {
  const ApiDocument document(text());
  begin_slow_requests(document);
  Cases cases;
  add_limits(cases);
  add_operations(cases);
  expect_kept(document, cases, that_take_minutes(document));
}

class AdminApiSoak : public AdminApi {};

// Seven operations that each wait ten seconds for Kong, and then one of each kind.
TEST_F(AdminApiSoak, SaysThatAnOperationTakesMoreThanAMinute) {
  const ApiDocument document(text());
  fill_lane(7);
  std::vector<std::pair<Promised, HttpConnection>> asked;
  for (const Promised& p : document.answers()) {
    if (p.status == 504) asked.emplace_back(p, begin_behind_lane(p));
  }
  ASSERT_EQ(asked.size(), 3u);
  for (auto& [promised, connection] : asked) {
    SCOPED_TRACE(promised.text());
    const HttpReply reply = connection.read(std::chrono::seconds(90)).value_or(HttpReply());
    for (const std::string& difference : document.differences(promised, reply)) ADD_FAILURE() << difference;
    EXPECT_EQ(code_of(reply), promised.code);
  }
}

TEST_F(AdminApi, IsPrintedByTheCommandLineAsItIsServed) {
  const std::vector<std::string> print{"--config", scene_.authd.config_file(), "openapi"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), print.begin(), print.end());
    return text_of(run_authd(more));
  };
  const std::string json = get(scene_.port(), "/").body;
  EXPECT_EQ(with({}), json);
  EXPECT_EQ(with({"--json"}), json);
  EXPECT_EQ(with({"--yaml"}), get(scene_.port(), "/", {{"Accept", "text/yaml"}}).body);
  EXPECT_EQ(with({"--admin"}), text());
  EXPECT_EQ(run_authd({"openapi", "--json", "--yaml"}).exit_code, 64);
}

TEST(ApiDocumentText, NeedsNoConfiguration) {
  const std::string text = text_of(run_authd({"openapi"}, {{"API_TITLE", "Tokens of ours"}}));
  EXPECT_NE(text.find("\"title\": \"Tokens of ours\""), std::string::npos);
  EXPECT_EQ(run_authd({"--config", "/nonexistent.toml", "openapi"}).exit_code, 1);
}

TEST(ApiDocumentText, FollowsAReload) {
  Scene scene;
  const HttpReply before = get(scene.port(), "/");
  Settings next(scene.kong.url());
  next.set_text("api", "title", "Another title");
  ASSERT_TRUE(scene.authd.reload(next.toml(), "reloaded"));
  const HttpReply after = get(scene.port(), "/", {{"If-None-Match", before.header("ETag")}});
  EXPECT_EQ(after.status, 200);
  EXPECT_NE(after.body.find("\"title\": \"Another title\""), std::string::npos);
}

TEST(ApiPageInABrowser, IsReadableInEveryLookAndWithoutSeriousFaults) {
  const Scene scene;
  look_at("api_page.mjs", "http://127.0.0.1:" + std::to_string(scene.port()) + "/");
}

} // namespace
} // namespace authd::test
