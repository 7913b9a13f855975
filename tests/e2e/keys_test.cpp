// SPDX-License-Identifier: Apache-2.0
// authd with keys of its own: [signer], /jwks.json and `authd keys`, under a clock that is moved.
#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scene.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::chrono::seconds kPatience{30};
constexpr const char* kMasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kOtherKey = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

// Instances over one store and one folder of keys, with one clock.
class Keys : public testing::Test {
 protected:
  Settings settings(const std::string& name, const std::string& master_key = kMasterKey) const {
    Settings all("http://127.0.0.1:1"); // no gateway is needed for any of this
    all.set_text("signer", "dir", (folder_.path() / "keys").string());
    all.set_text("store", "plugin", "store-sqlite").set_text("store", "path", (folder_.path() / "authd.db").string());
    all.set("secrets", "master_keys", "[\"" + master_key + "\"]");
    all.set_text("admin", "listen", "unix:" + socket(name));
    return all;
  }
  Environment environment() const { return {{"AUTHD_TEST_CLOCK", (folder_.path() / "clock").string()}}; }
  std::string socket(const std::string& name) const { return (folder_.path() / (name + ".sock")).string(); }

  void pass(milliseconds time) {
    offset_ += time;
    (void)folder_.write("clock", std::to_string(offset_.count()));
  }
  // `authd keys ...` of that instance.
  Finished keys(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "keys");
    arguments.insert(arguments.end(), {"--socket", socket(name)});
    return run_authd(arguments);
  }
  // "ES256 active kid", in the order of the list.
  std::vector<std::string> listed(const std::string& name) const {
    const Finished list = keys(name, {"list", "--json"});
    EXPECT_EQ(list.exit_code, 0);
    std::vector<std::string> lines;
    const auto all = parse_object(list.output.at(0))->getArray("keys");
    for (unsigned i = 0; i < all->size(); ++i) {
      const auto key = all->getObject(i);
      lines.push_back(key->getValue<std::string>("algorithm") + ' ' + key->getValue<std::string>("state") + ' ' +
                      key->getValue<std::string>("kid"));
    }
    return lines;
  }
  // Until the list has a line that begins so: the kid of the first.
  std::string await(const std::string& name, const std::string& beginning) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      for (const std::string& line : listed(name))
        if (line.starts_with(beginning + ' ')) return line.substr(beginning.size() + 1);
    }
    ADD_FAILURE() << "no key of " << name << " became " << beginning;
    return {};
  }
  static std::set<std::string> published(std::uint16_t port) {
    const auto reply = get(port, "/jwks.json");
    EXPECT_EQ(reply.status, 200) << reply.body;
    std::set<std::string> kids;
    const auto all = parse_object(reply.body)->getArray("keys");
    for (unsigned i = 0; i < all->size(); ++i) kids.insert(all->getObject(i)->getValue<std::string>("kid"));
    return kids;
  }

  TempDir folder_;
  milliseconds offset_{0};
};

