// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "config/plugin_settings.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

constexpr const char* kEveryType = R"({"type":"object","properties":{
  "text":{"type":"string","minLength":2,"maxLength":4,"x-authd-env":"P_TEXT"},
  "choice":{"type":"string","enum":["a","b"]},
  "level":{"type":"integer","enum":[1,3]},
  "ratio":{"type":"number","minimum":0,"maximum":1},
  "on":{"type":"boolean","default":false,"x-authd-env":"P_ON"},
  "wait":{"type":"integer","x-authd-unit":"ms","minimum":10,"maximum":5000,"default":20,"x-authd-env":"P_WAIT_SECONDS"},
  "room":{"type":"integer","x-authd-unit":"bytes","maximum":4096},
  "file":{"type":"string","format":"path"},
  "url":{"type":"string","format":"uri"},
  "keys":{"type":"array","items":{"type":"string","minLength":1},"minItems":1,"maxItems":2,"x-authd-secret":true,
          "x-authd-env":"P_KEYS"},
  "ports":{"type":"array","items":{"type":"integer","minimum":1},"x-authd-env":"P_PORTS"},
  "tls":{"type":"object","required":["ca"],"properties":{
     "ca":{"type":"string"},"verify/all":{"type":"boolean","default":true},"depth":{"type":"integer","x-authd-env":"P_DEPTH"}}}
}})";

class PluginTable : public ConfigTest {
 protected:
  PluginTable() { schemas_["every"] = kEveryType; }

  Loaded load_every(const std::string& lines, const EnvironmentVariables& variables = {}) {
    return load_text(std::string(kRequiredJwt) + "[gateway]\nplugin = \"every\"\n" + lines, variables);
  }
  static const PluginValue& value(const Config& config, const char* pointer) {
    return config.gateway.settings.values.at(pointer);
  }
};

TEST_F(PluginTable, SaysWhereEachSettingStands) {
  const Config config = config_of(load_every("text = \"abc\"\nkeys = [\"k1\", \"k2\"]\ntls = { ca = \"x\" }\n",
                                             {{"P_WAIT_SECONDS", "3"}, {"P_PORTS", "1,2"}}));
  const auto place = [&](std::string_view pointer) { return place_of(config.gateway.settings, pointer); };
  EXPECT_THAT(place("/text"), EndsWith("authd.toml:6:8: gateway.text"));
  EXPECT_THAT(place("/keys/1"), EndsWith("authd.toml:7:15: gateway.keys[1]"));
  EXPECT_THAT(place("/tls/ca"), EndsWith("authd.toml:8:14: gateway.tls.ca"));
  EXPECT_EQ(place("/wait"), "P_WAIT_SECONDS: gateway.wait");
  EXPECT_EQ(place("/ports/1"), "P_PORTS: gateway.ports[1]");
  EXPECT_THAT(place("/on"), EndsWith("authd.toml:4:1: gateway.on")) << "of a default, the table";
  EXPECT_THAT(place("/choice"), EndsWith("authd.toml:4:1: gateway.choice")) << "of what nobody set, too";
  EXPECT_THAT(place("/tls/a~1b"), EndsWith("gateway.tls.\"a/b\""));
  EXPECT_THAT(place(""), EndsWith("authd.toml:4:1: gateway"));
}

// Else a reload would make an instance anew because a comment was added above its table.
TEST_F(PluginTable, IsTheSameWhereverItStands) {
  const Config one = config_of(load_every("text = \"abc\"\n"));
  const Config other = config_of(load_every("\n\ntext = \"abc\"\n"));
  EXPECT_NE(place_of(one.gateway.settings, "/text"), place_of(other.gateway.settings, "/text"));
  EXPECT_EQ(one.gateway.settings, other.gateway.settings);
}

TEST_F(PluginTable, BecomesValuesByJsonPointer) {
  Config config = config_of(load_every("text = \"abc\"\nlevel = 3\nratio = 1\nwait = \"3s\"\nroom = \"1KiB\"\n"
                                       "file = \"kong.yml\"\nkeys = [\"k1\", \"k2\"]\nports = [1, 2]\n"
                                       "tls = { ca = \"x\" }\n"));
  EXPECT_EQ(value(config, "/text").text.reveal(), "abc");
  EXPECT_EQ(value(config, "/text").type, PluginValue::Type::string);
  EXPECT_FALSE(value(config, "/text").secret);
  EXPECT_EQ(value(config, "/level").integer, 3);
  EXPECT_EQ(value(config, "/ratio").type, PluginValue::Type::number);
  EXPECT_EQ(value(config, "/ratio").number, 1.0);
  EXPECT_EQ(value(config, "/on").type, PluginValue::Type::boolean);
  EXPECT_EQ(value(config, "/on").integer, 0);
  EXPECT_EQ(value(config, "/wait").integer, 3000);
  EXPECT_EQ(value(config, "/room").integer, 1024);
  EXPECT_EQ(value(config, "/file").text.reveal(), (folder_ / "kong.yml").string());
  EXPECT_EQ(value(config, "/keys").type, PluginValue::Type::array);
  EXPECT_EQ(value(config, "/keys").integer, 2);
  EXPECT_EQ(value(config, "/keys/1").text.reveal(), "k2");
  EXPECT_TRUE(value(config, "/keys/1").secret);
  EXPECT_EQ(value(config, "/ports/0").integer, 1);
  EXPECT_EQ(value(config, "/tls").type, PluginValue::Type::object);
  EXPECT_EQ(value(config, "/tls/ca").text.reveal(), "x");
  EXPECT_EQ(value(config, "/tls/verify~1all").integer, 1);
  EXPECT_THAT(config.gateway.settings.keys.at("/tls"), ElementsAre("ca", "verify/all"));
  EXPECT_THAT(config.gateway.settings.keys.at(""),
              ElementsAre("text", "level", "ratio", "on", "wait", "room", "file", "keys", "ports", "tls"));
  EXPECT_EQ(config.gateway.settings.values.count("/choice"), 0U) << "neither set nor defaulted";
}

