// SPDX-License-Identifier: Apache-2.0
#include "config/describe/describing.h"

#include <sstream>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>

#include "config/settings.h"
#include "fixture.h"
#include "support/certificates.h"

namespace authd::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::map<std::string, std::string> values_of(const Config& config) {
  std::map<std::string, std::string> values;
  for (const EffectiveValue& value : config.effective) values[value.path] = value.toml;
  return values;
}

class Show : public ConfigTest {};

TEST_F(Show, SaysWhereEachValueCameFrom) {
  Config config = config_of(load_with_required("[breaker]\ntimeout = \"1000ms\"\n", {{"PORT", "8080"}}));
  std::string text = show(config);
  EXPECT_THAT(text, HasSubstr("\n[breaker]\ntimeout = \"1s\" # " + file() + ":7:11\n"));
  EXPECT_THAT(text, HasSubstr("\nport = 8080 # PORT\n"));
  EXPECT_THAT(text, HasSubstr("\nlog_level = \"info\" # default\n"));
  EXPECT_THAT(text, HasSubstr("\n[[cache]]\nplugin = \"cache-memory\" # default\n"));
  EXPECT_THAT(text, HasSubstr("\nmax_entries = 100000 # default\n"));
}

TEST_F(Show, IsTomlThatLoadsToTheSame) {
  schemas_["odd"] =
      R"({"type":"object","properties":{"o":{"type":"object","properties":{"a b":{"type":"string"},
    "n":{"type":"number"}}},"l":{"type":"array","items":{"type":"integer"}}}})";
  Config first =
      config_of(load_with_required("[server]\nheader_limit = \"17KiB\"\n[api]\n"
                                   "cors = [\"https://a.example.com\"]\n"
                                   "[plugins.pins]\n\"a.b\" = \"" +
                                   std::string(64, 'a') +
                                   "\"\n"
                                   "[telemetry]\nservice_name = \"q\\\"u\\\\o\\te\\u007f\\u20ac\"\n"
                                   "[[cache]]\nttl = \"61s\"\n"
                                   "[[cache]]\nplugin = \"odd\"\nl = [1, 2]\no = { \"a b\" = \"x\", n = 2 }\n"));
  Config second = config_of(load_text(show(first)));
  EXPECT_EQ(values_of(first), values_of(second));
  EXPECT_EQ(second.telemetry.service_name, "q\"u\\o\te\x7f€");
}

TEST_F(Show, BeginsWithTheWarnings) {
  Config config = config_of(load_with_required("[server]\nhost = \"0.0.0.0\"\n"));
  EXPECT_THAT(show(config), HasSubstr("\n# Warning: security.trusted_gateways: not set"));
}

TEST_F(Show, NamesEverySettingThatHasAValue) {
  Config config = config_of(load_environment(required_variables()));
  std::string text = show(config);
  for (const Setting& s : settings()) {
    // Their defaults are not values of the table, or there is none.
    bool unset = s.not_built || s.key == "name" || s.key == "sha256" || s.key.starts_with("tls.") ||
                 s.yields_to_plugin || (s.table == "api" && !s.preset && s.key != "version") ||
                 s.key.ends_with("endpoint") || s.key == "ca_file" || s.key == "claims" || s.key == "shared" ||
                 s.key == "unix_socket" || s.key.ends_with("group") || s.key == "unix_peers" ||
                 s.key == "client_subjects" || s.key == "algorithm" || s.table == "signer" || s.table == "store" ||
                 s.table == "endpoint";
    EXPECT_TRUE(unset || text.find("\n" + std::string(s.key) + " = ") != std::string::npos) << s.key;
  }
}

