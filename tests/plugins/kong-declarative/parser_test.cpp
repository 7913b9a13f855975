// SPDX-License-Identifier: Apache-2.0
#include "declarative_parser.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "consumer_index.h"

namespace authd::kong_declarative {
namespace {

const std::map<std::string, std::string> kVariables = {
    {"DECK_SECRET", "from: \"the\" #environment"}, {"DECK_NAME", "named"}, {"DECK_EMPTY", ""}, {"HOME", "planted"}};

std::optional<std::string> variable(const std::string& name) {
  const auto found = kVariables.find(name);
  return found == kVariables.end() ? std::nullopt : std::optional(found->second);
}

Parsed good(std::string_view text) {
  auto result = parse(text, variable);
  if (auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    for (const auto& p : *problems) ADD_FAILURE() << p.line << ": " << p.what;
    return {};
  }
  return std::get<Parsed>(std::move(result));
}

// "line: what" of every problem.
std::vector<std::string> bad(std::string_view text) {
  auto result = parse(text, variable);
  std::vector<std::string> lines;
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result))
    for (const auto& p : *problems) lines.push_back(std::to_string(p.line) + ": " + p.what);
  for (const auto& line : lines) EXPECT_EQ(line.find("planted"), std::string::npos) << line;
  return lines;
}

// Asserts one problem, at this line, that speaks of this.
void expect_problem(std::string_view text, int line, const std::string& about) {
  const auto problems = bad(text);
  ASSERT_EQ(problems.size(), 1u) << about << (problems.size() > 1 ? " and " + problems[1] : " is not found");
  EXPECT_TRUE(problems[0].starts_with(std::to_string(line) + ": ")) << problems[0];
  EXPECT_NE(problems[0].find(about), std::string::npos) << problems[0];
}

const Consumer& consumer(const Parsed& parsed, std::string_view name) {
  static const Consumer kNobody;
  const auto number = parsed.index.find(name);
  EXPECT_TRUE(number) << name << " is not found";
  return number ? parsed.index.at(*number) : kNobody;
}

const std::string kHead = "_format_version: \"3.0\"\n";

TEST(DerivedId, IsTheOneThatARunningKongGives) {
  EXPECT_EQ(derived_id("consumers", "example-consumer"), "519183b0-74b7-5b1b-ac5e-4f5beed3e547");
}

TEST(DeclarativeFile, ShowsNoValueOfAReferenceWhereverItStands) {
  const std::string reference = "'${{ env \"DECK_SECRET\" }}'";
  const auto problems = bad(kHead + "consumers:\n- username: " + reference + "\n- username: " + reference +
                            "\n- username: a\n  jwt_secrets: [{key: k, secret: s, algorithm: " + reference +
                            "}]\njwt_secrets: [{key: l, secret: s, consumer: '${{ env \"DECK_SECRET\" }}x'}]\n");
  ASSERT_EQ(problems.size(), 3u);
  for (const auto& problem : problems) {
    EXPECT_EQ(problem.find("environment"), std::string::npos) << problem;
    EXPECT_NE(problem.find("\"[redacted]\""), std::string::npos) << problem;
  }
}

