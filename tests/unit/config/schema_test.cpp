// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <gmock/gmock.h>

namespace authd::config {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& json) {
  auto shape = parse_schema(json);
  EXPECT_FALSE(shape) << "accepted: " << json;
  return shape ? "" : shape.error();
}

// A schema whose one property "p" is this.
std::string with_property(const std::string& property) {
  return R"({"type":"object","properties":{"p":)" + property + "}}";
}

TEST(PluginSchema, KeepsTheOrderAndRulesOfTheProperties) {
  auto shape = parse_schema(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"t","type":"object",
    "required":["z"],"additionalProperties":false,"properties":{
      "z":{"type":"string","minLength":2,"maxLength":9,"enum":["aa","bb"],"description":"d","x-authd-env":"Z_Z",
           "x-authd-secret":true,"x-authd-reload":false,"x-authd-min-production-length":32},
      "a":{"type":"integer","minimum":1,"maximum":5,"default":3,"x-authd-unit":"bytes"},
      "m":{"type":"array","items":{"type":"number"},"minItems":1,"maxItems":2,"examples":[[1]]}}})");
  ASSERT_TRUE(shape) << shape.error();
  ASSERT_EQ(shape->properties.size(), 3U);
  const Property& z = shape->properties[0];
  EXPECT_EQ(z.name, "z");
  EXPECT_TRUE(z.required);
  EXPECT_TRUE(z.shape.secret);
  EXPECT_FALSE(z.shape.reloadable);
  EXPECT_EQ(z.shape.variable, "Z_Z");
  EXPECT_EQ(z.shape.min_production_length, 32U);
  EXPECT_EQ(z.shape.choices.size(), 2U);
  EXPECT_EQ(shape->properties[1].shape.preset->integer, 3);
  EXPECT_EQ(shape->properties[1].shape.unit, Unit::bytes);
  EXPECT_EQ(shape->properties[2].shape.max_items, 2U);
}

TEST(PluginSchema, IsRefusedWithAKeywordThatNobodyChecks) {
  EXPECT_THAT(error_of(with_property(R"({"type":"string","pattern":"^a"})")),
              HasSubstr("/properties/p: unknown keyword \"pattern\""));
  EXPECT_THAT(error_of(with_property(R"({"type":"integer","minimun":1})")), HasSubstr("did you mean \"minimum\"?"));
  EXPECT_THAT(error_of(R"({"type":"object","oneOf":[]})"), HasSubstr("unknown keyword \"oneOf\""));
  EXPECT_THAT(error_of(with_property(R"({"type":"array","items":{"type":"string","const":1}})")),
              HasSubstr("/properties/p/items: unknown keyword \"const\""));
}

TEST(PluginSchema, IsRefusedWithAVariableThatMeansSomethingElse) {
  const auto with_variable = [](const std::string& variable) {
    return with_property(R"({"type":"string","x-authd-env":")" + variable + R"("})");
  };
  EXPECT_EQ(error_of(with_variable("LOG_LEVEL")),
            "/properties/p: x-authd-env names LOG_LEVEL, which sets authd's own telemetry.log_level; choose a name "
            "that begins with the plugin's");
  for (const char* variable : {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "NODE_ENV", "REDIS_ENABLED",
                               "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "KONG_CONNECTION_POOL_SIZE"})
    EXPECT_THAT(error_of(with_variable(variable)), HasSubstr(variable));
  EXPECT_TRUE(parse_schema(with_variable("P_TEXT")));
}

TEST(PluginSchema, MaySayTheHostsVariableOfTheHostsSetting) {
  EXPECT_TRUE(parse_schema(
      R"({"type":"object","properties":{"pool_size":{"type":"integer","x-authd-env":"KONG_CONNECTION_POOL_SIZE"}}})"));
}

TEST(PluginSchema, IsRefusedWithAKeywordOfAnotherType) {
  for (const char* property : {R"({"type":"string","minimum":1})", R"({"type":"integer","minLength":1})",
                               R"({"type":"boolean","enum":[true]})", R"({"type":"number","x-authd-unit":"ms"})",
                               R"({"type":"integer","x-authd-secret":true})", R"({"type":"object","x-authd-env":"X"})",
                               R"({"type":"string","items":{"type":"string"}})"}) {
    EXPECT_THAT(error_of(with_property(property)), HasSubstr("does not apply to this type")) << property;
  }
}

TEST(PluginSchema, IsRefusedWithValuesThatMakeNoSense) {
  EXPECT_THAT(error_of(with_property(R"({})")), HasSubstr("type is missing"));
  EXPECT_THAT(error_of(with_property(R"({"type":"null"})")), HasSubstr("unknown type \"null\""));
  EXPECT_THAT(error_of(with_property(R"({"type":["string"]})")), HasSubstr("type is not a string"));
  EXPECT_THAT(error_of(with_property(R"({"type":"integer","minimum":"1"})")), HasSubstr("minimum is not a number"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","minLength":-1})")), HasSubstr("minLength is not a count"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","x-authd-secret":"yes"})")), HasSubstr("not a boolean"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","enum":[1]})")), HasSubstr("not of the type"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","enum":[]})")), HasSubstr("enum is empty"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","format":"email"})")), HasSubstr("format is neither"));
  EXPECT_THAT(error_of(with_property(R"({"type":"integer","x-authd-unit":"s"})")), HasSubstr("x-authd-unit is"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","x-authd-env":"lower"})")), HasSubstr("x-authd-env is not"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","x-authd-production-schemes":[]})")),
              HasSubstr("x-authd-production-schemes is empty"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","x-authd-production-schemes":[1]})")),
              HasSubstr("an entry of x-authd-production-schemes is not a string"));
  EXPECT_THAT(error_of(with_property(R"({"type":"array"})")), HasSubstr("an array without items"));
  EXPECT_THAT(error_of(with_property(R"({"type":"array","items":{"type":"array","items":{"type":"string"}}})")),
              HasSubstr("items must not be arrays"));
  EXPECT_THAT(
      error_of(with_property(
          R"({"type":"array","items":{"type":"object","properties":{"a":{"type":"string","x-authd-env":"A_B"}}}})")),
      HasSubstr("x-authd-env within an array"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","x-authd-https-in-production":true})")),
              HasSubstr("without format \"uri\""));
  EXPECT_THAT(error_of(R"({"type":"object","required":["q"]})"), HasSubstr("required names \"q\", no property"));
  EXPECT_THAT(error_of(R"({"type":"object","additionalProperties":true})"), HasSubstr("may only be false"));
  EXPECT_THAT(error_of(R"({"type":"string"})"), HasSubstr("the root is not of type object"));
  EXPECT_THAT(error_of("{"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("not an object"));
  EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
}

TEST(PluginSchema, IsRefusedWithADefaultThatBreaksItsOwnRules) {
  EXPECT_THAT(error_of(with_property(R"({"type":"integer","minimum":5,"default":4})")),
              HasSubstr("/properties/p: default: 4 is below the minimum of 5"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","default":1})")), HasSubstr("default: expected a string"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","default":null})")), HasSubstr("default is null"));
  EXPECT_THAT(error_of(with_property(R"({"type":"string","examples":[["x"]]})")),
              HasSubstr("/properties/p: examples: expected a string, got an array"));
}

} // namespace
} // namespace authd::config
