// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/key_ring.h"

#include <atomic>
#include <deque>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "modules/keys/box_signer.h"
#include "support/memory_records.h"
#include "support/temp_dir.h"
#include "support/token_forge.h"

namespace authd::modules::keys {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::KeyBox;
using testing::HasSubstr;
using testing::SizeIs;

constexpr milliseconds kDay = hours(24);

// The time, the store and the keys that instances share.
class World {
 public:
  World() {
    box.now_ms = [this] { return now_ms(); };
  }
  void pass(milliseconds time) {
    offset_ += time;
    (void)folder_.write("clock", std::to_string(offset_.count()));
  }
  std::int64_t now_ms() const { return unix_millis(clock.wall()); }

 private:
  static Log::Options silent() {
    Log::Options options;
    options.level = Level::fatal;
    return options;
  }

  authd::test::TempDir folder_;
  milliseconds offset_{0};

 public:
  const MovableClock clock{(folder_.path() / "clock").string()};
  authd::test::MemoryRecords records{[this] { return now_ms(); }};
  KeyBox box;
  Log log{silent()};
};

class Instance {
 public:
  explicit Instance(World& world, std::string name, std::vector<std::string> algorithms = {"ES256"},
                    KeyBox* own = nullptr, milliseconds rotate_every = 30 * kDay)
      : world_(world), ring(world.records, test::signer_of(own != nullptr ? *own : world.box, world.log),
                            Rotation{std::move(algorithms), rotate_every}, std::move(name), world.clock, world.log) {}

  bool look() {
    Call call;
    return ring.look(call).has_value();
  }
  std::string claims(seconds lifetime = hours(1)) const {
    const std::int64_t now = world_.now_ms() / 1000;
    return R"({"iss":"https://id.example.com","aud":["api"],"sub":"alice","jti":"1","iat":)" + std::to_string(now) +
           R"(,"nbf":)" + std::to_string(now) + R"(,"exp":)" + std::to_string(now + lifetime.count()) + "}";
  }
  // The token, or "status: why".
  std::string sign(std::string_view algorithm = "") const { return sign_claims(claims(), algorithm); }
  std::string sign_claims(const std::string& json, std::string_view algorithm = "",
                          std::string_view type = "at+jwt") const {
    Call call;
    const auto token = ring.sign(call, algorithm, type, json);
    return token ? *token : std::string(name_of(token.error().status)) + ": " + token.error().message;
  }
  // Empty: it is good.
  std::string fault_of(std::string_view token,
                       Expectation expected = {"at+jwt", {"https://id.example.com"}, {"api"}, {}}) const {
    const auto checked = ring.verify(token, expected);
    return checked ? "" : checked.error().message;
  }

 private:
  World& world_;

