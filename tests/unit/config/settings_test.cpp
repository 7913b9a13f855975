// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <set>

#include <gmock/gmock.h>

#include "config/checker.h"
#include "config/printing.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::HasSubstr;

std::string path_of(const Setting& s) { return std::string(s.table) + "." + std::string(s.key); }

bool repeated(const Setting& s) {
  const Kind* kind = kind_of_table(s.table);
  return kind != nullptr && kind->repeated;
}

// A number as the row's TOML: "500ms", "16KiB", 5.
std::string written(double value, const Setting& s) {
  if (s.type == Type::number) return std::to_string(value);
  std::string number = std::to_string(static_cast<std::int64_t>(value));
  if (s.unit == Unit::milliseconds) return "\"" + number + "ms\"";
  return s.unit == Unit::bytes ? "\"" + number + "B\"" : number;
}

// As long, or as many entries, as the limit says.
std::string written_length(double length, const Setting& s) {
  auto count = static_cast<std::size_t>(length);
  if (s.type == Type::string) return "\"" + std::string(count, 'a') + "\"";
  if (s.type == Type::object) {
    std::string members;
    for (std::size_t i = 0; i < count; ++i) members += (i > 0 ? ", m" : "m") + std::to_string(i) + " = \"a\"";
    return "{ " + members + " }";
  }
  std::string list = "[";
  const auto choices = shape_of(s).items.front().choices;
  for (std::size_t i = 0; i < count; ++i) list += "\"" + (choices.empty() ? "a" : choices[i % choices.size()]) + "\", ";
  return list + "]";
}

class Limits : public ConfigTest {
 protected:
  // Everything required but the row's own table, and the row at this value.
  Loaded load_row(const Setting& s, const std::string& value) {
    EnvironmentVariables variables = required_variables();
    variables["AUTHD_TRUSTED_GATEWAYS"] = "10.0.0.0/8";
    variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://otel.example.com"; // which some modes need
    variables.erase(std::string(s.variable));
    if (s.key != "environment") variables["AUTHD_ENV"] = "test"; // where port 0 is allowed
    std::string header = repeated(s) ? "[[" + std::string(s.table) + "]]\n" : "[" + std::string(s.table) + "]\n";
    const bool needs_asymmetric = s.key == "algorithm" && value.find("HS") == std::string::npos;
    std::string more = needs_asymmetric ? "credentials = \"asymmetric\"\n" : "";
    if (s.table == "endpoint" && s.key != "plugin") more += "plugin = \"invites\"\n";
    return load_text(header + std::string(s.key) + " = " + value + "\n" + more, variables);
  }

  void expect_refused(const Setting& s, const std::string& value) {
    SCOPED_TRACE(path_of(s) + " = " + value);
    auto problems = problems_of(load_row(s, value));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0], HasSubstr("authd.toml:2:"));
    EXPECT_THAT(problems[0], HasSubstr("." + std::string(s.key)));
  }

  void expect_accepted(const Setting& s, const std::string& value) {
    SCOPED_TRACE(path_of(s) + " = " + value);
    config_of(load_row(s, value));
  }
};

TEST_F(Limits, AreTheLastNumbersAccepted) {
  int rows = 0;
  for (const Setting& s : settings()) {
    bool numeric = s.type == Type::integer || s.type == Type::number;
    if (!numeric || !s.minimum || !s.maximum) continue;
    double step = s.type == Type::number ? 0.001 : s.multiple_of != 0 ? static_cast<double>(s.multiple_of) : 1;
    expect_refused(s, written(*s.minimum - step, s));
    expect_accepted(s, written(*s.minimum, s));
    expect_accepted(s, written(*s.maximum, s));
    expect_refused(s, written(*s.maximum + step, s));
    ++rows;
  }
  EXPECT_GT(rows, 20);
}

TEST_F(Limits, AreTheLastLengthsAccepted) {
  for (const Setting& s : settings()) {
    if (s.type != Type::string && s.type != Type::array && s.type != Type::object) continue;
    if (s.minimum && *s.minimum > 0) {
      expect_refused(s, written_length(*s.minimum - 1, s));
      expect_accepted(s, written_length(*s.minimum, s));
    }
    if (!s.maximum) continue;
    expect_accepted(s, written_length(*s.maximum, s));
    expect_refused(s, written_length(*s.maximum + 1, s));
  }
}

TEST_F(Limits, HoldForVariablesInTheirUnits) {
  int rows = 0;
  for (const Setting& s : settings()) {
    if (s.type != Type::integer || s.variable.empty() || !s.maximum) continue;
    SCOPED_TRACE(s.variable);
    auto scale = static_cast<double>(unit_of_variable(s.variable, s.unit).scale);
    EnvironmentVariables variables = required_variables();
    variables["AUTHD_ENV"] = "test";
    auto& value = variables[std::string(s.variable)];
    value = std::to_string(static_cast<std::int64_t>(*s.maximum / scale));
    config_of(load_environment(variables));
    value = std::to_string(static_cast<std::int64_t>(*s.maximum / scale) + 1);
    auto problems = problems_of(load_environment(variables));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0], HasSubstr(std::string(s.variable) + ": " + (repeated(s) ? "cache[0]." : "")));
    EXPECT_THAT(problems[0], HasSubstr("above the maximum"));
    ++rows;
  }
  EXPECT_GT(rows, 6);
}

TEST_F(Limits, AreHeldByEveryDefault) {
  for (const Setting& s : settings()) {
    if (!s.preset) continue;
    SCOPED_TRACE(path_of(s));
    EnvironmentVariables none;
    Surroundings around{none, folder_};
    Problems problems("");
    Shape shape = shape_of(s);
    Node preset = *shape.preset;
    Checker(around, problems).check(preset, shape, path_of(s));
    for (const Problem& p : problems.in_order()) ADD_FAILURE() << p.line;
  }
}