TEST(EnvironmentTable, HasOneLineForEachVariable) {
  auto lines = lines_of(environment_table(described_plugins()));
  auto count = [&](std::string_view variable) {
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.starts_with(std::string(variable) + " ") || line.starts_with(std::string(variable) + ", ");
    });
  };
  for (const Setting& s : settings()) {
    EXPECT_TRUE(s.variable.empty() || count(s.variable) == 1) << s.variable;
  }
  for (const char* variable : {"KONG_ADMIN_URL", "KONG_ADMIN_TOKEN", "CACHE_MAX_SIZE", "CIRCUIT_BREAKER_ENABLED",
                               "KONG_CONNECTION_POOL_SIZE", "CREDENTIALS_DIRECTORY"}) {
    EXPECT_EQ(count(variable), 1) << variable;
  }
}

TEST(EnvironmentTable, UsesTheUnitsOfTheVariables) {
  std::string table = environment_table();
  EXPECT_THAT(table, testing::ContainsRegex("JWT_EXPIRATION_MINUTES +jwt.expiration +1 to 60 minutes +15\n"));
  EXPECT_THAT(table,
              testing::ContainsRegex("CIRCUIT_BREAKER_TIMEOUT +breaker.timeout +100 to 10000 milliseconds +500\n"));
  EXPECT_THAT(table, testing::ContainsRegex("CACHE_TTL_SECONDS +cache\\[\\].ttl +1 to 86400 seconds +300\n"));
  EXPECT_THAT(table, HasSubstr("AUTHD_ENV, else NODE_ENV"));
  EXPECT_THAT(table, HasSubstr("API_GATEWAY (kong-gateway)"));
}

Poco::JSON::Object::Ptr parsed_schema(const std::vector<PluginSchema>& plugins = {}) {
  return Poco::JSON::Parser().parse(schema(plugins)).extract<Poco::JSON::Object::Ptr>();
}