 public:
  KeyRing ring;
};

Poco::JSON::Object::Ptr parsed(const std::string& json) {
  Poco::JSON::Parser parser;
  return parser.parse(json).extract<Poco::JSON::Object::Ptr>();
}

std::string header_of(const std::string& token) { return authd::test::take_apart(token).header; }

std::string kid_of(const std::string& token) { return parsed(header_of(token))->getValue<std::string>("kid"); }

std::set<std::string> kids_of(const std::string& jwks) {
  std::set<std::string> kids;
  const auto keys = parsed(jwks)->getArray("keys");
  for (const auto& key : *keys) kids.insert(key.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("kid"));
  return kids;
}

TEST(KeyRing, HasNoKeyBeforeItHasLooked) {
  World world;
  const Instance one(world, "a");
  EXPECT_EQ(one.sign(), "unavailable: there is no active key for ES256 yet");
  EXPECT_EQ(one.ring.published().json, R"({"keys":[]})");
}

TEST(KeyRing, SignsAndVerifiesByEachAlgorithm) {
  World world;
  Instance one(world, "a", {"ES256", "RS256", "EdDSA"});
  ASSERT_TRUE(one.look());
  for (const std::string algorithm : {"ES256", "RS256", "EdDSA"}) {
    const std::string token = one.sign(algorithm);
    const auto header = parsed(header_of(token));
    EXPECT_EQ(header->getValue<std::string>("alg"), algorithm);
    EXPECT_EQ(header->getValue<std::string>("typ"), "at+jwt");
    EXPECT_EQ(header->size(), 3u);
    EXPECT_EQ(one.fault_of(token), "");
    EXPECT_EQ(authd::test::take_apart(token).payload, one.claims());
  }
  EXPECT_EQ(parsed(header_of(one.sign()))->getValue<std::string>("alg"), "ES256") << "the first is the default";
  EXPECT_EQ(one.sign("HS256"), "invalid: signer.algorithms has no HS256");
  EXPECT_TRUE(one.ring.signs_inline(""));
  EXPECT_TRUE(one.ring.signs_inline("EdDSA"));
  EXPECT_FALSE(one.ring.signs_inline("RS256"));
}

TEST(KeyRing, PublishesEveryKeyThatVerifiesOrWill) {
  World world;
  Instance one(world, "a");
  one.look();
  const PublishedKeys first = one.ring.published();
  EXPECT_EQ(first.max_age, hours(1));
  EXPECT_THAT(kids_of(first.json), SizeIs(1));
  EXPECT_THAT(first.etag, testing::MatchesRegex("\"[0-9a-f]{32}\""));
  world.pass(30 * kDay);
  one.look();
  const PublishedKeys second = one.ring.published();
  EXPECT_THAT(kids_of(second.json), SizeIs(2));
  EXPECT_NE(second.etag, first.etag);
  EXPECT_EQ(one.ring.counts(), (std::map<State, int>{{State::next, 1}, {State::active, 1}, {State::retained, 0}}));
  one.look();
  EXPECT_EQ(one.ring.published().etag, second.etag) << "nothing has changed";
}

// Two instances, and verifiers that fetch the keys from either of them only when max-age is over, each at another
// minute: they know the key of every token at every moment, over two rotations, and every token is good until its end.
TEST(KeyRing, NoTokenIsSignedByAKeyThatACacheDoesNotKnow) {
  World world;
  Instance a(world, "a", {"ES256"}, nullptr, 2 * kDay), b(world, "b", {"ES256"}, nullptr, 2 * kDay);
  a.look();
  b.look();
  std::vector<std::set<std::string>> caches(13, kids_of(a.ring.published().json)); // one is fetched every 65 minutes
  std::set<std::string> signed_by;
  std::deque<std::string> tokens; // of the last hour
  for (int step = 0; step < 5 * 24 * 12; ++step) {
    world.pass(minutes(5));
    (step % 2 == 0 ? a : b).look();
    caches[static_cast<std::size_t>(step) % caches.size()] = kids_of((step % 3 == 0 ? a : b).ring.published().json);
    tokens.push_back((step % 5 < 2 ? a : b).sign());
    const std::string kid = kid_of(tokens.back());
    for (const auto& cached : caches) ASSERT_TRUE(cached.contains(kid)) << "after " << step;
    signed_by.insert(kid);
    if (tokens.size() > 11) tokens.pop_front();
    ASSERT_EQ(a.fault_of(tokens.front()), "");
    ASSERT_EQ(b.fault_of(tokens.front()), "");
  }
  EXPECT_THAT(signed_by, SizeIs(3));
}

TEST(KeyRing, DestroysTheKeysThatHaveEnded) {
  World world;
  Instance a(world, "a"), b(world, "b");
  for (milliseconds passed{0}; passed < 200 * kDay; passed += hours(6)) {
    world.pass(hours(6));
    a.look();
    b.look();
    ASSERT_LE(world.box.size(), 3u);
  }
  EXPECT_GE(world.box.made, 6);
  EXPECT_LE(world.box.made, 8) << "no key was made in vain";
}

TEST(KeyRing, AnEmergencyMakesAllTokensInvalidInEveryInstance) {
  World world;
  Instance a(world, "a"), b(world, "b");
  a.look();
  b.look();
  const std::string stolen = b.sign();
  Call call;
  ASSERT_TRUE(a.ring.rotate(call, "ES256", true));
  EXPECT_THAT(a.fault_of(stolen), HasSubstr("its kid names no key of ours"));
  EXPECT_EQ(a.ring.published().max_age, seconds(60));
  EXPECT_FALSE(kids_of(a.ring.published().json).contains(kid_of(stolen)));
  const std::string fresh = a.sign();
  EXPECT_EQ(a.fault_of(fresh), "");
  b.look();
  EXPECT_THAT(b.fault_of(stolen), HasSubstr("its kid names no key of ours"));
  EXPECT_EQ(b.fault_of(fresh), "");
  EXPECT_EQ(b.ring.published().max_age, seconds(60));
  EXPECT_EQ(world.box.size(), 1u) << "the private half is destroyed";
  world.pass(hours(1));
  EXPECT_EQ(a.ring.published().max_age, hours(1));
}

TEST(KeyRing, AnEmergencyDropsTheKeysAlsoWhenNoNewOneCanBeMade) {
  World world;
  Instance one(world, "a");
  one.look();
  const std::string stolen = one.sign();
  world.box.failing = AUTHD_UNAVAILABLE;
  Call call;
  EXPECT_TRUE(one.ring.rotate(call, "ES256", true));
  EXPECT_THAT(one.fault_of(stolen), HasSubstr("its kid names no key of ours"));
  EXPECT_THAT(one.sign(), HasSubstr("there is no active key"));
  world.box.failing = AUTHD_OK;
  EXPECT_TRUE(one.look());
  EXPECT_EQ(one.fault_of(one.sign()), "");
  EXPECT_EQ(world.box.size(), 1u);
}

TEST(KeyRing, ARotationThatIsAskedForPublishesFirst) {
  World world;
  Instance one(world, "a");
  one.look();
  const std::string before = kid_of(one.sign());
  Call call;
  ASSERT_TRUE(one.ring.rotate(call, "ES256", false));
  EXPECT_EQ(kid_of(one.sign()), before);
  EXPECT_THAT(kids_of(one.ring.published().json), SizeIs(2));
  EXPECT_EQ(one.ring.rotate(call, "ES256", false).error().status, CallStatus::conflict);
  EXPECT_EQ(one.ring.rotate(call, "RS256", false).error().status, CallStatus::invalid);
  world.pass(minutes(70));
  one.look();
  EXPECT_NE(kid_of(one.sign()), before);
}

TEST(KeyRing, GoesOnWithWhatItKnowsWhileTheStoreIsDown) {
  World world;
  Instance one(world, "a");
  one.look();
  const std::string token = one.sign();
  world.records.failing = CallStatus::unavailable;
  EXPECT_FALSE(one.look());
  EXPECT_EQ(one.fault_of(token), "");
  EXPECT_EQ(one.fault_of(one.sign()), "");
  Call call;
  EXPECT_EQ(one.ring.rotate(call, "ES256", true).error().status, CallStatus::unavailable);
}

TEST(KeyRing, MakesAKeyAsSoonAsTheSignerCan) {
  World world;
  world.box.failing = AUTHD_UNAVAILABLE;
  Instance one(world, "a");
  EXPECT_TRUE(one.look());
  EXPECT_THAT(one.sign(), HasSubstr("there is no active key"));
  world.box.failing = AUTHD_OK;
  EXPECT_TRUE(one.look());
  EXPECT_EQ(one.fault_of(one.sign()), "");
}

TEST(KeyRing, UsesAKeyThatAnEarlierProcessMadeAndNeverWrote) {
  World world;
  Instance killed(world, "a"), next(world, "a-again");
  world.box.after_generate = [&] { world.records.failing = CallStatus::unavailable; }; // kill -9, just then
  killed.look();
  world.box.after_generate = [] {};
  world.records.failing = CallStatus::ok;
  EXPECT_EQ(world.box.size(), 1u);
  next.look();
  EXPECT_THAT(next.sign(), HasSubstr("there is no active key")) << "the claim of the killed one still holds";
  world.pass(seconds(30));
  next.look();
  EXPECT_EQ(next.fault_of(next.sign()), "");
  EXPECT_EQ(world.box.size(), 1u) << "no second key was made";
}

TEST(KeyRing, SaysThatItsSignerLacksAKey) {
  World world;
  KeyBox another;
  another.now_ms = [&] { return world.now_ms(); };
  Instance a(world, "a"), b(world, "b", {"ES256"}, &another);
  a.look();
  b.look();
  EXPECT_THAT(b.sign(), testing::MatchesRegex("unavailable: the signer does not have key .*, which is active"));
  EXPECT_EQ(b.fault_of(a.sign()), "") << "it verifies all the same";
}

TEST(KeyRing, AsksTheSignerForItsKeysOnlyWhenSomethingIsNew) {
  World world;
  Instance one(world, "a");
  one.look();
  const int listed = world.box.listed;
  for (int i = 0; i < 30; ++i) one.look();
  EXPECT_EQ(world.box.listed, listed);
}

class Refusals : public testing::Test {
 protected:
  Refusals() { one_.look(); }

