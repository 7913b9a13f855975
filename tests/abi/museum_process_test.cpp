// SPDX-License-Identifier: Apache-2.0
// The built authd with nothing but plugins of ABI 1.0. The gateway gives alice another key at each list, so
// the token's key claim tells which list it was signed from.
#include <chrono>
#include <optional>
#include <string>

#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/authd_process.h"
#include "support/http_client.h"
#include "support/temp_dir.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

constexpr std::string_view kBase = R"toml(
[server]
environment = "test"
port = 0
[jwt]
authority = "https://auth.example"
audience = "https://api.example"
[plugins]
dir = "MUSEUM/1.0"
[gateway]
plugin = "museum-gateway"
[lookup]
refresh_ahead = 0
[[cache]]
plugin = "museum-tier"
ttl = "10m"
)toml";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

class MuseumProcess : public testing::Test {
 protected:
  void start(const std::string& more = "") {
    authd_.emplace(replaced(std::string(kBase), "MUSEUM", MUSEUM) + more, Environment{});
    authd_->await_ready();
  }
  void start_with_remote_tier() {
    start("[[cache]]\nplugin = \"museum-remote\"\nchannel = \"" + channel() + "\"\nttl = \"20m\"\n");
  }

  // The key that alice's token was signed with now; empty: there was no token.
  std::string key() {
    const HttpReply reply =
        get(authd_->port(), "/tokens", {{"X-Consumer-ID", "alice-id"}, {"X-Consumer-Username", "alice"}});
    if (reply.status != 200) return {};
    const auto token = Poco::JSON::Parser().parse(reply.body).extract<Poco::JSON::Object::Ptr>();
    return take_apart(token->getValue<std::string>("access_token")).claims->getValue<std::string>("key");
  }

  // Until the token was signed from another list. Told again each time, because the first list may reach the remote
  // tier only after its answer has been given.
  bool await_another_key(const std::string& than, const std::string& report) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (key() == than) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      tell_remote_tier("forget");
      tell_remote_tier(report);
    }
    return true;
  }

  void tell_remote_tier(std::string_view message) {
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    channel().copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::sendto(fd, message.data(), message.size(), 0, to, sizeof address),
              static_cast<ssize_t>(message.size()));
    ::close(fd);
  }

  std::string channel() const { return (dir_.path() / "channel").string(); }

  TempDir dir_;
  std::optional<AuthdProcess> authd_;
};

} // namespace

TEST_F(MuseumProcess, IssuesTokens) {
  start();
  EXPECT_EQ(key(), "alice-key-1");
  EXPECT_EQ(key(), "alice-key-1"); // from the tier
  EXPECT_EQ(get(authd_->port(), "/health").status, 200);
}

TEST_F(MuseumProcess, DropsWhatARemoteTierSaysWasInvalidated) {
  start_with_remote_tier();
  ASSERT_EQ(key(), "alice-key-1");
  tell_remote_tier("forget");
  tell_remote_tier("invalidated authd:v1:someone-else");
  EXPECT_EQ(key(), "alice-key-1"); // the faster tier still has it
  EXPECT_TRUE(await_another_key("alice-key-1", "invalidated authd:v1:alice-id"));
}

// Of a tier of 1.0 resync may mean that everything was cleared: it has no other word for it.
TEST_F(MuseumProcess, DropsEverythingWhenARemoteTierOfThisMinorResyncs) {
  start_with_remote_tier();
  ASSERT_EQ(key(), "alice-key-1");
  tell_remote_tier("forget");
  EXPECT_EQ(key(), "alice-key-1");
  EXPECT_TRUE(await_another_key("alice-key-1", "resync"));
}

} // namespace authd::test
