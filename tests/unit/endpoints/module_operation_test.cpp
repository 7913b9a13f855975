// SPDX-License-Identifier: Apache-2.0
#include "endpoints/module_operation.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authd/endpoint.h"
#include "endpoints/module_endpoint.h"
#include "endpoints/operations/listeners.h"

namespace authd::endpoints {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

config::Endpoint settings_of(const std::string& name, const std::string& mount = "") {
  config::Endpoint settings;
  settings.name = name;
  settings.mount = mount;
  return settings;
}

plugin::DeclaredRoute route(const std::string& method, const std::string& path, const std::string& extension = "{}",
                            std::uint32_t flags = 0) {
  return {method, path, flags,
          R"({"summary":"Does it","responses":{"200":{"description":"done"}},"x-authd":)" + extension + "}"};
}

std::string fault_of(const plugin::DeclaredRoute& declared) {
  const auto read = ModuleOperation::read(declared, settings_of("m"));
  return read ? "" : read.error();
}

TEST(ModuleOperation, HasTheMountBeforeItsPathUnlessItIsOfTheRoot) {
  const auto path = [](const std::string& declared, std::uint32_t flags = 0) {
    const auto read = ModuleOperation::read(route("GET", declared, "{}", flags), settings_of("m", "/api/v1"));
    return std::string((*read)->description().path);
  };
  EXPECT_EQ(path("/token"), "/api/v1/token");
  EXPECT_EQ(path("/"), "/api/v1");
  EXPECT_EQ(path("/.well-known/x", AUTHD_ROUTE_ROOT), "/.well-known/x");
}

TEST(ModuleOperation, HasDefaults) {
  const auto read = ModuleOperation::read(route("POST", "/x"), settings_of("m"));
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->max_body_bytes(), 65536u);
  EXPECT_EQ((*read)->dialect(), Dialect::problem);
  EXPECT_FALSE((*read)->is_of_admin());
  EXPECT_FALSE((*read)->has_first_pass());
  EXPECT_EQ((*read)->description().id, "m_POST__x");
  EXPECT_EQ((*read)->description().json.find("x-authd"), std::string_view::npos);
}

TEST(ModuleOperation, SaysWhatIsWrongWithItsRoute) {
  EXPECT_EQ(fault_of(route("GET", "/x")), "");
  EXPECT_THAT(fault_of(route("FETCH", "/x")), HasSubstr("m: its route FETCH /x: its method is not"));
  EXPECT_THAT(fault_of(route("GET", "x")), HasSubstr("its path does not begin with /"));
  EXPECT_THAT(fault_of(route("GET", "/x", R"({"max_body":1048577})")), HasSubstr("x-authd.max_body 1048577 is not"));
  EXPECT_THAT(fault_of(route("GET", "/x", R"({"max_body":-1})")), HasSubstr("x-authd.max_body -1 is not"));
  EXPECT_THAT(fault_of(route("GET", "/x", R"({"dialect":"soap"})")), HasSubstr("x-authd.dialect \"soap\" is not"));
  EXPECT_THAT(fault_of(route("GET", "/x", R"({"audience":"me"})")), HasSubstr("x-authd.audience \"me\" is not"));
  EXPECT_THAT(fault_of(route("GET", "/x", R"({"maxbody":1})")), HasSubstr("x-authd has an unknown member \"maxbody\""));
  EXPECT_THAT(fault_of({"GET", "/x", 0, R"({"responses":{}})"}), HasSubstr("its operation has no summary"));
  EXPECT_THAT(fault_of({"GET", "/x", 0, R"({"summary":"s"})"}), HasSubstr("its operation has no responses"));
  EXPECT_THAT(fault_of({"GET", "/x", 0, "[]"}), HasSubstr("its operation cannot be read"));
}

ModuleOperations operations(const std::string& name, std::vector<plugin::DeclaredRoute> routes,
                            const std::string& mount = "") {
  plugin::Declared declared;
  declared.routes = std::move(routes);
  auto read = read_operations(declared, settings_of(name, mount));
  EXPECT_TRUE(read);
  return read ? std::move(*read) : ModuleOperations();
}

TEST(Conflicts, NameBothOwnersAndLookAtShapes) {
  const auto one = operations("one", {route("GET", "/x/{id}"), route("POST", "/x/{id}")});
  const auto two = operations("two", {route("GET", "/x/{name}"), route("PUT", "/x/{id}")});
  const auto apart = operations("three", {route("GET", "/x/{id}")}, "/three");
  const auto admin = operations("four", {route("GET", "/x/{id}", R"({"audience":"admin"})")});
  const ModuleOperations* all[] = {&one, &two, &apart, &admin};
  EXPECT_THAT(conflicts(all, {}),
              ElementsAre("GET /x/{name} of two is served by one already, as GET /x/{id}; give one of "
                          "them another mount"));
}

TEST(Conflicts, WithAuthdItselfAreConflicts) {
  const auto module = operations("m", {route("GET", "/tokens"), route("POST", "/tokens"), route("GET", "/health/{x}")});
  const ModuleOperations* all[] = {&module};
  const auto built_in = operations::of_public_listener(config::Environment::production);
  EXPECT_THAT(conflicts(all, built_in), ElementsAre(HasSubstr("GET /tokens of m is served by authd already")));
}

TEST(FirstPass, IsAllowedUntilTenWithinTenSecondsTookTooLong) {
  FirstPass spread;
  SteadyTime now = SteadyTime() + seconds(1000);
  for (int i = 0; i < 30; ++i, now += milliseconds(1200)) EXPECT_FALSE(spread.overran(now)) << i;
  EXPECT_TRUE(spread.is_allowed());
  FirstPass close;
  for (int i = 0; i < 9; ++i, now += milliseconds(1100)) EXPECT_FALSE(close.overran(now)) << i;
  EXPECT_TRUE(close.overran(now));
  EXPECT_FALSE(close.is_allowed());
  EXPECT_FALSE(close.overran(now)) << "is said once";
}

} // namespace
} // namespace authd::endpoints
