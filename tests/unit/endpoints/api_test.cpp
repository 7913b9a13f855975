// SPDX-License-Identifier: Apache-2.0
// GET / over a real server: negotiation and caching.
#include "endpoints/api.h"

#include <array>
#include <sstream>

#include <Poco/Base64Encoder.h>
#include <gtest/gtest.h>

#include "described.h"
#include "http/server.h"
#include "pipeline/hmac.h"
#include "raw_client.h"

namespace authd::endpoints {
namespace {

constexpr const char* kBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
constexpr WallTime kSince{seconds(784111777)};
constexpr const char* kSinceText = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string base64(const std::array<char, 32>& digest) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.write(digest.data(), static_cast<std::streamsize>(digest.size()));
  encoder.close();
  return out.str();
}

class ApiEndpointTest : public testing::Test {
 protected:
  ApiEndpointTest() {
    api_.add_to(router_);
    router_.add({http::described(http::Method::get, "/later"), [](http::Exchange& e) { e.respond(200, "", ""); }});
    http::ServerOptions options;
    options.port = 0;
    options.reactors = 1;
    server_ = std::make_unique<http::Server>(options, router_, nullptr, log_);
    server_->start();
  }

  // Lines with their CRLF.
  http::Answer ask(const std::string& lines) {
    http::RawClient client(server_->port());
    return client.exchange("GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n");
  }
  http::Answer ask_head(const std::string& lines) {
    http::RawClient client(server_->port());
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n");
    return client.receive(true);
  }
  http::Answer ask_for(const std::string& accept) { return ask("Accept: " + accept + "\r\n"); }

 private:
  Log log_{Log::Options{}};
  http::Router router_;
  ApiEndpoint api_{info_of_public_listener({}), router_, kSince};
  std::unique_ptr<http::Server> server_;
};

TEST_F(ApiEndpointTest, AnswersInTheFormThatIsAskedFor) {
  const std::map<std::string, std::string> types{{"*/*", "application/json"},
                                                 {"application/json", "application/json"},
                                                 {"image/png", "application/json"},
                                                 {"application/yaml", "application/yaml"},
                                                 {"text/yaml", "application/yaml"},
                                                 {"application/x-yaml", "application/yaml"},
                                                 {"text/html", "text/html; charset=utf-8"},
                                                 {"text/*", "text/html; charset=utf-8"},
                                                 {kBrowser, "text/html; charset=utf-8"},
                                                 {"text/html;q=0.3, application/yaml;q=0.4", "application/yaml"}};
  for (const auto& [accept, type] : types) EXPECT_EQ(ask_for(accept).header("Content-Type"), type) << accept;
  EXPECT_EQ(ask("").header("Content-Type"), "application/json");
  EXPECT_EQ(ask_for("text/yaml").body.substr(0, 9), "openapi: ");
  EXPECT_EQ(ask_for("text/html").body.substr(0, 15), "<!DOCTYPE html>");
}

TEST_F(ApiEndpointTest, DescribesRoutesThatWereAddedAfterIt) {
  EXPECT_NE(ask("").body.find("\"/later\""), std::string::npos);
}

TEST_F(ApiEndpointTest, SaysHowLongAndForWhomACopyIsGood) {
  for (const char* accept : {"application/json", "application/yaml", kBrowser}) {
    const http::Answer answer = ask_for(accept);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=300");
    EXPECT_EQ(answer.header("Vary"), "Accept");
    EXPECT_EQ(answer.header("Last-Modified"), kSinceText);
    EXPECT_EQ(answer.header("ETag").front(), '"') << "strong";
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  }
}

TEST_F(ApiEndpointTest, HasAnEtagForEachForm) {
  const std::string json = ask_for("application/json").header("ETag");
  const std::string yaml = ask_for("text/yaml").header("ETag");
  const std::string page = ask_for("text/html").header("ETag");
  EXPECT_EQ(ask_for("application/json").header("ETag"), json);
  EXPECT_NE(json, yaml);
  EXPECT_NE(json, page);
  EXPECT_NE(yaml, page);
}

TEST_F(ApiEndpointTest, SendsNothingToWhoHasIt) {
  const std::string etag = ask("").header("ETag");
  for (const std::string& lines :
       {"If-None-Match: " + etag + "\r\n", std::string("If-None-Match: *\r\n"),
        "If-None-Match: \"x\", W/" + etag + "\r\n", "If-Modified-Since: " + std::string(kSinceText) + "\r\n"}) {
    const http::Answer answer = ask(lines);
    EXPECT_EQ(answer.status, 304) << lines;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("ETag"), etag);
    EXPECT_EQ(answer.header("Vary"), "Accept");
    EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=300");
    EXPECT_EQ(answer.header("Last-Modified"), kSinceText);
    EXPECT_FALSE(answer.has("Content-Type"));
  }
}

TEST_F(ApiEndpointTest, SendsItToWhoHasAnother) {
  const std::string etag = ask("").header("ETag");
  EXPECT_EQ(ask("If-None-Match: " + etag + "\r\nAccept: text/yaml\r\n").status, 200) << "that is JSON's";
  EXPECT_EQ(ask("If-None-Match: \"x\"\r\n").status, 200);
  EXPECT_EQ(ask("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").status, 200);
}

TEST_F(ApiEndpointTest, AnswersHeadWithTheSameFields) {
  const http::Answer whole = ask("");
  const http::Answer head = ask_head("");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("Content-Length"), std::to_string(whole.body.size()));
  EXPECT_EQ(head.header("ETag"), whole.header("ETag"));
  EXPECT_EQ(ask_head("If-None-Match: " + whole.header("ETag") + "\r\n").status, 304);
}

TEST_F(ApiEndpointTest, LetsThePageUseItsOwnStyleAlone) {
  const http::Answer page = ask_for("text/html");
  const std::string policy = page.header("Content-Security-Policy");
  const std::size_t begin = page.body.find("<style>") + 7;
  const std::string style = page.body.substr(begin, page.body.find("</style>") - begin);
  EXPECT_NE(policy.find("style-src 'sha256-" + base64(pipeline::sha256(style, "")) + "'"), std::string::npos) << policy;
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << policy;
  EXPECT_EQ(policy.find("script-src"), std::string::npos) << policy;
}

} // namespace
} // namespace authd::endpoints