TEST(DeclarativeFile, GivesConsumersByIdDerivedIdAndUsername) {
  const auto parsed = good(kHead + R"(
consumers:
- username: example-consumer
  jwt_secrets:
  - {key: demo-key, secret: "0123456789abcdef0123456789abcdef"}
- username: with-id
  id: 6F1C1F1E-8d0a-4a57-9d53-1f6f6f1f2a01
- custom_id: only-custom
)");
  EXPECT_EQ(parsed.index.consumers(), 3u);
  EXPECT_EQ(consumer(parsed, "519183b0-74b7-5b1b-ac5e-4f5beed3e547").username, "example-consumer");
  EXPECT_EQ(consumer(parsed, "519183B0-74B7-5B1B-AC5E-4F5BEED3E547").username, "example-consumer");
  EXPECT_EQ(consumer(parsed, "6f1c1f1e-8d0a-4a57-9d53-1f6f6f1f2a01").username, "with-id");
  EXPECT_EQ(parsed.index.find("nobody"), std::nullopt);
  EXPECT_EQ(parsed.index.find(""), std::nullopt);
  EXPECT_EQ(parsed.index.find(derived_id("consumers", "with-id")), std::nullopt) << "it has an id of its own";

  const auto& found = consumer(parsed, "example-consumer");
  EXPECT_EQ(found.id, "519183b0-74b7-5b1b-ac5e-4f5beed3e547");
  ASSERT_EQ(found.credentials.size(), 1u);
  EXPECT_EQ(found.credentials[0].key, "demo-key");
  EXPECT_EQ(found.credentials[0].secret, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(found.credentials[0].algorithm, "HS256");
  EXPECT_EQ(found.credentials[0].created_at, 0);
  EXPECT_EQ(found.credentials[0].id, derived_id("jwt_secrets", "demo-key"));
}

TEST(DeclarativeFile, TakesAUuidAsIdOnlyAsKongDoes) {
  const auto parsed = good(kHead + "consumers: [{username: 00000000-0000-4000-8000-00000000abcd}]");
  EXPECT_EQ(parsed.index.find("00000000-0000-4000-8000-00000000abcd"), std::nullopt);
}

TEST(DeclarativeFile, ReadsCredentialsNestedAndAtTopLevel) {
  const auto parsed = good(kHead + R"(
jwt_secrets:
- {consumer: b, key: k1, secret: s1, algorithm: HS384, id: 7eab0b10-1867-4227-88a5-4ac6311c10c1, created_at: 1795329344}
- {consumer: {username: b}, key: k2, secret: s2, algorithm: HS512}
- {consumer: {id: 6f1c1f1e-8d0a-4a57-9d53-1f6f6f1f2a01}, key: k3, secret: s3}
- {consumer: 6f1c1f1e-8d0a-4a57-9d53-1f6f6f1f2a01, key: k4, secret: s4}
- {consumer: 519183b0-74b7-5b1b-ac5e-4f5beed3e547, key: k5, secret: s5}
consumers:
- {username: b, id: 6f1c1f1e-8d0a-4a57-9d53-1f6f6f1f2a01, jwt_secrets: [{key: k0, secret: s0}]}
- {username: example-consumer}
)");
  const auto& b = consumer(parsed, "b");
  ASSERT_EQ(b.credentials.size(), 5u);
  EXPECT_EQ(b.credentials[1].algorithm, "HS384");
  EXPECT_EQ(b.credentials[1].id, "7eab0b10-1867-4227-88a5-4ac6311c10c1");
  EXPECT_EQ(b.credentials[1].created_at, 1795329344);
  EXPECT_EQ(b.credentials[4].secret, "s4");
  EXPECT_EQ(consumer(parsed, "example-consumer").credentials.size(), 1u);
  EXPECT_EQ(parsed.index.credentials(), 6u);
}

TEST(DeclarativeFile, KeepsAsymmetricCredentialsWithoutASecret) {
  const auto parsed = good(kHead + R"(
consumers:
- username: a
  jwt_secrets:
  - {key: k1, algorithm: RS256, rsa_public_key: "-----BEGIN PUBLIC KEY-----", secret: unused}
  - {key: k2, algorithm: EdDSA}
)");
  ASSERT_EQ(consumer(parsed, "a").credentials.size(), 2u);
  EXPECT_EQ(consumer(parsed, "a").credentials[0].algorithm, "RS256");
  EXPECT_EQ(consumer(parsed, "a").credentials[0].secret, "");
}

TEST(DeclarativeFile, MayBeJson) {
  const auto parsed =
      good("{\n\t\"_format_version\": \"2.1\",\n\t\"consumers\": [\n\t\t{\"username\": \"a\\/\\u00fc\",\n"
           "\t\t\t\"jwt_secrets\": [{\"key\": \"k\", \"secret\": \"s\\\"\\\\\", \"tags\": null}]}\n\t]\n}\n");
  ASSERT_EQ(consumer(parsed, "a/\xc3\xbc").credentials.size(), 1u);
  EXPECT_EQ(consumer(parsed, "a/\xc3\xbc").credentials[0].secret, "s\"\\");
}

TEST(DeclarativeFile, UnderstandsTheSurrogatePairsOfJson) {
  const auto parsed = good(R"({"_format_version": "3.0", "consumers": [
    {"username": "\ud83d\ude00", "jwt_secrets": [{"key": "k", "secret": "\\ud83d\uD83D\uDE00\\"}]}]})");
  ASSERT_EQ(consumer(parsed, "\xf0\x9f\x98\x80").credentials.size(), 1u);
  EXPECT_EQ(consumer(parsed, "\xf0\x9f\x98\x80").credentials[0].secret, "\\ud83d\xf0\x9f\x98\x80\\");
  EXPECT_EQ(bad(R"({"_format_version": "3.0", "a": "\ud83d"})").size(), 1u);
  EXPECT_EQ(bad("{\"_format_version\": \"3.0\", \"a\": \"\\").size(), 1u);
  EXPECT_EQ(good(kHead + R"(consumers: [{username: '\ud83d\ude00'}])").index.find("\\ud83d\\ude00"), 0u);
}