// What a reload goes by when it asks whether a plugin may be kept.
TEST_F(PluginTable, IsAnotherOneWhenAFileThatItNamesWasReplaced) {
  const auto settings = [&](const char* lines) { return config_of(load_every(lines)).gateway.settings; };
  const PluginSettings absent = settings("file = \"a.pem\"\n");
  write("a.pem", "first");
  const PluginSettings first = settings("file = \"a.pem\"\n");
  EXPECT_FALSE(first == absent);
  EXPECT_TRUE(first == settings("file = \"a.pem\"\n"));
  std::filesystem::rename(write("b.pem", "other"), folder_ / "a.pem");
  EXPECT_FALSE(first == settings("file = \"a.pem\"\n"));
  EXPECT_TRUE(settings("file = \".\"\n") == settings("file = \".\"\n")) << "a folder's time says nothing";
}

TEST_F(PluginTable, IsHeldAgainstTheSchemaWithPositions) {
  auto problems = problems_of(load_every("text = \"a\"\nchoice = \"c\"\nlevel = 2\nratio = 1.5\non = 1\nwait = 30\n"
                                         "room = \"8KiB\"\nfile = \"\"\nurl = \"nowhere\"\nkeys = []\n"
                                         "ports = [0, \"x\"]\ntexd = \"y\"\n"
                                         "[gateway.tls]\nverfy = true\n"));
  EXPECT_THAT(problems,
              ElementsAre("authd.toml:6:8: gateway.text: length 1 is below the minimum of 2",
                          "authd.toml:7:10: gateway.choice: \"c\" is not one of a, b",
                          "authd.toml:8:9: gateway.level: 2 is not one of 1, 3",
                          "authd.toml:9:9: gateway.ratio: 1.5 is above the maximum of 1",
                          "authd.toml:10:6: gateway.on: expected true or false, got an integer",
                          HasSubstr("authd.toml:11:8: gateway.wait: a bare number has no unit"),
                          "authd.toml:12:8: gateway.room: 8KiB is above the maximum of 4KiB",
                          "authd.toml:13:8: gateway.file: \"\" is empty; expected a path",
                          HasSubstr("authd.toml:14:7: gateway.url: \"nowhere\" is not an absolute URL"),
                          "authd.toml:15:8: gateway.keys: has 0 entries; expected at least 1",
                          "authd.toml:16:10: gateway.ports[0]: 0 is below the minimum of 1",
                          "authd.toml:16:13: gateway.ports[1]: expected a whole number, got a string",
                          "authd.toml:17:1: gateway.texd: unknown setting; did you mean \"text\"?",
                          "authd.toml:18:1: gateway.tls.ca: is required",
                          "authd.toml:19:1: gateway.tls.verfy: unknown setting; known here: ca, verify/all, depth"));
}

TEST_F(PluginTable, CountsCharactersNotBytes) {
  EXPECT_EQ(value(config_of(load_every("text = \"äöü€\"\n")), "/text").text.reveal(), "äöü€");
}

TEST_F(PluginTable, IsFilledFromItsVariables) {
  Config config = config_of(load_every(
      "on = false\n",
      {{"P_ON", "true"}, {"P_WAIT_SECONDS", "2"}, {"P_KEYS", "a, b"}, {"P_PORTS", "80,443"}, {"P_TEXT", "text"}}));
  EXPECT_EQ(value(config, "/on").integer, 1);
  EXPECT_EQ(value(config, "/wait").integer, 2000);
  EXPECT_EQ(value(config, "/keys/1").text.reveal(), "b");
  EXPECT_EQ(value(config, "/ports/1").integer, 443);
  EXPECT_EQ(value(config, "/text").text.reveal(), "text");
}

TEST_F(PluginTable, MakesAnObjectThatOnlyAVariableSpeaksOf) {
  EXPECT_THAT(problems_of(load_every("", {{"P_DEPTH", "3"}})),
              ElementsAre("authd.toml:4:1: gateway.tls.ca: is required"));
  EXPECT_EQ(value(config_of(load_every("tls.ca = \"x\"\n", {{"P_DEPTH", "3"}})), "/tls/depth").integer, 3);
}