  // A token of ours whose header and payload were changed, and signed with this.
  std::string forged(const std::string& header, const std::string& secret, const std::string& algorithm) const {
    return authd::test::forge(header, one_.claims(), secret, algorithm);
  }
  std::string kid() const { return kid_of(one_.sign()); }

  World world_;
  Instance one_{world_, "a", {"ES256", "RS256"}};
};

TEST_F(Refusals, OfAlgorithmsThatAreNotTheKeys) {
  const std::string jwks = one_.ring.published().json; // what attackers have
  for (const std::string& token :
       {forged(R"({"alg":"none"})", "", "none"), forged(R"({"alg":"none","kid":")" + kid() + "\"}", "", "none"),
        forged(R"({"typ":"at+jwt","alg":"HS256","kid":")" + kid() + "\"}", jwks, "HS256"),
        forged(R"({"typ":"at+jwt","alg":"RS256","kid":")" + kid() + "\"}", jwks, "HS256")})
    EXPECT_NE(one_.fault_of(token), "") << token;
  EXPECT_THAT(one_.fault_of(forged(R"({"typ":"at+jwt","alg":"HS256","kid":")" + kid() + "\"}", jwks, "HS256")),
              HasSubstr("its alg is not that of its key"));
  const Expectation only_rsa{"at+jwt", {}, {}, {"RS256"}};
  EXPECT_THAT(one_.fault_of(one_.sign("ES256"), only_rsa), HasSubstr("its alg is none that is expected"));
  EXPECT_EQ(one_.fault_of(one_.sign("RS256"), only_rsa), "");
}