TEST(DeclarativeFile, IgnoresEverythingThatIsNotAboutConsumers) {
  const auto parsed = good(R"(
_format_version: "1.1"
_transform: false
services: [{name: s, url: "http://x", plugins: [{name: jwt, config: {password: '${{ env "DECK_ABSENT" }}'}}]}]
consumers: [{username: a, tags: [x], keyauth_credentials: [{key: y}], jwt_secrets: null}]
jwt_secrets: ~
)");
  EXPECT_EQ(parsed.index.consumers(), 1u);
  EXPECT_EQ(parsed.index.credentials(), 0u);
}

TEST(DeclarativeFile, NamesTheLineOfEachProblemAllAtOnce) {
  const auto problems = bad(R"(_format_version: "3.0"
consumers:
- username: a
  jwt_secrets:
  - key: k1
  - secret: planted
  - key: k2
    secret: planted
    algorithm: none
- username: a
jwt_secrets:
- consumer: nobody
  key: k2
  secret: planted
)");
  ASSERT_EQ(problems.size(), 6u) << testing::PrintToString(problems);
  EXPECT_EQ(problems[0], "5: a jwt_secret has no \"secret\": Kong would generate one that only it knows");
  EXPECT_EQ(problems[1], "6: a jwt_secret has no \"key\": Kong would generate one that only it knows");
  EXPECT_EQ(problems[2], "7: \"none\" is not an \"algorithm\" that Kong supports");
  EXPECT_EQ(problems[3], "10: the username \"a\" is already used (line 3)");
  EXPECT_EQ(problems[4], "12: there is no consumer \"nobody\"");
  EXPECT_EQ(problems[5], "12: the key \"k2\" is already used (line 7)");
}

TEST(DeclarativeFile, RefusesWhatKongRefuses) {
  expect_problem("consumers: []\n", 1, "_format_version");
  expect_problem("_format_version: \"4.0\"\n", 1, "must be \"1.1\"");
  expect_problem("_format_version: 3.0\n", 1, "in quotes");
  expect_problem("", 0, "must be a mapping");
  expect_problem("- a\n", 1, "must be a mapping");
  expect_problem(kHead + "consumers: {a: b}\n", 2, "must be a list");
  expect_problem(kHead + "consumers: [a]\n", 2, "must be a mapping");
  expect_problem(kHead + "consumers:\n- tags: [x]\n", 3, "needs a \"username\"");
  expect_problem(kHead + "consumers:\n- username: 42\n", 3, "in quotes");
  expect_problem(kHead + "consumers:\n- username: yes\n", 3, "in quotes");
  expect_problem(kHead + "consumers:\n- username: ''\n", 3, "must not be empty");
  expect_problem(kHead + "consumers:\n- username: a\n  id: not-a-uuid\n", 3, "must be a UUID");
  expect_problem(kHead + "consumers:\n- username: a\n  username: b\n", 4, "a second time");
  expect_problem(kHead + "consumers:\n- username: a\n  jwt_secrets: x\n", 4, "must be a list");
  expect_problem(kHead + "consumers: []\nconsumers: []\n", 3, "a second time");
  expect_problem(kHead + "jwt_secrets:\n- {key: k, secret: s}\n", 3, "needs a \"consumer\"");
  const std::string credential = kHead + "consumers:\n- username: a\n  jwt_secrets:\n  - key: k\n    ";
  expect_problem(credential + "secret: 12345678\n", 6, "in quotes");
  expect_problem(credential + "secret: 0x1f\n", 6, "in quotes");
  expect_problem(credential + "secret: [planted]\n", 6, "must be a string");
  expect_problem(credential + "secret: ''\n", 6, "must not be empty");
  expect_problem(credential + "secret: null\n", 5, "no \"secret\"");
  expect_problem(credential + "secret: s\n    id: x\n", 5, "must be a UUID");
  expect_problem(credential + "secret: s\n    created_at: soon\n", 7, "whole number");
}