TEST_F(PluginTable, ReportsAPluginThatCannotBeInspectedAndAllElse) {
  auto problems = problems_of(load_text(std::string(kRequiredJwt) +
                                        "[breaker]\ntimeout = \"1ms\"\n[gateway]\nplugin = \"none\"\nwhatever = 1\n"
                                        "pool_size = 0\n[[cache]]\nplugin = \"./near.so\"\n[security]\n"
                                        "waivers = [\"gateway.admin_url\"]\n"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("authd.toml:5:11: breaker.timeout"),
                                    "authd.toml:7:10: gateway.plugin: none.so: no such file [AP-001]",
                                    "authd.toml:9:13: gateway.pool_size: 0 is below the minimum of 1",
                                    HasSubstr("authd.toml:11:10: cache[0].plugin: \"./near.so\" is neither the bare "
                                              "name of a plugin nor an absolute path")));
}

TEST_F(PluginTable, RefusesAPluginWhoseSchemaIsNotUnderstood) {
  schemas_["odd"] = R"({"type":"object","properties":{"a":{"type":"string","pattern":"x"}}})";
  EXPECT_THAT(problems_of(load_with_required("[[cache]]\nplugin = \"odd\"\n")),
              ElementsAre(HasSubstr("authd.toml:7:10: cache[0].plugin: odd: its config schema is not valid: "
                                    "/properties/a: unknown keyword \"pattern\"")));
}

TEST_F(PluginTable, KeepsToTheNarrowerRangeOfWhatHostAndPluginShare) {
  schemas_["narrow"] = R"({"type":"object","properties":{"pool_size":{"type":"integer","minimum":2,"maximum":4}}})";
  std::string head = std::string(kRequiredJwt) + "[gateway]\nplugin = \"narrow\"\n";
  EXPECT_THAT(problems_of(load_text(head + "pool_size = 5\n", {})),
              ElementsAre("authd.toml:6:13: gateway.pool_size: 5 is above the maximum of 4"));
  Config config = config_of(load_text(head + "pool_size = 4\n"));
  EXPECT_EQ(config.gateway.pool_size, 4U);
  EXPECT_EQ(value(config, "/pool_size").integer, 4);
  schemas_["narrow"] = R"({"type":"object","properties":{"pool_size":{"type":"string"}}})";
  EXPECT_THAT(problems_of(load_text(head)),
              ElementsAre(HasSubstr("\"pool_size\" belongs to the host and has another type")));
}

TEST_F(PluginTable, AsksForTheSchemaWithEverythingTheLoaderNeeds) {
  const std::string pin(64, 'A');
  std::vector<std::string> asked;
  SchemaSource inner = source();
  SchemaSource recording = [&](std::string_view plugin, std::string_view dir, std::string_view used_pin,
                               std::string_view kind, Environment environment) {
    asked.push_back(std::string(plugin) + " " + std::string(dir) + " " + std::string(used_pin.substr(0, 2)) + " " +
                    std::string(kind) + " " + std::string(name_of(environment)));
    return inner(plugin, dir, used_pin, kind, environment);
  };
  std::string path =
      write("authd.toml", std::string(kRequiredJwt) + kRequiredGateway +
                              "[plugins]\ndir = \"plugs\"\n[plugins.pins]\ncache-memory = \"" + pin + "\"\n")
          .string();
  Config config = config_of(load(path, {{"NODE_ENV", "staging"}}, recording));
  std::string dir = (folder_ / "plugs").string();
  EXPECT_THAT(asked, ElementsAre("kong-gateway " + dir + "  authd.gateway/1 staging",
                                 "cache-memory " + dir + " aa authd.cache/1 staging"));
  EXPECT_EQ(config.cache.at(0).sha256, std::string(64, 'a'));
  EXPECT_EQ(config.gateway.sha256, "");
}

TEST_F(PluginTable, NeedsAPinWhenPinsAreRequired) {
  EXPECT_THAT(
      problems_of(load_with_required("sha256 = \"" + std::string(64, '0') + "\"\n[plugins]\nrequire_pins = true\n")),
      ElementsAre("authd.toml: cache[0].plugin: cache-memory has no pin, and plugins.require_pins is true; add "
                  "its sha256 to plugins.pins"));
}

TEST_F(PluginTable, OfTwoTiersWithOneNameIsRefused) {
  EXPECT_THAT(problems_of(load_with_required("[[cache]]\n[[cache]]\n")),
              ElementsAre("authd.toml:7:1: cache[1].name: is also the name of cache[0]; rename one of them"));
}

TEST_F(PluginTable, CallsAnInstanceAfterItsPluginUnlessNamed) {
  schemas_["/opt/acme/acme-gw.so"] = R"({"type":"object"})";
  std::string head = std::string(kRequiredJwt) + "[gateway]\nplugin = \"/opt/acme/acme-gw.so\"\n";
  EXPECT_EQ(config_of(load_text(head)).gateway.name, "acme-gw");
  EXPECT_EQ(config_of(load_text(head + "name = \"west\"\n")).gateway.name, "west");
}

} // namespace
} // namespace authd::config
