// SPDX-License-Identifier: Apache-2.0
#include "modules/tokens.h"

#include <memory>
#include <string>
#include <vector>

#include <Poco/JSON/Object.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authd/tokens.h"
#include "base/abi_views.h"
#include "modules/further_claims.h"
#include "modules/keys/box_signer.h"
#include "support/memory_records.h"
#include "support/temp_dir.h"
#include "support/token_forge.h"

namespace authd::modules {
namespace {

using keys::KeyRing;
using keys::Rotation;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

// What a plugin collects from a service.
struct Collected {
  authd_sink sink{sizeof sink, 0, this, [](const authd_sink* self, authd_bytes bytes) noexcept {
                    static_cast<Collected*>(self->ctx)->text = std::string(view(bytes));
                    return static_cast<authd_status>(AUTHD_OK);
                  }};
  std::string text{};
};

// An authd: its tokens, with the keys of a signer that all share.
struct Authd {
  Authd(RecordStore& store, keys::test::KeyBox& box, const MovableClock& clock, Log& log, const std::string& name)
      : tokens(store, clock), ring(std::make_shared<KeyRing>(store, keys::test::signer_of(box, log),
                                                             Rotation{{"ES256", "RS256"}}, name, clock, log)) {
    tokens.have_signer(true);
    refresh();
    tokens.use(ring);
  }
  void refresh() {
    Call call;
    EXPECT_TRUE(ring->look(call));
    EXPECT_TRUE(tokens.revoked().refresh(call));
  }
  Tokens tokens;
  std::shared_ptr<KeyRing> ring;
};

class TokensService : public testing::Test {
 protected:
  static Log::Options silent() {
    Log::Options options;
    options.level = Level::fatal;
    return options;
  }
  TokensService() { declared_.issues = {"access", "logout"}; }

  void pass(milliseconds time) {
    offset_ += time;
    (void)folder_.write("clock", std::to_string(offset_.count()));
  }
  std::int64_t now_ms() const { return unix_millis(clock_.wall()); }

  plugin::ServiceUser user() const {
    return {nullptr, "oauth", AUTHD_ABI_MINOR, nullptr, &declared_, "https://id.example.com"};
  }
  const authd_tokens_v1* service(Authd& authd) {
    services_.push_back(authd.tokens.service_for(user()));
    return static_cast<const authd_tokens_v1*>(services_.back().get());
  }

  authd_claims claims() {
    authd_claims wire{};
    wire.size = sizeof wire;
    wire.kind = AUTHD_TOKEN_ACCESS;
    wire.subject = to_abi("alice");
    wire.audience = &audience_;
    wire.audience_count = 1;
    wire.lifetime_ms = 600'000;
    return wire;
  }
  // The token, or "status: why".
  std::string issue(const authd_tokens_v1* table, const authd_claims& wire, authd_token_facts* facts = nullptr) {
    Collected token;
    Call call;
    const authd_status status = table->issue(table, call.abi(), &wire, &token.sink, facts);
    return status == AUTHD_OK ? token.text : std::to_string(status) + ": " + call.failure().message;
  }
  // The claims, or "status: why".
  std::string verify(const authd_tokens_v1* table, const std::string& token, std::uint32_t kind = AUTHD_TOKEN_ACCESS,
                     bool first_pass = false) {
    const authd_expect expected{sizeof expected, kind, nullptr, 0, &audience_, 1, nullptr, 0};
    Collected json;
    Call call;
    call.set_first_pass(first_pass);
    const authd_status status = table->verify(table, call.abi(), to_abi(token), &expected, &json.sink);
    return status == AUTHD_OK ? json.text : std::to_string(status) + ": " + call.failure().message;
  }
  authd_status revoke(const authd_tokens_v1* table, const authd_token_facts& facts, bool first_pass = false) {
    Call call;
    call.set_first_pass(first_pass);
    return table->revoke(table, call.abi(), to_abi(facts.jti), facts.expires_at_ms);
  }
  static Poco::JSON::Object::Ptr payload(const std::string& token) { return authd::test::take_apart(token).claims; }