// What lyaml, which Kong reads the file with, takes for something else than a string (its implicit.lua).
TEST(DeclarativeFile, RefusesScalarsThatKongsYamlTakesForNoString) {
  for (const char* scalar :
       {"1:30",  "1:75",   "190:20:30", "-1:5", "1:30.5", "0b101", "+0b1_0",  ".inf",       "-.Inf",
        "+.INF", ".nan",   ".NaN",      ".NAN", "0x_1F",  "017",   "0_7",     "1_000",      "_1",
        "12e3",  "1.5E+3", ".5",        "5.",   "True",   "OFF",   "!!int 5", "!!bool yes", "!!float '1.5'"}) {
    expect_problem(kHead + "consumers:\n- username: " + scalar + "\n", 3, "in quotes");
  }
}

TEST(DeclarativeFile, TakesScalarsThatKongsYamlTakesForStrings) {
  for (const char* scalar :
       {"1::3", ":30",        "a:30",  "0b1", "0b102",     "tRuE",  "y",        "n",      "inf", "+inf", ".iNf",
        "0xg",  "2001-12-14", "1.2.3", "1e",  "127.0.0.1", "12-34", "!!str 42", "'1:30'", "~a",  "<",    "0o17"}) {
    SCOPED_TRACE(scalar);
    EXPECT_EQ(good(kHead + "consumers:\n- username: " + scalar + "\n").index.consumers(), 1u);
  }
}

TEST(DeclarativeFile, ReadsWholeNumbersAsKongsYamlDoes) {
  const std::string before = kHead + "consumers:\n- username: a\n  jwt_secrets:\n  - {key: k, secret: s, created_at: ";
  for (const auto& [scalar, value] : std::map<std::string, std::int64_t>{{"12", 12},
                                                                         {"1_000", 1000},
                                                                         {"017", 15},
                                                                         {"0x1F", 31},
                                                                         {"0b101", 5},
                                                                         {"1:30", 90},
                                                                         {"1:00:01", 3601},
                                                                         {"-0x10", -16},
                                                                         {"1e3", 1000},
                                                                         {"08", 8},
                                                                         {"1700000000", 1700000000}}) {
    EXPECT_EQ(consumer(good(before + scalar + "}\n"), "a").credentials.at(0).created_at, value) << scalar;
  }
  for (const char* scalar : {"1.5", ".inf", ".nan", "'12'", "1e300", "soon", "yes"})
    expect_problem(before + scalar + "}\n", 5, "whole number");
}

TEST(DeclarativeFile, MergesMappings) {
  const Parsed parsed = good(kHead + R"(x-defaults: &defaults
  algorithm: HS512
  secret: shared
x-more: &more {secret: other, created_at: 7}
consumers:
- username: a
  jwt_secrets:
  - <<: *defaults
    key: merged
  - key: own
    <<: *defaults
    secret: mine
  - <<: [*more, *defaults]
    key: first-of-a-list
  - <<: {<<: *defaults, secret: inner}
    key: nested
)");
  const auto& all = consumer(parsed, "a").credentials;
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].secret + all[0].algorithm, "sharedHS512");
  EXPECT_EQ(all[1].secret + all[1].algorithm, "mineHS512");
  EXPECT_EQ(all[2].secret + all[2].algorithm, "otherHS512");
  EXPECT_EQ(all[2].created_at, 7);
  EXPECT_EQ(all[3].secret + all[3].algorithm, "innerHS512");
}

TEST(DeclarativeFile, MergesIntoTheWholeFileToo) {
  const Parsed parsed = good("<<: {_format_version: '3.0', consumers: [{username: a}]}\n");
  EXPECT_EQ(parsed.index.consumers(), 1u);
}

TEST(DeclarativeFile, RefusesAMergeOfNoMapping) {
  expect_problem(kHead + "consumers:\n- username: a\n  <<: x\n", 4, "\"<<\" must be a mapping");
  expect_problem(kHead + "consumers:\n- username: a\n  <<: [{}, x]\n", 4, "\"<<\" must be a mapping");
}

