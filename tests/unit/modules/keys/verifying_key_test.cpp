// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/verifying_key.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/base64url.h"
#include "private_key.h"

namespace authd::modules::keys {
namespace {

using signer_file::PrivateKey;
using testing::HasSubstr;
using testing::StartsWith;

std::string decoded(std::string_view text) {
  std::string raw;
  EXPECT_TRUE(decode_base64url(text, raw));
  return raw;
}

std::string spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  return text;
}

std::string rsa_spki(std::string_view n, std::string_view e) {
  const auto number = [](const std::string& raw) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(raw.data()), static_cast<int>(raw.size()), nullptr);
  };
  OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
  BIGNUM *modulus = number(decoded(n)), *exponent = number(decoded(e));
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  BN_free(modulus);
  BN_free(exponent);
  return spki_of(key);
}

// RFC 7638, section 3.1.
TEST(VerifyingKey, HasTheThumbprintOfTheRfcsRsaKey) {
  const std::string n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKR"
      "XjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
      "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRw"
      "r3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  const auto key = VerifyingKey::parse("RS256", rsa_spki(n, "AQAB"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(key->jwk(), "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" + n + "\",\"kid\":\"" + key->kid() +
                            "\",\"alg\":\"RS256\",\"use\":\"sig\"}");
}

// RFC 8037, appendix A.3.
TEST(VerifyingKey, HasTheThumbprintOfTheRfcsEd25519Key) {
  const std::string x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
  const std::string raw = decoded(x);
  const auto key = VerifyingKey::parse(
      "EdDSA", spki_of(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                   reinterpret_cast<const unsigned char*>(raw.data()), raw.size())));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_THAT(key->jwk(), StartsWith(R"({"crv":"Ed25519","kty":"OKP","x":")" + x + '"'));
}

// RFC 8037, appendix A.5: the signature of a JWS.
TEST(VerifyingKey, VerifiesTheRfcsSignature) {
  const std::string raw = decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  const auto key = VerifyingKey::parse(
      "EdDSA", spki_of(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                   reinterpret_cast<const unsigned char*>(raw.data()), raw.size())));
  EXPECT_TRUE(
      key->verifies("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                    decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")));
}

// Coordinates with zeros in front have all of their bytes: one key in 128 has one.
TEST(VerifyingKey, PadsTheCoordinatesOfAPoint) {
  for (int i = 0; i < 600; ++i) {
    const auto key = VerifyingKey::parse("ES256", PrivateKey::generate("ES256")->spki());
    ASSERT_TRUE(key);
    const std::size_t x = key->jwk().find("\"x\":\"") + 5, y = key->jwk().find("\"y\":\"") + 5;
    ASSERT_EQ(key->jwk().find('"', x) - x, 43u) << key->jwk();
    ASSERT_EQ(key->jwk().find('"', y) - y, 43u) << key->jwk();
  }
}

TEST(VerifyingKey, VerifiesWhatItsPrivateHalfSigned) {
  for (const std::string algorithm : {"ES256", "RS256", "EdDSA"}) {
    const auto priv = PrivateKey::generate(algorithm), other = PrivateKey::generate(algorithm);
    const auto key = VerifyingKey::parse(algorithm, priv->spki());
    const std::string good = priv->sign("message");
    EXPECT_TRUE(key->verifies("message", good)) << algorithm;
    EXPECT_FALSE(key->verifies("messagf", good)) << algorithm;
    EXPECT_FALSE(key->verifies("message", other->sign("message"))) << algorithm;
    for (const std::string& bad : {std::string(), std::string(64, '\0'), std::string(256, '\0'), good + "x",
                                   good.substr(1), std::string(63, 'x')})
      EXPECT_FALSE(key->verifies("message", bad)) << algorithm;
  }
}

TEST(VerifyingKey, IsOfTheAlgorithmThatItIsFor) {
  const std::string ec = PrivateKey::generate("ES256")->spki(), rsa = PrivateKey::generate("RS256")->spki();
  for (const char* algorithm : {"RS256", "EdDSA", "HS256", "none", ""})
    EXPECT_FALSE(VerifyingKey::parse(algorithm, ec)) << algorithm;
  EXPECT_FALSE(VerifyingKey::parse("ES256", rsa));
  EXPECT_FALSE(VerifyingKey::parse("ES256", spki_of(EVP_EC_gen("P-384"))));
  EXPECT_FALSE(VerifyingKey::parse("RS256", spki_of(EVP_RSA_gen(1024))));
  EXPECT_FALSE(VerifyingKey::parse("ES256", ec + "x"));
  EXPECT_FALSE(VerifyingKey::parse("ES256", ""));
}

} // namespace
} // namespace authd::modules::keys
