// SPDX-License-Identifier: Apache-2.0
#include "pipeline/consumer.h"

#include <string>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

IdentityHeaders headers(std::string_view id, std::string_view username) { return {{1, id}, {1, username}, {}, true}; }

Code refusal(const IdentityHeaders& h) {
  const auto consumer = validate(h);
  EXPECT_FALSE(consumer);
  return consumer ? Code::unforeseen : consumer.error().code;
}

TEST(ConsumerValidation, AcceptsAUuidWithAnyVisibleUsername) {
  for (const std::string& name : {std::string("a"), std::string("with space"), std::string("a\"b\\c"),
                                  std::string("\xF0\x9F\x94\x91"), std::string(256, 'x')}) {
    const auto consumer = validate(headers("519183b0-74b7-5b1b-ac5e-4f5beed3e547", name));
    ASSERT_TRUE(consumer) << name;
    EXPECT_EQ(consumer->username, name);
  }
}

TEST(ConsumerValidation, CutsBlanksAroundAValue) {
  const auto consumer = validate(headers("  id\t", " name "));
  ASSERT_TRUE(consumer);
  EXPECT_EQ(consumer->id, "id");
  EXPECT_EQ(consumer->username, "name");
}

TEST(ConsumerValidation, RefusesMissingAndBlankHeaders) {
  EXPECT_EQ(refusal({{}, {1, "name"}, {}, true}), Code::missing_consumer);
  EXPECT_EQ(refusal({{1, "id"}, {}, {}, true}), Code::missing_consumer);
  EXPECT_EQ(refusal(headers("id", " \t ")), Code::missing_consumer);
}

TEST(ConsumerValidation, NamesTheHeaderThatIsMissing) {
  const auto detail = [](const IdentityHeaders& h) {
    const auto consumer = validate(h);
    return consumer ? std::string() : consumer.error().detail;
  };
  EXPECT_EQ(
      detail({{1, "id"}, {}, {}, true}),
      "Missing Kong consumer header: X-Consumer-Username; a consumer with a custom_id alone has none, so give it a "
      "username in Kong");
  EXPECT_EQ(detail({{}, {1, "name"}, {}, true}), "Missing Kong consumer header: X-Consumer-ID");
  EXPECT_EQ(detail({{}, {}, {}, true}), "Missing Kong consumer headers: X-Consumer-ID and X-Consumer-Username");
}

TEST(ConsumerValidation, RefusesAnonymousConsumersInEverySpelling) {
  for (const char* value : {"true", "TRUE", "True", "1", "yes", "YES", " true ", "true, true", "false, true", "on", "y",
                            "2", "00", "false,", "falsehood", "nope", "null", "\xFF"}) {
    IdentityHeaders h = headers("id", "name");
    h.anonymous = {1, value};
    const auto consumer = validate(h);
    ASSERT_FALSE(consumer) << value;
    EXPECT_EQ(consumer.error().code, Code::anonymous_consumer);
    EXPECT_NE(consumer.error().detail.find("Anonymous consumers are not allowed"), std::string::npos);
  }
}

TEST(ConsumerValidation, LetsPassWhoIsNotAnonymous) {
  for (const char* value : {"false", "False", "FALSE", "0", "no", "NO", "", " false\t", " "}) {
    IdentityHeaders h = headers("id", "name");
    h.anonymous = {1, value};
    EXPECT_TRUE(validate(h)) << value;
  }
}

TEST(ConsumerValidation, RefusesMalformedValues) {
  for (const std::string& bad :
       {std::string(257, 'x'), std::string("a\x01"), std::string("a\x7F"), std::string("a\tb"), std::string("\xC2\x85"),
        std::string("\xFF"), std::string("\xC3"), std::string("a\0b", 3)}) {
    EXPECT_EQ(refusal(headers(bad, "name")), Code::malformed_request) << bad;
    EXPECT_EQ(refusal(headers("id", bad)), Code::malformed_request) << bad;
  }
}

TEST(ConsumerValidation, RefusesDuplicateHeaders) {
  EXPECT_EQ(refusal({{2, "id"}, {1, "name"}, {}, true}), Code::malformed_request);
  EXPECT_EQ(refusal({{1, "id"}, {2, "name"}, {}, true}), Code::malformed_request);
  EXPECT_EQ(refusal({{1, "id"}, {1, "name"}, {2, "false"}, true}), Code::malformed_request);
}

TEST(ConsumerValidation, RefusesPeersThatAreNoGateway) {
  IdentityHeaders h = headers("id", "name");
  h.peer_trusted = false;
  EXPECT_EQ(refusal(h), Code::untrusted_peer);
}

} // namespace
} // namespace authd::pipeline