TEST_F(Keys, ArePublishedAsVerifiersExpect) {
  AuthdProcess one(settings("one"), environment());
  const std::uint16_t port = one.await_ready();
  const auto reply = get(port, "/jwks.json");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type"), "application/jwk-set+json");
  EXPECT_EQ(reply.header("Cache-Control"), "public, max-age=3600, stale-while-revalidate=86400");
  const auto key = parse_object(reply.body)->getArray("keys")->getObject(0);
  EXPECT_EQ(key->getValue<std::string>("kty"), "EC");
  EXPECT_EQ(key->getValue<std::string>("use"), "sig");
  EXPECT_FALSE(key->has("d")) << "the private half";
  const auto again = get(port, "/jwks.json", {{"If-None-Match", std::string(reply.header("ETag"))}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("ETag"), reply.header("ETag"));
  EXPECT_EQ(get(port, "/jwks.json", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(get(port, "/jwks.json", {{"If-Modified-Since", "Fri, 27 Nov 2026 19:00:00 GMT"}}).status, 200);
  EXPECT_THAT(get(port, "/", {{"Accept", "application/json"}}).body, HasSubstr("/jwks.json"));
  EXPECT_THAT(get(port, "/metrics", {{"Accept", "text/plain"}}).body, HasSubstr("auth_keys{state=\"active\"} 1"));
}

TEST_F(Keys, RotateWithoutARefusedToken) {
  AuthdProcess one(settings("one"), environment());
  const std::uint16_t port = one.await_ready();
  const std::string first = await("one", "ES256 active");
  pass(hours(24 * 30) - minutes(70));
  const std::string second = await("one", "ES256 next");
  EXPECT_EQ(published(port), (std::set{first, second}));
  EXPECT_EQ(await("one", "ES256 active"), first);
  pass(minutes(70));
  EXPECT_EQ(await("one", "ES256 retained"), first);
  EXPECT_EQ(await("one", "ES256 active"), second);
  EXPECT_EQ(published(port), (std::set{first, second}));
  pass(hours(24) + minutes(5));
  EXPECT_EQ(await("one", "ES256 gone"), first);
  EXPECT_EQ(published(port), std::set{second});
  EXPECT_TRUE(one.await_event("key-dropped", kPatience));
}

TEST_F(Keys, AreAgreedOnByTwoInstances) {
  AuthdProcess one(settings("one"), environment()), two(settings("two"), environment());
  const std::uint16_t port_one = one.await_ready(), port_two = two.await_ready();
  const std::string first = await("one", "ES256 active");
  EXPECT_EQ(await("two", "ES256 active"), first);
  EXPECT_EQ(get(port_one, "/jwks.json").body, get(port_two, "/jwks.json").body);
  for (int rotation = 0; rotation < 2; ++rotation) {
    ASSERT_EQ(keys("one", {"rotate"}).exit_code, 0);
    const std::string next = await("two", "ES256 next");
    EXPECT_THAT(listed("one"), testing::Not(Contains("ES256 active " + next)));
    EXPECT_EQ(keys("two", {"rotate"}).exit_code, 1) << "one is under way";
    pass(minutes(70));
    for (const char* name : {"one", "two"}) {
      const auto deadline = std::chrono::steady_clock::now() + kPatience;
      while (await(name, "ES256 active") != next) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
  EXPECT_EQ(get(port_one, "/jwks.json").body, get(port_two, "/jwks.json").body);
  const std::string stolen = await("two", "ES256 active");
  const Finished emergency = keys("one", {"rotate", "--emergency"});
  ASSERT_EQ(emergency.exit_code, 0);
  EXPECT_THAT(emergency.output, Contains(AllOf(HasSubstr("gone (emergency)"), HasSubstr(stolen))));
  EXPECT_FALSE(published(port_one).contains(stolen));
  await("two", "ES256 gone");
  EXPECT_THAT(published(port_two), SizeIs(1));
  for (const std::uint16_t port : {port_one, port_two})
    EXPECT_EQ(get(port, "/jwks.json").header("Cache-Control"), "public, max-age=60");
  pass(hours(1));
  EXPECT_THAT(std::string(get(port_one, "/jwks.json").header("Cache-Control")), HasSubstr("max-age=3600"));
}

TEST_F(Keys, OutliveTheProcess) {
  std::string before;
  {
    AuthdProcess one(settings("one"), environment());
    one.await_ready();
    before = await("one", "ES256 active");
    one.child().signal(SIGKILL);
    (void)one.child().await_exit(kPatience);
  }
  AuthdProcess again(settings("one"), environment());
  again.await_ready();
  EXPECT_EQ(await("one", "ES256 active"), before);
  EXPECT_THAT(listed("one"), SizeIs(1));
}

TEST_F(Keys, AreNotOpenedByAnotherMasterKey) {
  {
    AuthdProcess one(settings("one"), environment());
    one.await_ready();
  }
  AuthdProcess other(settings("one", kOtherKey), environment());
  const auto code = other.child().await_exit(kPatience);
  ASSERT_TRUE(code);
  EXPECT_NE(*code, 0);
  EXPECT_THAT(other.child().everything(), AllOf(HasSubstr("signer.dir: "), HasSubstr("secrets.master_keys")));
  EXPECT_THAT(other.child().everything(), testing::Not(HasSubstr(kOtherKey)));
}

TEST_F(Keys, AreNoneWithoutASigner) {
  Settings none = settings("one");
  none.drop("signer");
  AuthdProcess one(none, environment());
  const std::uint16_t port = one.await_ready();
  EXPECT_EQ(get(port, "/jwks.json").status, 404);
  EXPECT_THAT(get(port, "/", {{"Accept", "application/json"}}).body, testing::Not(HasSubstr("/jwks.json")));
  for (const char* what : {"list", "rotate"}) {
    const Finished refused = keys("one", {what});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.errors, Contains(HasSubstr("There is no [signer]")));
  }
}

TEST_F(Keys, RefuseWhatIsNoRotation) {
  AuthdProcess one(settings("one"), environment());
  one.await_ready();
  const Finished unknown = keys("one", {"rotate", "--algorithm", "RS256"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.errors, Contains(HasSubstr("signer.algorithms has no RS256")));
}

// What a module does with these keys, over two instances.
class ModuleOfKeys : public Keys {
 protected:
  std::string toml(const std::string& name) const {
    Settings all = settings(name);
    all.set("signer", "algorithms", R"(["ES256", "RS256"])");
    return all.toml() + "[[endpoint]]\nplugin = \"" AUTHD_TEST_PLUGINS "/issuer.so\"\nmount = \"/t\"\n" +
           "base_url = \"https://id.example.com\"\n";
  }
  static HttpReply post(std::uint16_t port, const std::string& path, const std::string& body = "") {
    HttpConnection connection(port);
    connection.send("POST /t" + path + " HTTP/1.1\r\nHost: id.example.com\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.read(kPatience).value_or(HttpReply());
  }
};

TEST_F(ModuleOfKeys, IssuesVerifiesAndRevokesInEveryInstance) {
  AuthdProcess one(toml("one"), environment()), two(toml("two"), environment());
  const std::uint16_t port_one = one.await_ready(), port_two = two.await_ready();
  const HttpReply inline_token = post(port_one, "/issue/ES256"), worker_token = post(port_one, "/issue/RS256");
  ASSERT_EQ(inline_token.status, 200) << inline_token.body << one.child().everything();
  EXPECT_EQ(inline_token.header("X-Pass"), "first");
  EXPECT_EQ(worker_token.header("X-Pass"), "second") << "one RSA signature takes longer than a first pass may";
  for (const HttpReply& token : {inline_token, worker_token}) {
    const HttpReply verified = post(port_two, "/verify", token.body);
    ASSERT_EQ(verified.status, 200) << verified.body;
    const auto claims = parse_object(verified.body);
    EXPECT_EQ(claims->getValue<std::string>("iss"), "https://id.example.com");
    EXPECT_EQ(claims->getValue<std::string>("acr"), "2");
    EXPECT_EQ(claims->getValue<std::string>("jti"), token.header("X-Jti"));
  }
  EXPECT_EQ(post(port_two, "/verify", inline_token.body + "x").status, 400);
  const HttpReply revoked = post(port_one, "/revoke", std::string(inline_token.header("X-Jti")));
  EXPECT_EQ(revoked.status, 204) << revoked.body;
  EXPECT_EQ(revoked.header("X-Pass"), "second");
  EXPECT_EQ(post(port_one, "/verify", inline_token.body).status, 400);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (post(port_two, "/verify", inline_token.body).status == 200)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the other instance takes a revoked token";
  EXPECT_EQ(post(port_two, "/verify", worker_token.body).status, 200) << "another token";
  EXPECT_EQ(post(port_one, "/issue/HS256").status, 400);
  ASSERT_EQ(keys("two", {"rotate", "--emergency"}).exit_code, 0);
  EXPECT_EQ(post(port_two, "/verify", worker_token.body).status, 400);
  EXPECT_EQ(post(port_two, "/verify", post(port_two, "/issue/RS256").body).status, 200);
}

} // namespace
} // namespace authd::test
