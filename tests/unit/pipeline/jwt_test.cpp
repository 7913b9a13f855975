// SPDX-License-Identifier: Apache-2.0
#include "pipeline/jwt.h"

#include <gtest/gtest.h>

#include "base/base64url.h"

namespace authd::pipeline {
namespace {

constexpr std::int64_t kNow = 1'795'329'344;
constexpr std::string_view kJti = "519183b0-74b7-4b1b-ac5e-4f5beed3e547";

config::Jwt settings() {
  config::Jwt jwt;
  jwt.issuer = "https://auth.example";
  jwt.audience = {"https://api.example"};
  return jwt;
}

std::string decoded(std::string_view token, int segment) {
  for (int i = 0; i < segment; ++i) token.remove_prefix(token.find('.') + 1);
  std::string out;
  EXPECT_TRUE(decode_base64url(token.substr(0, token.find('.')), out));
  return out;
}

std::string sign(const config::Jwt& jwt, std::string_view username, CredentialView credential) {
  Signer signer;
  return std::string(signer.sign(ClaimsTemplate(jwt), {"id", username}, credential, kJti, kNow).text);
}

std::string record_of(std::vector<plugin::GatewayCredential> listed) {
  std::string record;
  CredentialRecord::encode(select_credentials(std::move(listed)), wall_now(), record);
  return record;
}

// Signs any header and payload with HS256, as an attacker who holds a secret could.
std::string forge(std::string_view header, std::string_view payload, std::string_view secret) {
  std::string token;
  append_base64url(token, header);
  token += '.';
  append_base64url(token, payload);
  const Hmac::Mac mac = Hmac(Algorithm::hs256, secret).sign(token);
  token += '.';
  append_base64url(token, mac.view());
  return token;
}

TEST(Signer, WritesTheClaimsInTheOrderOfTheContract) {
  const std::string token = sign(settings(), "joe", {"the-key", "secret", Algorithm::hs256});
  EXPECT_EQ(decoded(token, 0), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(decoded(token, 1),
            R"({"sub":"joe","key":"the-key","jti":"519183b0-74b7-4b1b-ac5e-4f5beed3e547","iat":1795329344,)"
            R"("nbf":1795329344,"exp":1795330244,"iss":"https://auth.example","aud":"https://api.example",)"
            R"("name":"joe","unique_name":"example.com#joe"})");
}

TEST(Signer, LetsTheIssuerClaimCarryTheKey) {
  config::Jwt jwt = settings();
  jwt.key_claim_name = "iss";
  const std::string payload = decoded(sign(jwt, "joe", {"the-key", "s", Algorithm::hs256}), 1);
  EXPECT_EQ(payload.find(R"({"sub":"joe","iss":"the-key","jti")"), 0u);
  EXPECT_EQ(payload.find("https://auth.example"), std::string::npos);
}

TEST(Signer, WritesSeveralAudiencesAsAnArray) {
  config::Jwt jwt = settings();
  jwt.audience = {"a", "b"};
  EXPECT_NE(decoded(sign(jwt, "joe", {"k", "s", Algorithm::hs256}), 1).find(R"("aud":["a","b"])"), std::string::npos);
}

TEST(Signer, SubtractsTheClockSkewFromNbfOnly) {
  config::Jwt jwt = settings();
  jwt.clock_skew = seconds(30);
  jwt.expiration = seconds(60);
  const std::string payload = decoded(sign(jwt, "joe", {"k", "s", Algorithm::hs256}), 1);
  EXPECT_NE(payload.find(R"("iat":1795329344,"nbf":1795329314,"exp":1795329404)"), std::string::npos);
}

TEST(Signer, EscapesUsernames) {
  const std::string payload = decoded(sign(settings(), "a\"b\\\xF0\x9F\x94\x91", {"k", "s", Algorithm::hs256}), 1);
  EXPECT_EQ(payload.find("{\"sub\":\"a\\\"b\\\\\xF0\x9F\x94\x91\","), 0u);
  EXPECT_NE(payload.find("\"unique_name\":\"example.com#a\\\"b\\\\\xF0\x9F\x94\x91\"}"), std::string::npos);
}

TEST(Signer, HoldsTheLongestNamesOnAFreshBuffer) {
  const std::string name(256, '"');
  const std::string payload = decoded(sign(settings(), name, {std::string(2000, '\x01'), "s", Algorithm::hs512}), 1);
  EXPECT_NE(payload.find("\"unique_name\":\"example.com#\\\""), std::string::npos);
}

TEST(Signer, PutsConfiguredClaimsBehindAllOthers) {
  config::Jwt jwt = settings();
  jwt.claims = {{"tenant", R"("acme")", {}, false}, {"id", {}, "X-Id", false}, {"absent", {}, "X-None", false}};
  const std::vector<HeaderValue> values{{1, std::string_view("7\"")}, {}};
  Signer signer;
  const auto token = signer.sign(ClaimsTemplate(jwt), {"id", "joe", values}, {"k", "s", Algorithm::hs256}, kJti, kNow);
  EXPECT_TRUE(decoded(token.text, 1).ends_with(R"(,"unique_name":"example.com#joe","tenant":"acme","id":"7\""})"));
}

class TokenValidation : public testing::Test {
 protected:
  Code refusal(std::string_view token, std::int64_t now = kNow) {
    const auto result = validate_token(token, *CredentialRecord::decode(record), "key", now);
    EXPECT_FALSE(result);
    return result ? Code::unforeseen : result.error().code;
  }
  std::string forged(std::string_view payload) { return forge(R"({"alg":"HS256"})", payload, "new-secret"); }

  std::string record = record_of({{"1", "old", "HS384", Secret(std::string("old-secret")), 1},
                                  {"2", "new", "HS256", Secret(std::string("new-secret")), 2}});
};

TEST_F(TokenValidation, AcceptsWhatTheSignerMade) {
  const auto token = validate_token(sign(settings(), "joe", {"new", "new-secret", Algorithm::hs256}),
                                    *CredentialRecord::decode(record), "key", kNow);
  ASSERT_TRUE(token) << token.error().detail;
  EXPECT_EQ(token->subject, "joe");
  EXPECT_EQ(token->token_id, kJti);
  EXPECT_EQ(token->issuer, "https://auth.example");
  EXPECT_EQ(token->audience, std::vector<std::string>{"https://api.example"});
  EXPECT_EQ(token->expires_at - token->issued_at.value(), 900);
}

TEST_F(TokenValidation, AcceptsATokenOfTheCredentialBeforeTheNewest) {
  EXPECT_TRUE(validate_token(sign(settings(), "joe", {"old", "old-secret", Algorithm::hs384}),
                             *CredentialRecord::decode(record), "key", kNow));
}

TEST_F(TokenValidation, ExpiresAtExpWithoutLeeway) {
  const std::string token = sign(settings(), "joe", {"new", "new-secret", Algorithm::hs256});
  EXPECT_TRUE(validate_token(token, *CredentialRecord::decode(record), "key", kNow + 899));
  EXPECT_EQ(refusal(token, kNow + 900), Code::token_expired);
}

TEST_F(TokenValidation, RefusesEveryOtherAlgorithm) {
  const std::string payload = R"({"key":"new","exp":9999999999})";
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS384"})", R"({"alg":"hs256"})", R"({"alg":1})", R"({})",
                             R"([])", "garbage", R"({"alg":"HS256","crit":["x"]})"}) {
    EXPECT_EQ(refusal(forge(header, payload, "new-secret")), Code::token_invalid) << header;
  }
}

TEST_F(TokenValidation, RefusesSignaturesOfOthers) {
  EXPECT_EQ(refusal(forge(R"({"alg":"HS256"})", R"({"key":"new","exp":9999999999})", "old-secret")),
            Code::token_invalid);
  EXPECT_EQ(refusal(forge(R"({"alg":"HS256"})", R"({"key":"other","exp":9999999999})", "new-secret")),
            Code::token_invalid);
}

TEST_F(TokenValidation, RefusesMissingAndMistypedClaims) {
  for (const char* payload :
       {R"({"key":"new"})", R"({"key":"new","exp":"9999999999"})", R"({"key":"new","exp":true})",
        R"({"key":"new","exp":null})", R"({"key":"new","exp":[1]})", R"({"key":"new","exp":1e400})",
        R"({"key":"new","exp":1e30})", R"({"exp":9999999999})", R"({"key":7,"exp":9999999999})",
        R"({"key":"new","exp":9999999999,"nbf":"1"})", R"([1])", "", "null", "{\"key\":\"new\",\"exp\":9999999999"}) {
    EXPECT_EQ(refusal(forged(payload)), Code::token_invalid) << payload;
  }
}

// RFC 7519, section 4.1: what is optional has its type nevertheless.
TEST_F(TokenValidation, RefusesOptionalClaimsOfAnotherType) {
  for (const char* claim : {R"("iat":"1795329344")", R"("iat":true)", R"("iat":null)", R"("iat":[1])", R"("iat":-1)",
                            R"("iat":253402300800)", R"("sub":7)", R"("sub":null)", R"("sub":["joe"])", R"("jti":{})",
                            R"("jti":1.5)", R"("iss":1)", R"("aud":7)", R"("aud":null)", R"("aud":{"a":1})",
                            R"("aud":["a",7])", R"("aud":[["a"]])", R"("nbf":-1)", R"("nbf":-0.5)"}) {
    EXPECT_EQ(refusal(forged(std::string(R"({"key":"new","exp":9999999999,)") + claim + "}")), Code::token_invalid)
        << claim;
  }
}

TEST_F(TokenValidation, TakesDatesUpToTheYear9999) {
  const auto expiry = [&](const std::string& exp) {
    return validate_token(forged(R"({"key":"new","exp":)" + exp + "}"), *CredentialRecord::decode(record), "key", kNow);
  };
  for (const char* exp : {"253402300799", "253402300799.5", "2.53402300799e11"}) {
    ASSERT_TRUE(expiry(exp)) << exp;
    EXPECT_EQ(expiry(exp)->expires_at, 253'402'300'799) << exp;
  }
  EXPECT_EQ(expiry("9223372037")->expires_at, 9'223'372'037); // the first second that nanoseconds do not hold
  for (const char* exp : {"253402300800", "9007199254740992", "9223372036854775807", "18446744073709551615",
                          "99999999999999999999999", "-1", "-9223372036854775808"}) {
    ASSERT_FALSE(expiry(exp)) << exp;
    EXPECT_EQ(expiry(exp).error().code, Code::token_invalid) << exp;
  }
}

TEST_F(TokenValidation, SaysNothingOfClaimsThatAreNotThere) {
  const auto token =
      validate_token(forged(R"({"key":"new","exp":9999999999})"), *CredentialRecord::decode(record), "key", kNow);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->issued_at, std::nullopt);
  EXPECT_EQ(token->subject, "");
  EXPECT_TRUE(token->audience.empty());
}

TEST_F(TokenValidation, RefusesATokenThatIsNotYetValid) {
  EXPECT_EQ(refusal(forged(R"({"key":"new","exp":9999999999,"nbf":1795329345})")), Code::token_invalid);
  EXPECT_TRUE(validate_token(forged(R"({"key":"new","exp":9999999999,"nbf":1795329344})"),
                             *CredentialRecord::decode(record), "key", kNow));
}

TEST_F(TokenValidation, SurvivesTokensThatAreNone) {
  for (const std::string& text : {std::string("a"), std::string("a.b"), std::string("a.b.c.d"), std::string(".."),
                                  std::string(10'000, 'x'), std::string(5'000, '.'), forged(std::string(9'000, '['))}) {
    EXPECT_EQ(refusal(text), Code::token_invalid);
  }
}

TEST_F(TokenValidation, RefusesASignatureWithOneBitMoreThanItsOwn) {
  std::string token = sign(settings(), "joe", {"new", "new-secret", Algorithm::hs256});
  token.back() = token.back() == 'A' ? 'B' : static_cast<char>(token.back() + 1);
  EXPECT_EQ(refusal(token), Code::token_invalid);
}

} // namespace
} // namespace authd::pipeline