TEST(JsonSchema, HasEverySettingOfTheTable) {
  auto root = parsed_schema();
  EXPECT_EQ(root->getValue<std::string>("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_FALSE(root->getValue<bool>("additionalProperties"));
  for (const Setting& s : settings()) {
    SCOPED_TRACE(std::string(s.table) + "." + std::string(s.key));
    auto table = root->getObject("properties")->getObject(std::string(s.table));
    if (kind_of_table(s.table) != nullptr && kind_of_table(s.table)->repeated) table = table->getObject("items");
    std::string key(s.key);
    if (const std::size_t dot = key.find('.'); dot != std::string::npos) {
      table = table->getObject("properties")->getObject(key.substr(0, dot));
      EXPECT_FALSE(table->getValue<bool>("additionalProperties"));
      key.erase(0, dot + 1);
    }
    auto setting = table->getObject("properties")->getObject(key);
    ASSERT_FALSE(setting.isNull());
    EXPECT_TRUE(setting->has("type"));
    EXPECT_TRUE(setting->has("description"));
    EXPECT_EQ(setting->has("default"), s.preset.has_value());
  }
}

TEST(JsonSchema, WritesDurationsAsStringsWithAUnit) {
  auto timeout =
      parsed_schema()->getObject("properties")->getObject("breaker")->getObject("properties")->getObject("timeout");
  EXPECT_EQ(timeout->getValue<std::string>("type"), "string");
  EXPECT_EQ(timeout->getValue<std::string>("pattern"), "^[0-9]+(ms|s|m|h|d)$");
  EXPECT_EQ(timeout->getValue<std::string>("default"), "500ms");
  EXPECT_FALSE(timeout->has("minimum"));
}

TEST(JsonSchema, FollowsThePluginThatIsNamed) {
  auto gateway = parsed_schema(described_plugins())->getObject("properties")->getObject("gateway");
  auto condition = gateway->getArray("allOf")->getObject(0);
  auto plugin = condition->getObject("if")->getObject("properties")->getObject("plugin");
  EXPECT_EQ(plugin->getValue<std::string>("const"), "kong-gateway");
  auto own = condition->getObject("then")->getObject("properties");
  EXPECT_TRUE(own->getObject("admin_token")->getValue<bool>("x-authd-secret"));
  EXPECT_FALSE(condition->getObject("then")->has("additionalProperties"));
}

class Manual : public ConfigTest {
 protected:
  // "#key = value" -> "key = value"; prose has a blank after its '#'.
  static std::string uncommented(const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) {
      bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
      out += (setting ? line.substr(1) : line) + "\n";
    }
    return out;
  }
};

TEST_F(Manual, ChangesNothingAsItStands) {
  EnvironmentVariables variables = required_variables();
  variables["AUTHD_ENV"] = "test"; // elsewhere a file brings an admin socket beside it
  Config with = config_of(load_text(commented_manual(described_plugins()), variables));
  Config without = config_of(load_environment(variables));
  EXPECT_EQ(values_of(with), values_of(without));
}

TEST_F(Manual, LoadsWithEverySettingUncommented) {
  std::string text = uncommented(commented_manual(described_plugins()));
  write("admin_token", "s3cret");
  write("redis_password", "s3cret");
  const test::Issued issued = test::Authority().issue();
  write("server.pem", issued.certificate);
  write("server.key", issued.key);
  write("clients-ca.pem", test::Authority().pem());
  write("kong-ca.pem", test::Authority().pem());
  write("collector-ca.pem", test::Authority().pem());
  write("client.pem", issued.certificate);
  write("client.key", issued.key);
  for (std::size_t at = 0; (at = text.find("/etc/authd/tls", at)) != std::string::npos;)
    text.replace(at, std::string_view("/etc/authd/tls").size(), folder_.string());
  Config config = config_of(load_text(text, {{"CREDENTIALS_DIRECTORY", folder_.string()}}));
  EXPECT_NE(config.server.tls.identity, nullptr);
  for (const Setting& s : settings()) {
    if (s.not_built) continue;
    const bool has_lines = s.type == Type::object && !s.example.empty();
    EXPECT_THAT(text, HasSubstr("\n" + std::string(s.key) + (has_lines ? "." : " = ")));
  }
  EXPECT_EQ(shown_at(config, "gateway.connect_timeout"), "\"5s\"");
  EXPECT_EQ(config.gateway.settings.values.at("/admin_token").text.reveal(), "s3cret");
}

TEST_F(Manual, ShowsTheDefaultOfEverySettingThatHasOne) {
  Config defaults =
      config_of(load_text("[signer]\n[store]\n[[endpoint]]\nplugin = \"invites\"\n", required_variables()));
  std::string text = commented_manual();
  for (const Setting& s : settings()) {
    if (!s.preset || s.not_built) continue;
    const Kind* kind = kind_of_table(s.table);
    std::string path = std::string(s.table) + (kind != nullptr && kind->repeated ? "[0]." : ".") + std::string(s.key);
    EXPECT_THAT(text, HasSubstr("\n#" + std::string(s.key) + " = " + shown_at(defaults, path) + "\n"));
  }
}

TEST_F(Manual, ShowsWhatOneMayWriteIntoAPluginsTable) {
  std::string text = commented_manual({{"cache", "c", R"({"type":"object","properties":{
        "url":{"type":"string","default":"redis://127.0.0.1","x-authd-secret":true},
        "password":{"type":"string","x-authd-secret":true},
        "db":{"type":"integer","minimum":1},"wait":{"type":"integer","minimum":1,"x-authd-unit":"ms"}}})"}});
  EXPECT_THAT(text, HasSubstr("\n#url = \"redis://127.0.0.1\"\n")) << "a default is no secret";
  EXPECT_THAT(text, HasSubstr("\n#password = \"${credential:password}\"\n"));
  EXPECT_THAT(text, HasSubstr("\n#db = 1\n"));
  EXPECT_THAT(text, HasSubstr("\n#wait = \"1ms\"\n"));
}

TEST_F(Manual, FitsInAHundredColumns) {
  for (const std::string& line : lines_of(commented_manual(described_plugins()))) EXPECT_LE(line.size(), 100U) << line;
}

} // namespace
} // namespace authd::config
