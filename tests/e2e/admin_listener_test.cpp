// SPDX-License-Identifier: Apache-2.0
// An admin listener that has an address, and what a web page could send to it.
#include "scene.h"
#include "support/free_port.h"

namespace authd::test {
namespace {

class AdminListener : public testing::Test {
 protected:
  HttpReply ask(const std::string& line, const std::string& host, const Headers& headers,
                std::string_view body = {}) const {
    std::string text =
        line + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    HttpConnection connection(port_);
    connection.send(text + "\r\n" + std::string(body));
    return connection.read().value();
  }
  HttpReply invalidate(const Headers& headers, const std::string& host = "127.0.0.1") const {
    return ask("POST /admin/cache/invalidate", host, headers, R"({"all":true})");
  }

  const std::uint16_t port_ = free_port();
  Scene scene_{[this](Settings& s) { s.set_text("admin", "listen", "127.0.0.1:" + std::to_string(port_)); }};
  const Headers json_{{"Content-Type", "application/json"}};
};

TEST_F(AdminListener, ObeysACallerThatMeansIt) {
  EXPECT_EQ(invalidate(json_).status, 200);
  EXPECT_EQ(invalidate(json_, "localhost:" + std::to_string(port_)).status, 200);
  EXPECT_EQ(ask("POST /admin/reload", "127.0.0.1", {}).status, 200);
}

TEST_F(AdminListener, RefusesWebPagesAndNamesThatWereMadeToLeadThere) {
  ASSERT_EQ(scene_.tokens().status, 200);
  const auto asked = scene_.kong.traffic()[KongOperation::list];
  Headers from_page = json_;
  from_page.emplace_back("Origin", "http://evil.example");
  for (const HttpReply& reply : {invalidate(from_page), invalidate(json_, "evil.example")}) {
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(code_of(reply), "HTTP_403") << reply.body;
  }
  EXPECT_EQ(ask("GET /admin/plugins", "127.0.0.1", {{"Origin", "null"}}).status, 403);
  EXPECT_EQ(scene_.tokens().status, 200);
  EXPECT_EQ(scene_.kong.traffic()[KongOperation::list], asked) << "nothing was dropped";
}

TEST_F(AdminListener, TakesNoBodyThatAFormCouldSend) {
  for (const Headers& headers : {Headers{{"Content-Type", "text/plain"}}, Headers{}}) {
    const HttpReply reply = invalidate(headers);
    EXPECT_EQ(reply.status, 415);
    EXPECT_EQ(code_of(reply), "HTTP_415") << reply.body;
  }
}

TEST_F(AdminListener, IsSpokenToByTheCommandLine) {
  const Finished cleared = run_authd({"--config", scene_.authd.config_file(), "cache", "invalidate", "--all"});
  EXPECT_EQ(cleared.exit_code, 0) << (cleared.errors.empty() ? "" : cleared.errors.front());
}

} // namespace
} // namespace authd::test