TEST_F(Limits, RefuseEveryWordThatIsNoChoice) {
  for (const Setting& s : settings()) {
    if (s.choices.empty()) continue;
    const Shape shape = shape_of(s);
    const bool is_list = s.type == Type::array;
    const auto written = [&](const std::string& word) { return is_list ? "[\"" + word + "\"]" : "\"" + word + "\""; };
    expect_refused(s, written("no-such-choice"));
    for (const std::string& choice : is_list ? shape.items.front().choices : shape.choices)
      expect_accepted(s, written(choice));
  }
}

TEST(SettingsTable, DescribesEachSettingOnce) {
  std::set<std::string> paths;
  std::set<std::string_view> variables;
  for (const Setting& s : settings()) {
    SCOPED_TRACE(path_of(s));
    EXPECT_TRUE(paths.insert(path_of(s)).second);
    EXPECT_TRUE(s.variable.empty() || variables.insert(s.variable).second);
    EXPECT_TRUE(s.description.ends_with('.') || s.description.ends_with('"')) << s.description;
    EXPECT_EQ(s.set == nullptr, s.not_built);
    EXPECT_EQ(
        static_cast<int>(s.preset.has_value()) + static_cast<int>(!s.derived.empty()) + static_cast<int>(s.required), 1)
        << "a default, a derived default, or required";
  }
}

class Defaults : public ConfigTest {};

// config.h states them for those who build a Config by hand; the table is what a load uses.
TEST_F(Defaults, OfTheTableAreThoseOfTheStructs) {
  const Config loaded = config_of(load_environment(required_variables()));
  const Config built;
  EXPECT_EQ(loaded.environment, built.environment);
  EXPECT_EQ(loaded.server.host, built.server.host);
  EXPECT_EQ(loaded.server.port, built.server.port);
  EXPECT_EQ(loaded.server.reactors, built.server.reactors);
  EXPECT_EQ(loaded.server.max_connections, built.server.max_connections);
  EXPECT_EQ(loaded.server.header_limit, built.server.header_limit);
  EXPECT_EQ(loaded.server.url_limit, built.server.url_limit);
  EXPECT_EQ(loaded.server.body_limit, built.server.body_limit);
  EXPECT_EQ(loaded.server.idle_timeout, built.server.idle_timeout);
  EXPECT_EQ(loaded.server.header_timeout, built.server.header_timeout);
  EXPECT_EQ(loaded.server.drain_delay, built.server.drain_delay);
  EXPECT_EQ(loaded.server.drain_timeout, built.server.drain_timeout);
  EXPECT_EQ(loaded.jwt.key_claim_name, built.jwt.key_claim_name);
  EXPECT_EQ(loaded.jwt.expiration, built.jwt.expiration);
  EXPECT_EQ(loaded.jwt.clock_skew, built.jwt.clock_skew);
  EXPECT_EQ(loaded.jwt.unique_name_domain, built.jwt.unique_name_domain);
  EXPECT_EQ(loaded.jwt.secret_is_base64, built.jwt.secret_is_base64);
  EXPECT_EQ(loaded.jwt.claims.size(), built.jwt.claims.size());
  EXPECT_EQ(loaded.gateway.auto_provision, built.gateway.auto_provision);
  EXPECT_EQ(loaded.gateway.pool_size, built.gateway.pool_size);
  EXPECT_EQ(loaded.breaker.timeout, built.breaker.timeout);
  EXPECT_EQ(loaded.breaker.error_threshold_percent, built.breaker.error_threshold_percent);
  EXPECT_EQ(loaded.breaker.reset_timeout, built.breaker.reset_timeout);
  EXPECT_EQ(loaded.breaker.window, built.breaker.window);
  EXPECT_EQ(loaded.breaker.buckets, built.breaker.buckets);
  EXPECT_EQ(loaded.breaker.volume_threshold, built.breaker.volume_threshold);
  EXPECT_EQ(loaded.lookup.negative_ttl, built.lookup.negative_ttl);
  EXPECT_EQ(loaded.lookup.refresh_ahead, built.lookup.refresh_ahead);
  EXPECT_EQ(loaded.cache.at(0).ttl, Tier().ttl);
  EXPECT_EQ(loaded.cache.at(0).stale, Tier().stale);
  EXPECT_EQ(loaded.cache.at(0).read_timeout, Tier().read_timeout);
  EXPECT_EQ(loaded.telemetry.service_name, built.telemetry.service_name);
  EXPECT_EQ(loaded.telemetry.log_level, built.telemetry.log_level);
  EXPECT_EQ(loaded.telemetry.access_log, built.telemetry.access_log);
  EXPECT_EQ(loaded.telemetry.hash_user_names, built.telemetry.hash_user_names);
  EXPECT_EQ(loaded.telemetry.truncate_addresses, built.telemetry.truncate_addresses);
  EXPECT_EQ(loaded.api.cors, built.api.cors);
  EXPECT_EQ(loaded.api.cors_credentials, built.api.cors_credentials);
  EXPECT_EQ(loaded.profiling.enabled, built.profiling.enabled);
  EXPECT_EQ(loaded.profiling.output_dir, (std::filesystem::current_path() / "profiling").string());
  EXPECT_EQ(loaded.profiling.auto_generate, built.profiling.auto_generate);
  EXPECT_EQ(loaded.plugins.pins, built.plugins.pins);
  EXPECT_EQ(loaded.plugins.require_pins, built.plugins.require_pins);
  EXPECT_EQ(loaded.security.waivers, built.security.waivers);
}

} // namespace
} // namespace authd::config
