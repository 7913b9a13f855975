// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <gtest/gtest.h>

#include "described.h"
#include "recorded_exchange.h"

namespace authd::http {
namespace {

Handler marking(std::string& mark, const char* text) {
  return [&mark, text](Exchange& exchange) {
    mark = text;
    exchange.respond(200, "text/plain", text);
  };
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add({described(Method::get, "/a"), marking(mark_, "get a")});
    router_.add({described(Method::post, "/a"), marking(mark_, "post a")});
    router_.add({described(Method::get, "/ab"), marking(mark_, "get ab")});
  }
  RecordedExchange ask(Method method, std::string_view path) {
    RecordedExchange exchange(method, path);
    router_.dispatch(exchange);
    return exchange;
  }
  Router router_;
  std::string mark_;
};

TEST_F(RouterTest, FindsPathAndMethodExactly) {
  ask(Method::get, "/ab");
  EXPECT_EQ(mark_, "get ab");
  ask(Method::post, "/a");
  EXPECT_EQ(mark_, "post a");
  EXPECT_EQ(ask(Method::get, "/A").status, 404);
  EXPECT_EQ(ask(Method::get, "/a/").status, 404);
  EXPECT_EQ(ask(Method::get, "").status, 404);
}

TEST_F(RouterTest, ServesHeadWhereverGetIs) {
  ask(Method::head, "/a");
  EXPECT_EQ(mark_, "get a");
}

TEST_F(RouterTest, NamesTheMethodsOfAPathSorted) {
  const RecordedExchange wrong = ask(Method::del, "/a");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(ask(Method::other, "/ab").headers.at("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask(Method::post, "/ab").status, 405);
}

TEST_F(RouterTest, AnswersOptionsEverywhere) {
  const RecordedExchange known = ask(Method::options, "/ab");
  EXPECT_EQ(known.status, 204);
  EXPECT_EQ(known.headers.at("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask(Method::options, "/nowhere").status, 204);
  EXPECT_EQ(ask(Method::options, "*").status, 204);
}

TEST_F(RouterTest, SaysHowLargeABodyTheRouteTakes) {
  router_.add({described(Method::post, "/body", 100), marking(mark_, "body")});
  EXPECT_EQ(router_.max_body_bytes(Method::post, "/body"), 100U);
  EXPECT_EQ(router_.max_body_bytes(Method::put, "/body"), 0U);
  EXPECT_EQ(router_.max_body_bytes(Method::options, "/body"), 0U);
  EXPECT_EQ(router_.max_body_bytes(Method::post, "/a"), 0U) << "none unless the route says so";
  EXPECT_EQ(router_.max_body_bytes(Method::post, "/nowhere"), 0U);
}

TEST_F(RouterTest, LetsAnExceptionPassToTheServer) {
  router_.add({described(Method::get, "/throw"), [](Exchange&) { throw std::runtime_error("x"); }});
  EXPECT_THROW(ask(Method::get, "/throw"), std::runtime_error);
}

} // namespace
} // namespace authd::http
