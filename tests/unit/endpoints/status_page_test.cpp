// SPDX-License-Identifier: Apache-2.0
// What `authd ui` serves, and to whom not.
#include "endpoints/status_page.h"

#include <atomic>

#include <Poco/Base64Encoder.h>
#include <Poco/Crypto/DigestEngine.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "raw_client.h"

namespace authd::endpoints {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class StatusPage : public testing::Test {
 protected:
  StatusPage()
      : server_(
            0, [this] { return daemon_answers ? std::optional<std::string>("{}") : std::nullopt; }, log_) {
    const std::string url = server_.url();
    const std::string prefix = "http://127.0.0.1:";
    port_ = static_cast<std::uint16_t>(std::stoi(url.substr(prefix.size())));
    query_ = url.substr(url.find('?'));
  }

  http::Answer ask(const std::string& target, const std::string& host = "127.0.0.1", const std::string& fields = "") {
    http::RawClient client(port_);
    return client.exchange("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
  }
  http::Answer page() { return ask("/admin/ui" + query_); }

  std::atomic<bool> daemon_answers{true};
  std::string query_;
  std::uint16_t port_ = 0;

 private:
  Log log_{Log::Options{}};
  StatusPageServer server_;
};

TEST_F(StatusPage, IsServedToWhoHasTheTokenOfItsUrl) {
  EXPECT_THAT(query_, MatchesRegex("\\?token=[A-Za-z0-9_-]{22}"));
  EXPECT_EQ(page().status, 200);
  EXPECT_EQ(page().header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(ask("/admin/status" + query_).body, "{}");
}

TEST_F(StatusPage, IsKeptFromEverybodyElse) {
  std::string wrong = query_;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (const std::string& query :
       {std::string(), std::string("?token="), wrong, query_ + "A", query_.substr(0, 12), "?t" + query_}) {
    EXPECT_EQ(ask("/admin/ui" + query).status, 403) << query;
    EXPECT_EQ(ask("/admin/status" + query).status, 403) << query;
  }
}

TEST_F(StatusPage, IsNotServedUnderANameThatWasMadeToLeadThere) {
  for (const char* host : {"evil.example", "evil.example:80", "192.0.2.1", "localhost.evil.example", ""}) {
    EXPECT_EQ(ask("/admin/ui" + query_, host).status, 403) << host;
  }
  for (const char* host : {"localhost", "localhost:80", "[::1]:80", "127.0.0.1:80"}) {
    EXPECT_EQ(ask("/admin/ui" + query_, host).status, 200) << host;
  }
}

TEST_F(StatusPage, IsNotServedToAPageFromElsewhere) {
  EXPECT_EQ(ask("/admin/status" + query_, "127.0.0.1", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("/admin/status" + query_, "127.0.0.1", "Origin: null\r\n").status, 403);
  const std::string own = "127.0.0.1:" + std::to_string(port_);
  const http::Answer answer = ask("/admin/status" + query_, own, "Origin: http://" + own + "\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
}

TEST_F(StatusPage, IsAllThatTheAdminListenerHasThere) {
  for (const char* path : {"/", "/admin/plugins", "/admin/cache/stats", "/admin/ui/", "/tokens"}) {
    EXPECT_EQ(ask(path + query_).status, 404) << path;
  }
  http::RawClient client(port_);
  EXPECT_EQ(client.exchange("POST /admin/reload" + query_ + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
                .status,
            404);
}

TEST_F(StatusPage, SaysWhenTheDaemonDoesNotAnswer) {
  daemon_answers = false;
  EXPECT_EQ(ask("/admin/status" + query_).status, 502);
}

std::string base64_of_sha256(const std::string& text) {
  Poco::Crypto::DigestEngine engine("SHA256");
  engine.update(text);
  const auto digest = engine.digest();
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.write(reinterpret_cast<const char*>(digest.data()), static_cast<std::streamsize>(digest.size()));
  encoder.close();
  return out.str();
}

TEST_F(StatusPage, AllowsItsOwnScriptAndStyleAndNothingFromElsewhere) {
  const http::Answer answer = page();
  const std::string policy = answer.header("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  for (const std::string name : {"script", "style"}) {
    const auto begin = answer.body.find("<" + name + ">") + name.size() + 2;
    const auto content = answer.body.substr(begin, answer.body.find("</" + name + ">") - begin);
    EXPECT_THAT(policy, HasSubstr(name + "-src 'sha256-" + base64_of_sha256(content) + "'"));
    EXPECT_EQ(answer.body.find("<" + name, begin), std::string::npos) << "there is one " << name;
  }
  EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer") << "its URL has the token";
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
}

TEST_F(StatusPage, LoadsNothingFromElsewhereAndInsertsTextAsText) {
  const std::string body = page().body;
  for (const char* bad : {"src=", "href=", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacent",
                          "document.write", "style=", "onclick", "eval("}) {
    EXPECT_THAT(body, Not(HasSubstr(bad)));
  }
}

} // namespace
} // namespace authd::endpoints