TEST(DeclarativeFile, ANullThatIsWrittenIsNotMerged) {
  expect_problem(kHead + "consumers:\n- <<: {username: a}\n  username: ~\n", 3, "needs a \"username\"");
}

TEST(DeclarativeFile, AMergeOfItselfEnds) {
  EXPECT_EQ(bad(kHead + "consumers:\n- &a {<<: [*a, *a, *a]}\n").size(), 1u);
  EXPECT_EQ(good(kHead + "consumers:\n- &a {<<: *a, username: a}\n").index.consumers(), 1u);
}

TEST(DeclarativeFile, RefusesTwoConsumersThatKongWouldGiveOneId) {
  expect_problem(kHead + "consumers:\n- username: example-consumer\n- username: other\n"
                         "  id: 519183b0-74b7-5b1b-ac5e-4f5beed3e547\n",
                 4, "consumer id");
}

TEST(DeclarativeFile, ShowsNothingOfTheTextWhenItIsNoYaml) {
  expect_problem(kHead + "consumers:\n- username: a\n  secret: *planted\n", 4, "anchor");
  EXPECT_EQ(bad(kHead + "consumers: [{username: planted\n").size(), 1u);
  EXPECT_EQ(bad(kHead + "a: \"planted\\q\"\n"), std::vector<std::string>{"2: unknown escape character"});
  EXPECT_EQ(bad(kHead + "\t- planted: {").size(), 1u);
  EXPECT_EQ(bad(std::string("\0planted\xff", 9)).size(), 1u);
}

TEST(DeclarativeFile, SurvivesHostileShapes) {
  EXPECT_EQ(bad(kHead + "consumers: " + std::string(20000, '[')).size(), 1u);
  std::string aliases = kHead + "x0: &x0 [a, a]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*x" + std::to_string(i - 1);
    aliases += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  EXPECT_EQ(bad(aliases + "consumers: *x39\n").size(), 2u); // two lists where consumers belong
}

TEST(EnvReference, IsFilledInAsTextWhereverItStands) {
  const auto parsed = good(kHead + R"(
consumers:
- username: ${{ env "DECK_NAME" }}
  jwt_secrets:
  - {key: k1, secret: ${{ env "DECK_SECRET" }}}
  - {key: "k2-${{ env "DECK_NAME" }}-${{env "DECK_NAME"}}", secret: '${{ env "DECK_SECRET" }}'}
)");
  const auto& named = consumer(parsed, "named");
  ASSERT_EQ(named.credentials.size(), 2u);
  EXPECT_EQ(named.credentials[0].secret, "from: \"the\" #environment");
  EXPECT_EQ(named.credentials[1].secret, "from: \"the\" #environment");
  EXPECT_EQ(named.credentials[1].key, "k2-named-named");
  EXPECT_EQ(parsed.reference_lines, (std::vector<std::size_t>{4, 6, 7}));

  const auto json = good(R"({"_format_version":"3.0","consumers":[{"username":"${{ env \"DECK_NAME\" }}"}]})");
  EXPECT_EQ(consumer(json, "named").username, "named");
}

TEST(EnvReference, WithoutAValueIsAProblemWithItsLine) {
  const std::string before = kHead + "consumers:\n- username: a\n  jwt_secrets:\n  - key: k\n    secret: ";
  expect_problem(before + "${{ env \"DECK_ABSENT\" }}\n", 6, "DECK_ABSENT is not set");
  expect_problem(before + "${{ env \"HOME\" }}\n", 6, "does not begin with DECK_");
  expect_problem(before + "${{ env \"DECK_EMPTY\" }}\n", 6, "must not be empty");
  expect_problem(before + "${{ env \"DECK_NAME\" | toInt }}\n", 6, "form");
  expect_problem(before + "${{ DECK_NAME }}\n", 6, "form");
  expect_problem(kHead + "a: \xee\x80\x80", 0, "U+E000");
}

TEST(EnvReference, InACommentIsNone) {
  const auto parsed = good(kHead + "# ${{ env \"DECK_ABSENT\" }}\nconsumers: [] # ${{ env \"DECK_ABSENT\" }}\n");
  EXPECT_TRUE(parsed.reference_lines.empty());
}

} // namespace
} // namespace authd::kong_declarative
