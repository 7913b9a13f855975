// SPDX-License-Identifier: Apache-2.0
// A kind is one row: a table of kinds with a third one is all that the readers need to know of it.
#include "config/kinds.h"

#include <fstream>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "config/describe/describing.h"
#include "config/loading.h"
#include "config/reserved_variables.h"
#include "fixtures.h"
#include "plugin/inspection.h"

namespace authd::config {
namespace {

struct ArchiveOperations {
  std::uint32_t size;
  std::uint32_t flags;
  void (*read)();
  void (*write)();
};
constexpr Operation kArchiveRequires[] = {{"read", offsetof(ArchiveOperations, read)},
                                          {"write", offsetof(ArchiveOperations, write)}};

std::vector<Kind> with_a_third() {
  std::vector<Kind> all(kinds().begin(), kinds().end());
  all.push_back({.id = "acme.archive/1",
                 .table = "archive",
                 .repeated = true,
                 .minor = 1,
                 .required = kArchiveRequires,
                 .description = "Where records live."});
  return all;
}

const Kind* third_in(const std::vector<Kind>& all) { return kind_with_id("acme.archive/1", all); }

Result<PublishedSettings, Problem> publish(std::string_view plugin, std::string_view, std::string_view,
                                           std::string_view kind, Environment) {
  if (kind == "acme.archive/1")
    return PublishedSettings{R"({"type":"object","required":["file"],"properties":{"file":{"type":"string"}}})"};
  if (kind == AUTHD_GATEWAY_V1 || kind == AUTHD_CACHE_V1) return PublishedSettings{R"({"type":"object"})", false};
  return tl::unexpected(Problem{std::string(plugin) + ": unknown kind"});
}

Result<Config, std::vector<Problem>> load_text(const std::string& text, std::span<const Kind> all) {
  const plugin::test::TemporaryFolder folder;
  const std::string file = folder.file("authd.toml");
  std::ofstream(file) << "[jwt]\nauthority = \"https://a.example\"\naudience = \"api\"\n" << text;
  LoadOptions options;
  options.kinds = all;
  return load(file, {}, publish, options);
}

TEST(Kinds, HaveARowForEachIdAndTable) {
  EXPECT_EQ(kind_with_id(AUTHD_GATEWAY_V1)->table, "gateway");
  EXPECT_EQ(kind_of_table("cache")->id, AUTHD_CACHE_V1);
  EXPECT_EQ(kind_with_id("authd.cache/2"), nullptr);
  EXPECT_EQ(kind_of_table("server"), nullptr);
  EXPECT_EQ(path_of(*kind_of_table("gateway"), 0), "gateway");
  EXPECT_EQ(path_of(*kind_of_table("cache"), 1), "cache[1]");
}

TEST(Kinds, NameTheFirstOperationThatIsMissing) {
  const std::vector<Kind> all = with_a_third();
  const auto function = [] {};
  ArchiveOperations ops{sizeof ops, 0, function, function};
  EXPECT_EQ(missing_operation("acme.archive/1", nullptr, all), "the whole table of operations");
  EXPECT_EQ(missing_operation("acme.archive/1", &ops, all), "");
  ops.write = nullptr;
  EXPECT_EQ(missing_operation("acme.archive/1", &ops, all), "write");
  ops.size = offsetof(ArchiveOperations, read);
  EXPECT_EQ(missing_operation("acme.archive/1", &ops, all), "read");
  EXPECT_EQ(missing_operation("acme.archive/1", &ops), "") << "a kind that authd does not know has no rules";
}

TEST(Kinds, AThirdIsReadAndCheckedByItsRow) {
  const std::vector<Kind> all = with_a_third();
  const auto config = load_text("[[archive]]\nplugin = \"a\"\nfile = \"x\"\n[[archive]]\nplugin = \"/opt/b.so\"\n"
                                "name = \"second\"\nfile = \"y\"\n",
                                all);
  ASSERT_TRUE(config) << config.error().front().line;
  const auto archives = uses_of(*config, *third_in(all));
  ASSERT_EQ(archives.size(), 2U);
  EXPECT_EQ(archives[0]->plugin, "a");
  EXPECT_EQ(archives[0]->name, "a");
  EXPECT_EQ(archives[1]->name, "second");
  EXPECT_EQ(archives[1]->settings.values.at("/file").text.reveal(), "y");
  EXPECT_EQ(uses_of(*load_text("", all), *third_in(all)).size(), 0U);

  const auto refused = load_text("[[archive]]\nplugin = \"a\"\nfile = \"x\"\nfiel = \"x\"\n", all);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().front().line.find("archive[0].fiel"), std::string::npos) << refused.error().front().line;
  EXPECT_FALSE(load_text("[[archive]]\nplugin = \"a\"\nfile = \"x\"\n", kinds())) << "two kinds know no such table";
}

TEST(Kinds, AThirdIsInTheSchema) {
  const std::vector<Kind> all = with_a_third();
  const std::vector<PluginSchema> plugins{{"archive", "a", R"({"type":"object"})"}};
  const auto root = Poco::JSON::Parser().parse(schema(plugins, all)).extract<Poco::JSON::Object::Ptr>();
  const auto archive = root->getObject("properties")->getObject("archive");
  ASSERT_FALSE(archive.isNull());
  EXPECT_EQ(archive->getValue<std::string>("type"), "array");
  const auto item = archive->getObject("items");
  EXPECT_TRUE(item->getValue<bool>("additionalProperties"));
  EXPECT_TRUE(item->getObject("properties")->has("plugin"));
  EXPECT_EQ(item->getValue<std::string>("description"), "Where records live.");
  EXPECT_EQ(item->getArray("allOf")->size(), 1U);
}

TEST(Kinds, SayWhichVariablesAPluginShares) {
  EXPECT_FALSE(reserved_meaning("KONG_CONNECTION_POOL_SIZE", "pool_size"));
  EXPECT_TRUE(reserved_meaning("PORT", "port"));
  const Kind kind{.id = "acme.server/1", .table = "server"};
  EXPECT_TRUE(reserved_meaning("KONG_CONNECTION_POOL_SIZE", "pool_size", {&kind, 1}));
  EXPECT_FALSE(reserved_meaning("PORT", "port", {&kind, 1}));
}

// The test plugin "sample" is a gateway and a cache, built for the newest ABI.
TEST(Kinds, TellInspectionWhatTheyShareWithTheHost) {
  const std::string sample = plugin::plugin_path("sample", AUTHD_TEST_PLUGINS);
  EXPECT_TRUE(plugin::inspect_report(sample));
  const Kind newer{.id = AUTHD_GATEWAY_V1, .table = "gateway", .minor = 99};
  const auto refused = plugin::inspect_report(sample, {&newer, 1});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().line.find("has a component of kind authd.gateway/1, which needs ABI 1.99"),
            std::string::npos)
      << refused.error().line;
}

TEST(Kinds, TellInspectionThatAProvisionalOneLoadsOnlyInTheMinorThatItWasBuiltFor) {
  const Kind provisional{.id = AUTHD_GATEWAY_V1, .table = "gateway", .provisional = true};
  EXPECT_TRUE(plugin::inspect_report(plugin::plugin_path("sample", AUTHD_TEST_PLUGINS), {&provisional, 1}));
  const std::string older = plugin::plugin_path("older-sample", AUTHD_TEST_PLUGINS);
  EXPECT_TRUE(plugin::inspect_report(older)) << "a kind that is not provisional";
  const auto refused = plugin::inspect_report(older, {&provisional, 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, plugin::RefusalCode::abi_version);
  EXPECT_NE(refused.error().line.find("kind authd.gateway/1, which is provisional"), std::string::npos)
      << refused.error().line;
}

} // namespace
} // namespace authd::config