  authd::test::TempDir folder_;
  milliseconds offset_{0};
  const MovableClock clock_{(folder_.path() / "clock").string()};
  authd::test::MemoryRecords records_{[this] { return now_ms(); }};
  keys::test::KeyBox box_;
  Log log_{silent()};
  const bool box_is_set_ = (
      box_.now_ms = [this] { return now_ms(); }, true);
  plugin::Declared declared_;
  const authd_str audience_ = to_abi("https://api.example.com");
  Authd one_{records_, box_, clock_, log_, "one"};
  std::vector<std::shared_ptr<const void>> services_;
};

TEST_F(TokensService, IsNotThereWithoutASigner) {
  Tokens none(records_, clock_);
  EXPECT_EQ(none.service_for(user()), nullptr);
}

TEST_F(TokensService, SetsWhatIsTheHosts) {
  authd_claims wire = claims();
  wire.client_id = to_abi("batch");
  wire.scope = to_abi("read write");
  const std::string certificate(32, '\x01');
  wire.certificate = to_bytes(certificate);
  wire.jkt = to_abi("thumb\"print");
  wire.more = to_bytes(R"( {"acr": "2", "roles": ["a", {"b": 1}]} )");
  authd_token_facts facts{};
  facts.size = sizeof facts;
  const std::string token = issue(service(one_), wire, &facts);
  const auto parts = authd::test::take_apart(token);
  EXPECT_THAT(parts.claim_names, ElementsAre("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope",
                                             "cnf", "acr", "roles"));
  EXPECT_EQ(parts.claims->getValue<std::string>("iss"), "https://id.example.com");
  EXPECT_EQ(parts.claims->getValue<std::string>("aud"), "https://api.example.com");
  EXPECT_EQ(parts.claims->getValue<std::int64_t>("exp") - parts.claims->getValue<std::int64_t>("iat"), 600);
  EXPECT_EQ(parts.claims->getValue<std::int64_t>("nbf"), parts.claims->getValue<std::int64_t>("iat"));
  EXPECT_EQ(parts.claims->getObject("cnf")->getValue<std::string>("jkt"), "thumb\"print");
  EXPECT_THAT(parts.claims->getObject("cnf")->getValue<std::string>("x5t#S256"), testing::SizeIs(43));
  EXPECT_EQ(parts.claims->getValue<std::string>("jti"), facts.jti);
  EXPECT_THAT(parts.header, HasSubstr(R"("typ":"at+jwt")"));
  EXPECT_THAT(parts.header, HasSubstr(std::string(R"("kid":")") + facts.kid + '"'));
  EXPECT_EQ(facts.expires_at_ms, parts.claims->getValue<std::int64_t>("exp") * 1000);
  EXPECT_EQ(verify(service(one_), token), parts.payload);
}

TEST_F(TokensService, GivesEachTokenAnotherJti) {
  const auto* table = service(one_);
  const std::string one = issue(table, claims()), two = issue(table, claims());
  EXPECT_NE(payload(one)->getValue<std::string>("jti"), payload(two)->getValue<std::string>("jti"));
}

TEST_F(TokensService, IssuesOnlyWhatTheNoteLists) {
  const auto* table = service(one_);
  authd_claims wire = claims();
  wire.kind = AUTHD_TOKEN_ID;
  EXPECT_EQ(issue(table, wire), std::to_string(AUTHD_DENIED) + ": the note does not say that it issues \"id\"");
  wire.kind = 99;
  EXPECT_THAT(issue(table, wire), HasSubstr("there is no such kind of token"));
  declared_.issues = {};
  const auto* silent = service(one_);
  EXPECT_THAT(issue(silent, claims()), testing::StartsWith(std::to_string(AUTHD_DENIED)));
  authd_token_facts facts{};
  EXPECT_EQ(revoke(silent, facts), AUTHD_DENIED);
}

TEST_F(TokensService, CutsLifetimesToTheLongestOfTheKind) {
  const auto* table = service(one_);
  const std::pair<std::uint32_t, std::int64_t> longest[] = {{AUTHD_TOKEN_ACCESS, 24 * 3600}, {AUTHD_TOKEN_LOGOUT, 600}};
  for (const auto& [kind, seconds] : longest) {
    authd_claims wire = claims();
    wire.kind = kind;
    wire.lifetime_ms = INT64_MAX;
    const auto got = payload(issue(table, wire));
    EXPECT_EQ(got->getValue<std::int64_t>("exp") - got->getValue<std::int64_t>("iat"), seconds);
  }
  authd_claims wire = claims();
  wire.lifetime_ms = 999;
  EXPECT_THAT(issue(table, wire), HasSubstr("lifetime_ms"));
}

TEST_F(TokensService, RefusesClaimsThatAreNotTheModules) {
  const auto* table = service(one_);
  const std::pair<const char*, const char*> bad[] = {
      {R"({"iss":"https://evil.example.com"})", "more has iss, which is the host's"},
      {R"({"a":1,"exp":99999999999})", "more has exp"},
      {R"({"cnf":{}})", "more has cnf"},
      {"[]", "more is no JSON object"},
      {R"({"a":1)", "more is no JSON object"},
      {R"({"a":1}})", "more is no JSON object"},
      {R"({"a":1},"iss":"x")", "more is no JSON object"},
      {"\xff", "more is not UTF-8"},
      {R"({"\u0069ss":"escaped"})", "more has iss"},
  };
  for (const auto& [more, why] : bad) {
    authd_claims wire = claims();
    wire.more = to_bytes(more);
    EXPECT_THAT(issue(table, wire), HasSubstr(why)) << more;
  }
  authd_claims wire = claims();
  wire.audience_count = 0;
  EXPECT_THAT(issue(table, wire), HasSubstr("needs an audience"));
  wire = claims();
  wire.algorithm = to_abi("HS256");
  EXPECT_THAT(issue(table, wire), HasSubstr("signer.algorithms has no HS256"));
  wire = claims();
  wire.subject = to_abi("\xff");
  EXPECT_THAT(issue(table, wire), HasSubstr("subject is not UTF-8"));
  const std::string huge(4097, 'x');
  wire.subject = to_abi(huge);
  EXPECT_THAT(issue(table, wire), HasSubstr("subject has more than 4096 bytes"));
  wire = claims();
  wire.certificate = to_bytes("short");
  EXPECT_THAT(issue(table, wire), HasSubstr("certificate"));
  wire = claims();
  wire.size = 16;
  EXPECT_THAT(issue(table, wire), HasSubstr("shorter than in ABI 1.3"));
  EXPECT_EQ(further_claims("{}").value(), "");
  EXPECT_EQ(further_claims("").value(), "");
}

TEST_F(TokensService, NeedsAnIssuer) {
  plugin::ServiceUser nameless = user();
  nameless.base_url = {};
  const auto held = one_.tokens.service_for(nameless);
  EXPECT_THAT(issue(static_cast<const authd_tokens_v1*>(held.get()), claims()), HasSubstr("set base_url"));
}

TEST_F(TokensService, SleepsOnNoFirstPass) {
  const auto* table = service(one_);
  Call call;
  call.set_first_pass(true);
  Collected token;
  authd_claims wire = claims();
  EXPECT_EQ(table->issue(table, call.abi(), &wire, &token.sink, nullptr), AUTHD_OK) << "ES256 is signed inline";
  wire.algorithm = to_abi("RS256");
  EXPECT_EQ(table->issue(table, call.abi(), &wire, &token.sink, nullptr), AUTHD_WOULD_BLOCK);
  authd_token_facts facts{};
  facts.size = sizeof facts;
  const std::string good = issue(table, claims(), &facts);
  EXPECT_EQ(revoke(table, facts, true), AUTHD_WOULD_BLOCK);
  EXPECT_EQ(verify(table, good, AUTHD_TOKEN_ACCESS, true), verify(table, good));
  pass(milliseconds(1001)); // since the revoked ones were read
  EXPECT_THAT(verify(table, good, AUTHD_TOKEN_ACCESS, true), testing::StartsWith(std::to_string(AUTHD_WOULD_BLOCK)));
  EXPECT_EQ(verify(table, good), authd::test::take_apart(good).payload);
}

TEST_F(TokensService, VerifiesWhatIsExpectedAlone) {
  const auto* table = service(one_);
  authd_claims wire = claims();
  wire.kind = AUTHD_TOKEN_LOGOUT;
  const std::string logout = issue(table, wire), access = issue(table, claims());
  EXPECT_THAT(verify(table, logout), HasSubstr("typ"));
  EXPECT_THAT(verify(table, access, AUTHD_TOKEN_LOGOUT), HasSubstr("typ"));
  EXPECT_EQ(verify(table, logout, 0), authd::test::take_apart(logout).payload);
  plugin::ServiceUser other = user();
  other.base_url = "https://other.example.com";
  const auto held = one_.tokens.service_for(other);
  EXPECT_THAT(verify(static_cast<const authd_tokens_v1*>(held.get()), access), HasSubstr("iss"));
}

TEST_F(TokensService, ARevokedTokenIsRefusedByEveryInstanceWithinASecond) {
  Authd two(records_, box_, clock_, log_, "two");
  const auto *here = service(one_), *there = service(two);
  authd_token_facts facts{};
  facts.size = sizeof facts;
  const std::string token = issue(here, claims(), &facts), other = issue(here, claims());
  EXPECT_EQ(verify(there, token), authd::test::take_apart(token).payload);
  ASSERT_EQ(revoke(here, facts), AUTHD_OK);
  EXPECT_THAT(verify(here, token), HasSubstr("it was revoked"));
  two.refresh();
  EXPECT_THAT(verify(there, token), HasSubstr("it was revoked"));
  EXPECT_EQ(verify(there, other), authd::test::take_apart(other).payload);
  Authd later(records_, box_, clock_, log_, "later"); // started when it had happened
  EXPECT_THAT(verify(service(later), token), HasSubstr("it was revoked"));
  pass(hours(1));
  Authd much_later(records_, box_, clock_, log_, "much later");
  EXPECT_EQ(much_later.tokens.revoked().size(), 0u) << "it would have expired";
}

// One that has not looked for a second asks the store.
TEST_F(TokensService, ARevocationIsSeenWithoutARefresh) {
  Authd two(records_, box_, clock_, log_, "two");
  authd_token_facts facts{};
  facts.size = sizeof facts;
  const std::string token = issue(service(one_), claims(), &facts);
  ASSERT_EQ(revoke(service(one_), facts), AUTHD_OK);
  pass(milliseconds(1001));
  EXPECT_THAT(verify(service(two), token), HasSubstr("it was revoked"));
  records_.failing = CallStatus::unavailable;
  const std::string another = issue(service(one_), claims());
  EXPECT_THAT(verify(service(two), another), testing::StartsWith(std::to_string(AUTHD_UNAVAILABLE)));
  records_.failing = CallStatus::ok;
}

TEST_F(TokensService, ARevocationThatIsNotDurableIsNone) {
  const auto* table = service(one_);
  authd_token_facts facts{};
  facts.size = sizeof facts;
  const std::string token = issue(table, claims(), &facts);
  records_.failing = CallStatus::unavailable;
  EXPECT_EQ(revoke(table, facts), AUTHD_UNAVAILABLE);
  records_.failing = CallStatus::ok;
  EXPECT_EQ(verify(table, token), authd::test::take_apart(token).payload);
}

TEST_F(TokensService, FindsRevocationsOfInstancesWhoseClocksDiffer) {
  authd_token_facts facts{};
  facts.size = sizeof facts;
  Authd two(records_, box_, clock_, log_, "two");
  const auto* here = service(one_);
  for (const milliseconds ahead : {seconds(0), seconds(29), seconds(-29), seconds(5)}) {
    two.refresh();
    pass(ahead);
    const std::string token = issue(here, claims(), &facts);
    ASSERT_EQ(revoke(here, facts), AUTHD_OK);
    pass(-ahead);
    two.refresh();
    EXPECT_EQ(two.tokens.revoked().is_revoked(facts.jti), true) << ahead.count();
  }
}

TEST_F(TokensService, ShowsTheKeys) {
  const auto* table = service(one_);
  Collected json;
  Call call;
  ASSERT_EQ(table->jwks(table, call.abi(), &json.sink), AUTHD_OK);
  EXPECT_EQ(json.text, one_.ring->published().json);
  one_.tokens.use(nullptr);
  EXPECT_EQ(table->jwks(table, call.abi(), &json.sink), AUTHD_UNAVAILABLE);
  EXPECT_THAT(issue(table, claims()), HasSubstr("the signer has not started yet"));
}

} // namespace
} // namespace authd::modules