TEST_F(Refusals, OfKeysThatAreNotOurs) {
  World elsewhere;
  Instance other(elsewhere, "b");
  other.look();
  EXPECT_THAT(one_.fault_of(other.sign()), HasSubstr("its kid names no key of ours"));
  for (const char* name : {"../../etc/passwd", "", "key-1"})
    EXPECT_THAT(one_.fault_of(forged(std::string(R"({"alg":"ES256","kid":")") + name + "\"}", "x", "HS256")),
                HasSubstr("its kid names no key of ours"));
}

TEST_F(Refusals, OfWhatWasChanged) {
  const std::string token = one_.sign();
  ASSERT_EQ(one_.fault_of(token), "");
  for (std::size_t at = 0; at < token.size(); at += 7) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(changed == token || !one_.fault_of(changed).empty()) << at;
  }
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), token + ".", token + "=",
        token.substr(0, token.size() - 1), "x" + token, std::string(100'000, 'a')})
    EXPECT_NE(one_.fault_of(text), "") << text.substr(0, 40);
}

TEST_F(Refusals, OfClaimsThatAreNotExpected) {
  const std::string token = one_.sign();
  EXPECT_THAT(one_.fault_of(token, {"JWT", {}, {}, {}}), HasSubstr("typ"));
  EXPECT_THAT(one_.fault_of(token, {"", {"https://other.example.com"}, {}, {}}), HasSubstr("iss"));
  EXPECT_THAT(one_.fault_of(token, {"", {}, {"other"}, {}}), HasSubstr("aud"));
  EXPECT_EQ(one_.fault_of(token, {"application/AT+JWT", {}, {"other", "api"}, {}}), "");
  EXPECT_EQ(one_.fault_of(token, {}), "");
  const std::pair<std::string, std::string> wrong[] = {
      {"{}", "exp"},
      {"[]", "no JSON object"},
      {R"({"exp":"tomorrow"})", "exp"},
      {R"({"exp":1})", "expired"},
      {R"({"exp":99999999999,"nbf":99999999998})", "not valid yet"},
      {R"({"exp":99999999999,"iat":99999999998})", "not valid yet"},
      {R"({"exp":99999999999,"aud":7})", "aud"},
      {R"({"exp":1e300})", "exp"},
  };
  for (const auto& [claims, why] : wrong)
    EXPECT_THAT(one_.fault_of(one_.sign_claims(claims), {}), HasSubstr(why)) << claims;
}

TEST_F(Refusals, OfTokensWhoseTimeIsOver) {
  const std::string token = one_.sign();
  world_.pass(hours(1) - seconds(5));
  EXPECT_EQ(one_.fault_of(token), "");
  world_.pass(seconds(5));
  EXPECT_THAT(one_.fault_of(token), HasSubstr("it has expired"));
  world_.pass(-hours(3));
  EXPECT_THAT(one_.fault_of(token), HasSubstr("it is not valid yet"));
}

TEST_F(Refusals, OfCriticalHeaderParameters) {
  EXPECT_THAT(one_.fault_of(forged(R"({"alg":"ES256","crit":["exp"],"kid":")" + kid() + "\"}", "x", "HS256")),
              HasSubstr("critical"));
}

TEST(KeyRing, SignsAndVerifiesOnManyThreadsWhileKeysChange) {
  World world;
  Instance a(world, "a", {"ES256", "EdDSA"}), b(world, "b", {"ES256", "EdDSA"});
  a.look();
  b.look();
  std::atomic<bool> done{false};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      const std::string algorithm = i % 2 == 0 ? "ES256" : "EdDSA";
      while (!done) {
        const std::string token = a.sign(algorithm);
        if (a.fault_of(token).empty()) ++good;
        (void)a.ring.published();
        (void)a.ring.list();
      }
    });
  threads.emplace_back([&] {
    while (!done) b.look();
  });
  for (int i = 0; i < 20; ++i) {
    Call call;
    (void)a.ring.rotate(call, "ES256", i % 4 == 3);
    world.pass(minutes(35));
    a.look();
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(good, 0);
}

} // namespace
} // namespace authd::modules::keys
