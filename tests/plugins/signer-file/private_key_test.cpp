// SPDX-License-Identifier: Apache-2.0
#include "private_key.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "key_file.h"

namespace authd::signer_file {
namespace {

constexpr const char* kAlgorithms[] = {"ES256", "RS256", "EdDSA"};

// By OpenSSL from the public half alone.
bool verifies(std::string_view algorithm, const std::string& spki, std::string_view message, std::string signature) {
  const auto* at = reinterpret_cast<const unsigned char*>(spki.data());
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), &EVP_PKEY_free);
  if (algorithm == "ES256") {
    if (signature.size() != 64) return false;
    const auto* both = reinterpret_cast<const unsigned char*>(signature.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parts(ECDSA_SIG_new(), &ECDSA_SIG_free);
    ECDSA_SIG_set0(parts.get(), BN_bin2bn(both, 32, nullptr), BN_bin2bn(both + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(parts.get(), &der);
    signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, algorithm == "EdDSA" ? nullptr : EVP_sha256(), nullptr,
                              key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

TEST(PrivateKey, SignsSoThatItsPublicHalfVerifies) {
  for (const std::string algorithm : kAlgorithms) {
    const auto key = PrivateKey::generate(algorithm);
    ASSERT_TRUE(key) << algorithm;
    EXPECT_EQ(key->algorithm(), algorithm);
    const std::string signature = key->sign("message");
    EXPECT_TRUE(verifies(algorithm, key->spki(), "message", signature)) << algorithm;
    EXPECT_FALSE(verifies(algorithm, key->spki(), "messages", signature)) << algorithm;
  }
}

// r and s have leading zeros now and then: 200 signatures have one with a probability of 0.79.
TEST(PrivateKey, PadsBothHalvesOfAnEcdsaSignature) {
  const auto key = PrivateKey::generate("ES256");
  for (int i = 0; i < 200; ++i) {
    const std::string message = std::to_string(i);
    ASSERT_TRUE(verifies("ES256", key->spki(), message, key->sign(message)));
  }
}

TEST(PrivateKey, IsTheSameAfterEncoding) {
  for (const std::string algorithm : kAlgorithms) {
    const auto key = PrivateKey::generate(algorithm);
    const auto again = PrivateKey::decode(key->pkcs8());
    ASSERT_TRUE(again) << algorithm;
    EXPECT_EQ(again->algorithm(), algorithm);
    EXPECT_EQ(again->spki(), key->spki());
    EXPECT_TRUE(verifies(algorithm, key->spki(), "m", again->sign("m")));
  }
}

TEST(PrivateKey, IsNoneOfAnotherKind) {
  EXPECT_FALSE(PrivateKey::generate("ES384"));
  EXPECT_FALSE(PrivateKey::generate("HS256"));
  EXPECT_FALSE(PrivateKey::generate(""));
  EXPECT_FALSE(PrivateKey::decode(Secret(std::string("no DER"))));
  const std::string good(PrivateKey::generate("EdDSA")->pkcs8().reveal());
  EXPECT_FALSE(PrivateKey::decode(Secret(good + "x")));
  EXPECT_FALSE(PrivateKey::decode(Secret(good.substr(1))));
}

TEST(KeyFile, ReadsWhatItWrites) {
  for (const bool sealed : {false, true}) {
    const auto text = read_text(write_text({sealed, Secret(std::string("\x00\xff bytes", 8))}).reveal());
    ASSERT_TRUE(text);
    EXPECT_EQ(text->sealed, sealed);
    EXPECT_EQ(text->bytes.reveal(), std::string_view("\x00\xff bytes", 8));
  }
}

TEST(KeyFile, IsOneBlockOfItsOwnNames) {
  const std::string good(write_text({false, Secret(std::string("bytes"))}).reveal());
  EXPECT_TRUE(good.starts_with("-----BEGIN PRIVATE KEY-----\n")) << good;
  EXPECT_FALSE(read_text(""));
  EXPECT_FALSE(read_text("no PEM"));
  EXPECT_FALSE(read_text(good.substr(0, good.size() / 2)));
  EXPECT_FALSE(read_text(good + good));
  EXPECT_FALSE(read_text("-----BEGIN PUBLIC KEY-----\nYnl0ZXM=\n-----END PUBLIC KEY-----\n"));
}

TEST(KeyFile, NamesAKeyByWhatItIs) {
  const std::string name = name_of_key("ES256", 1'800'000'000'000, "abc");
  EXPECT_EQ(name, "ES256-1800000000000-ba7816bf8f01cfea414140de5dae2223"); // FIPS 180-4's example of SHA-256
  EXPECT_EQ(created_at_ms(name, "ES256", "abc"), 1'800'000'000'000);
  for (const std::string& other : {std::string(), std::string("ES256"), std::string("ES256-"), std::string("ES256-x"),
                                   name + "0", "ES256-0" + name.substr(6), "RS256" + name.substr(5)})
    EXPECT_FALSE(created_at_ms(other, "ES256", "abc")) << other;
  EXPECT_FALSE(created_at_ms(name, "ES256", "abd"));
}

} // namespace
} // namespace authd::signer_file
