// SPDX-License-Identifier: Apache-2.0
#include "plugin/inspection.h"

#include <gtest/gtest.h>

#include "authd/abi.h"
#include "authd/cache.h"
#include "authd/gateway.h"
#include "authd/note.h"
#include "fixtures.h"
#include "plugin/schema_source.h"

namespace authd::plugin {
namespace {

using test::built_plugin;

constexpr TrustPolicy kRelaxed{.strict_permissions = false, .require_pins = false};

InspectedPlugin inspected(std::string_view name) {
  auto plugin = inspect(built_plugin(name), kRelaxed, {});
  if (!plugin) throw std::runtime_error(plugin.error().line);
  return std::move(*plugin);
}

} // namespace

TEST(PluginPath, LooksUpBareNamesInTheFolder) {
  EXPECT_EQ(plugin_path("kong-gateway", "/usr/lib/authd"), "/usr/lib/authd/kong-gateway.so");
  EXPECT_EQ(plugin_path("kong-gateway.so", "/usr/lib/authd/"), "/usr/lib/authd/kong-gateway.so");
  EXPECT_EQ(plugin_path("/opt/acme.so", "/usr/lib/authd"), "/opt/acme.so");
  EXPECT_EQ(plugin_path("../acme", "/usr/lib/authd"), "../acme") << "left as it is, to be refused";
  EXPECT_TRUE(plugin_path("acme", "build/plugins").starts_with('/'));
}

TEST(Inspection, ReadsWhatTheGlueWrote) {
  const auto plugin = inspected("sample");
  EXPECT_EQ(plugin.note.id, "org.example.sample");
  EXPECT_EQ(plugin.note.version, "1.2.3");
  EXPECT_EQ(plugin.note.sdk, AUTHD_SDK_VERSION);
  EXPECT_EQ(plugin.note.major, static_cast<std::uint32_t>(AUTHD_ABI_MAJOR));
  EXPECT_FALSE(plugin.note.toolchain.empty());
  ASSERT_EQ(plugin.note.components.size(), 2u);
  EXPECT_EQ(plugin.note.components[0].name, "sample");
  EXPECT_EQ(plugin.note.components[0].mode, "SAMPLE");
  EXPECT_EQ(plugin.note.components[0].remote, std::nullopt) << "of no gateway";
  EXPECT_EQ(plugin.note.components[1].remote, false) << "the SDK took it from the flags";
  EXPECT_NE(plugin.note.components[0].config_schema.find(R"("x-authd-secret":true)"), std::string::npos);
}

TEST(Inspection, SelectsTheComponentByKindAndName) {
  const auto plugin = inspected("sample");
  EXPECT_EQ((*select_component(plugin, AUTHD_GATEWAY_V1, "sample"))->name, "sample");
  EXPECT_EQ((*select_component(plugin, AUTHD_CACHE_V1, "/opt/sample.so"))->name, "sample-cache");
  const auto none = select_component(plugin, "authd.endpoint/1", "sample");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, RefusalCode::no_component);
  EXPECT_NE(none.error().line.find("authd.gateway/1 sample, authd.cache/1 sample-cache"), std::string::npos);
}

TEST(Inspection, WantsANameWhereOneKindHasSeveral) {
  InspectedPlugin plugin;
  plugin.note.components = {{AUTHD_CACHE_V1, "a", "{}"}, {AUTHD_CACHE_V1, "b", "{}"}};
  EXPECT_EQ((*select_component(plugin, AUTHD_CACHE_V1, "/opt/b.so"))->name, "b");
  EXPECT_EQ(select_component(plugin, AUTHD_CACHE_V1, "c").error().code, RefusalCode::no_component);
}

TEST(Inspection, ReportsForPeople) {
  const auto report = inspect_report(built_plugin("sample"));
  ASSERT_TRUE(report.has_value()) << report.error().line;
  for (const auto* part : {"org.example.sample", "1.2.3", "authd.gateway/1 sample (mode SAMPLE)",
                           "authd.cache/1 sample-cache (local)", AUTHD_TOOLCHAIN, "sha256", "checks"})
    EXPECT_NE(report->find(part), std::string::npos) << part << " is not in\n" << *report;
  EXPECT_NE(report->find(inspected("sample").sha256), std::string::npos);
  EXPECT_EQ(inspect_report(built_plugin("bad-no-note")).error().code, RefusalCode::no_note);
}

TEST(Inspection, ReportsNoPluginWhoseSchemaNoConfigurationPasses) {
  const auto report = inspect_report(built_plugin("bad-schema-keyword"));
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, RefusalCode::bad_note);
  EXPECT_NE(report.error().line.find("the config schema of authd.gateway/1 bad is refused: /properties/token: unknown "
                                     "keyword \"pattern\""),
            std::string::npos)
      << report.error().line;
}

TEST(SchemaSource, ReturnsTheSchemaOfTheKind) {
  const auto source = make_schema_source();
  const auto schema = source("sample", AUTHD_TEST_PLUGINS, "", AUTHD_CACHE_V1, config::Environment::test);
  ASSERT_TRUE(schema.has_value()) << schema.error().line;
  EXPECT_EQ(schema->schema, R"({"type":"object"})");
  EXPECT_EQ(schema->remote, false);
}

TEST(SchemaSource, PassesTheRefusalOn) {
  const auto source = make_schema_source();
  const auto absent = source("absent", AUTHD_TEST_PLUGINS, "", AUTHD_CACHE_V1, config::Environment::test);
  ASSERT_FALSE(absent.has_value());
  EXPECT_NE(absent.error().line.find("[AP-002]"), std::string::npos) << absent.error().line;
  const auto kind = source("sample", AUTHD_TEST_PLUGINS, "", "acme.other/1", config::Environment::test);
  EXPECT_NE(kind.error().line.find("[AP-020]"), std::string::npos) << kind.error().line;
}

TEST(SchemaSource, IsStrictInProductionOnly) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("sample.so");
  std::filesystem::copy_file(built_plugin("sample"), path);
  std::filesystem::permissions(path, std::filesystem::perms(0646));
  const auto source = make_schema_source();
  EXPECT_TRUE(source(path, "", "", AUTHD_CACHE_V1, config::Environment::staging).has_value());
  const auto refused = source(path, "", "", AUTHD_CACHE_V1, config::Environment::production);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().line.find("[AP-005]"), std::string::npos) << refused.error().line;
}

} // namespace authd::plugin
