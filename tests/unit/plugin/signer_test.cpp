// SPDX-License-Identifier: Apache-2.0
#include "plugin/signer.h"

#include <gtest/gtest.h>

#include "fixtures.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

using test::CapturedLog;
using test::Scripted;

authd_public_key key(std::string_view id, std::string_view algorithm = "ES256", std::string_view spki = "spki") {
  return {sizeof(authd_public_key), 0, to_abi(id), to_abi(algorithm), to_bytes(spki), 42};
}

class SignerTest : public testing::Test {
 protected:
  Signer signer() { return Signer(plugin_.adopted(log_.get())); }
  test::Script& script() { return plugin_.script; }
  authd_status put(authd_out* out, std::string_view bytes) {
    return script().host->put(script().host, out, to_bytes(bytes));
  }

  CapturedLog log_;
  Scripted plugin_{AUTHD_SIGNER_V1};
  Call call_;
};

TEST_F(SignerTest, CopiesEveryKey) {
  script().public_keys = [](auto, const authd_key_sink* sink) {
    std::string id = "one"; // gone before the caller looks
    const auto first = key(id), second = key("two", "EdDSA");
    sink->put(sink, &first);
    return sink->put(sink, &second);
  };
  const auto keys = signer().public_keys(call_);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0].id, "one");
  EXPECT_EQ((*keys)[0].spki, "spki");
  EXPECT_EQ((*keys)[0].created_at_ms, 42);
  EXPECT_EQ((*keys)[1].algorithm, "EdDSA");
}

TEST_F(SignerTest, SaysWhatIsWrongWithAKey) {
  authd_public_key bad = key("one");
  script().public_keys = [&](auto, const authd_key_sink* sink) { return sink->put(sink, &bad); };
  const auto expect_corrupt = [&](const std::string& why) {
    const auto keys = signer().public_keys(call_);
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().status, CallStatus::corrupt);
    EXPECT_EQ(keys.error().message, why);
  };
  ASSERT_TRUE(signer().public_keys(call_));
  for (const std::string& id : {std::string(), std::string(129, 'x'), std::string("a b"), std::string("\xc3\xa9")}) {
    bad = key(id);
    expect_corrupt("put a key whose id is not 1 to 128 visible ASCII characters");
  }
  bad = key("one", "HS256");
  expect_corrupt("put key one of an algorithm that is none of ES256, RS256 and EdDSA");
  const std::string huge(4097, 'x');
  bad = key("one", "ES256", huge);
  expect_corrupt("put key one whose public half is not 1 to 4096 bytes long");
  bad = key("one", "ES256", "");
  expect_corrupt("put key one whose public half is not 1 to 4096 bytes long");
  bad = key("one");
  bad.size = 8;
  expect_corrupt("put a key that is shorter than in ABI 1.3");
}

TEST_F(SignerTest, TakesAtMost1024Keys) {
  int count = 1024;
  script().public_keys = [&](auto, const authd_key_sink* sink) {
    const auto one = key("one");
    for (int i = 0; i < count; ++i) sink->put(sink, &one);
    return AUTHD_OK;
  };
  EXPECT_EQ(signer().public_keys(call_)->size(), 1024u);
  count = 1025;
  EXPECT_EQ(signer().public_keys(call_).error().message, "put more than 1024 keys");
}

TEST_F(SignerTest, MakesExactlyOneKeyOfTheAlgorithm) {
  int count = 1;
  script().generate = [&](auto, authd_str algorithm, const authd_key_sink* sink) {
    const auto made = key("one", view(algorithm) == "RS256" ? "ES256" : view(algorithm));
    for (int i = 0; i < count; ++i) sink->put(sink, &made);
    return AUTHD_OK;
  };
  EXPECT_EQ(signer().generate(call_, "EdDSA")->algorithm, "EdDSA");
  EXPECT_EQ(signer().generate(call_, "RS256").error().message, "made a key of another algorithm");
  for (const int other : {0, 2}) {
    count = other;
    EXPECT_EQ(signer().generate(call_, "ES256").error().message, "made a key, but did not put exactly one");
  }
}

TEST_F(SignerTest, SignsByWhatThePluginPuts) {
  std::size_t size = 64;
  authd_status status = AUTHD_OK;
  script().sign = [&](auto, authd_str id, authd_bytes message, authd_out* out) {
    EXPECT_EQ(view(id), "one");
    EXPECT_EQ(view(message), "message");
    put(out, std::string(size, 's'));
    return status;
  };
  std::string signature = "what was there before";
  ASSERT_TRUE(signer().sign(call_, "one", "message", signature));
  EXPECT_EQ(signature, std::string(64, 's'));
  size = 0;
  EXPECT_EQ(signer().sign(call_, "one", "message", signature).error().message, "signed, but put no signature");
  size = 1025;
  EXPECT_EQ(signer().sign(call_, "one", "message", signature).error().status, CallStatus::corrupt);
  size = 64;
  status = AUTHD_NOT_FOUND;
  EXPECT_EQ(signer().sign(call_, "one", "message", signature).error().status, CallStatus::not_found);
}

TEST_F(SignerTest, StopsWhatAPluginThrows) {
  script().sign = [](auto, auto, auto, auto) -> authd_status { throw std::runtime_error("broken"); };
  script().remove = [](auto, auto) -> authd_status { throw 7; };
  std::string signature;
  EXPECT_EQ(signer().sign(call_, "one", "message", signature).error().message, "threw broken");
  EXPECT_EQ(signer().remove(call_, "one").error().status, CallStatus::internal);
}

TEST_F(SignerTest, SignsInlineWhereTheFlagsSaySo) {
  EXPECT_FALSE(signer().signs_inline("ES256"));
  plugin_.signer.flags = AUTHD_SIGNER_INLINE_ES256 | AUTHD_SIGNER_INLINE_EDDSA;
  EXPECT_TRUE(signer().signs_inline("ES256"));
  EXPECT_TRUE(signer().signs_inline("EdDSA"));
  EXPECT_FALSE(signer().signs_inline("RS256"));
  EXPECT_FALSE(signer().signs_inline("HS256"));
}

TEST_F(SignerTest, WithoutAnOperationIsNoSigner) {
  plugin_.signer.remove = nullptr;
  const auto refused = plugin_.try_adopt(log_.get());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().line.find("remove"), std::string::npos) << refused.error().line;
}

} // namespace
} // namespace authd::plugin
