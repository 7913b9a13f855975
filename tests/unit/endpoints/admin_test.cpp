// SPDX-License-Identifier: Apache-2.0
// The shape of what operators are answered: spec/token-service.md, "Operations".
#include "endpoints/admin.h"

#include <future>

#include <gtest/gtest.h>

#include "http/server.h"
#include "raw_client.h"

namespace authd::endpoints {
namespace {

using pipeline::Invalidation;
using Consumer = Invalidation::Consumer;

class AdminEndpointsTest : public testing::Test {
 protected:
  AdminEndpointsTest() {
    AdminActions actions;
    actions.invalidate = [this](std::string_view consumer) {
      asked_for = consumer;
      return outcome;
    };
    actions.invalidate_all = [this] {
      asked_for = "everybody";
      return outcome;
    };
    actions.cache_stats = [] { return std::string(R"({"tiers":[]})"); };
    actions.status = [] { return std::string(R"({"version":"1"})"); };
    actions.reload = [this] {
      reload_goes_on.get_future().wait();
      return AdminActions::ReloadOutcome{true, {}};
    };
    endpoints_ = std::make_unique<AdminEndpoints>(std::move(actions), AdminGuard());
    endpoints_->add_to(router_);
    http::ServerOptions options;
    options.port = 0;
    options.reactors = 1;
    server_ = std::make_unique<http::Server>(options, router_, nullptr, log_);
    server_->start();
  }

  http::Answer get(const std::string& path) {
    http::RawClient client(server_->port());
    return client.exchange("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  http::RawClient connect() { return http::RawClient(server_->port()); }

  http::Answer invalidate(const std::string& body) {
    http::RawClient client(server_->port());
    return client.exchange("POST /admin/cache/invalidate HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                           "application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  Invalidation outcome;
  std::promise<void> reload_goes_on;
  std::string asked_for;

 private:
  Log log_{Log::Options{}};
  http::Router router_;
  std::unique_ptr<AdminEndpoints> endpoints_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(AdminEndpointsTest, SayWhatEachTierDropped) {
  outcome.consumer = Consumer::known;
  outcome.dropped.add({"cache-memory", 1, true, true});
  outcome.dropped.add({"acme", std::nullopt, true, false});
  const http::Answer answer = invalidate(R"({"consumer":"alice"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.body,
            R"({"invalidated":1,"resolved":true,"everywhere":false,"dropped":{"cache-memory":1,"acme":null}})");
  EXPECT_EQ(asked_for, "alice");
}

TEST_F(AdminEndpointsTest, SayThatTheGatewayDidNotKnowOrCouldNotTell) {
  for (const Consumer consumer : {Consumer::unknown, Consumer::gateway_is_silent}) {
    outcome = {};
    outcome.consumer = consumer;
    outcome.dropped.add({"cache-memory", 2, true, true});
    EXPECT_EQ(invalidate(R"({"consumer":"alice"})").body,
              R"({"invalidated":2,"resolved":false,"everywhere":true,"dropped":{"cache-memory":2}})");
  }
}

TEST_F(AdminEndpointsTest, AnswerNotFoundForANameThatNobodyKnows) {
  outcome.consumer = Consumer::unknown;
  outcome.dropped.add({"cache-memory", 0, true, true});
  const http::Answer answer = invalidate(R"({"consumer":"alcie"})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_NE(answer.body.find("HTTP_404"), std::string::npos) << answer.body;
}

TEST_F(AdminEndpointsTest, ResolveNobodyWhenAllIsDropped) {
  outcome.dropped.add({"cache-memory", 17, true, true});
  outcome.dropped.add({"cache-redis", std::nullopt, true, true});
  EXPECT_EQ(invalidate(R"({"all":true})").body,
            R"({"invalidated":17,"resolved":true,"everywhere":true,"dropped":{"cache-memory":17,"cache-redis":null}})");
  EXPECT_EQ(asked_for, "everybody");
}

TEST_F(AdminEndpointsTest, ShowWhatTheDaemonDoesWhileAReloadIsUnderWay) {
  http::RawClient reloading = connect();
  reloading.send("POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(get("/admin/status").body, R"({"version":"1"})");
  EXPECT_EQ(get("/admin/cache/stats").status, 200);
  EXPECT_EQ(get("/admin/ui").header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(reloading.silent_for(milliseconds(50)));
  reload_goes_on.set_value();
  EXPECT_EQ(reloading.receive().status, 200);
}

TEST_F(AdminEndpointsTest, RefuseWhatIsNoName) {
  for (const std::string& body :
       {std::string(R"({"consumer":""})"), std::string(R"({"all":false})"), std::string("[]"), std::string("alice"),
        std::string(R"({"consumer":"a","all":true})"), R"({"consumer":")" + std::string(257, 'a') + "\"}",
        std::string(R"({"consumer":"a\nb"})")}) {
    const http::Answer answer = invalidate(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_NE(answer.body.find("AUTH_007"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(asked_for, "");
}

} // namespace
} // namespace authd::endpoints
