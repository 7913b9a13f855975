// SPDX-License-Identifier: Apache-2.0
#include "http/operation.h"

#include <stdexcept>
#include <type_traits>

#include <gtest/gtest.h>

#include "described.h"
#include "http/router.h"

namespace authd::http {
namespace {

// Nothing can be served without a description, and none that ends before the router does.
static_assert(!std::is_constructible_v<Route, Method, std::string, Handler>);
static_assert(!std::is_constructible_v<Route, Operation, Handler>);
static_assert(std::is_constructible_v<Route, const Operation&, Handler>);

constexpr Handler (*kNothing)() = [] { return Handler([](Exchange&) {}); };

TEST(Operations, AreRefusedByTheRouterWhenSomethingIsMissing) {
  const Operation whole = described(Method::get, "/a");
  const AnswerRow undescribed[] = {{200, "", "text/plain"}};
  Operation lacking[] = {whole, whole, whole, whole, whole, whole, whole};
  lacking[0].path = "a";
  lacking[1].id = "";
  lacking[2].tag.name = "";
  lacking[3].tag.description = "";
  lacking[4].summary = "";
  lacking[5].answers = {};
  lacking[6].answers = undescribed;
  Router router;
  for (const Operation& operation : lacking) {
    EXPECT_NE(why_incomplete(operation), "");
    EXPECT_THROW(router.add({operation, kNothing()}), std::logic_error);
  }
  EXPECT_EQ(why_incomplete(whole), "");
  router.add({whole, kNothing()});
}

TEST(Operations, HaveAPathAndAnIdOfTheirOwn) {
  Router router;
  router.add({described(Method::get, "/a"), kNothing()});
  EXPECT_THROW(router.add({described(Method::get, "/a"), kNothing()}), std::logic_error);
  Operation namesake = described(Method::get, "/b");
  namesake.id = router.routes().front().description->id;
  EXPECT_THROW(router.add({namesake, kNothing()}), std::logic_error);
  router.add({described(Method::post, "/a"), kNothing()});
}

TEST(Operations, ShareRows) {
  static constexpr AnswerRow kOwn[] = {{200, "Fine."}};
  static constexpr AnswerRow kShared[] = {problem(400, "Bad."), problem(503, "Later.", kRetryAfterField)};
  constexpr auto all = join(kOwn, kShared);
  static_assert(all.size() == 3 && all[0].status == 200 && all[2].status == 503);
  EXPECT_EQ(all[1].media_type, "application/problem+json");
  EXPECT_EQ(all[2].fields.front().name, "Retry-After");
}

TEST(Operations, EndTheServersOwnRefusalsWithWhatNobodyLists) {
  ASSERT_FALSE(server_answers().empty());
  EXPECT_EQ(server_answers().back().status, 0);
  for (const AnswerRow& row : server_answers()) EXPECT_EQ(row.media_type, kProblemMediaType);
}

} // namespace
} // namespace authd::http
