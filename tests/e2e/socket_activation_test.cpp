// SPDX-License-Identifier: Apache-2.0
// authd on a socket that the service manager opened and keeps.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <system_error>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scene.h"
#include "support/notify_socket.h"

namespace authd::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::seconds kPatience{30};

// What the service manager has: a socket of 127.0.0.1.
class ServiceSocket {
 public:
  explicit ServiceSocket(int type = SOCK_STREAM) : fd_(::socket(AF_INET, type, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::system_error(errno, std::system_category(), "bind");
    }
    port_ = ntohs(address.sin_port);
  }
  ~ServiceSocket() { ::close(fd_); }
  ServiceSocket(const ServiceSocket&) = delete;
  ServiceSocket& operator=(const ServiceSocket&) = delete;

  ServiceSocket& listen() {
    ::listen(fd_, 1024);
    return *this;
  }
  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }

  bool is_open_in(pid_t process) const {
    struct stat own {};
    ::fstat(fd_, &own);
    const std::string name = "socket:[" + std::to_string(own.st_ino) + "]";
    std::error_code gone; // a descriptor may be closed meanwhile
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd", gone)) {
      if (std::filesystem::read_symlink(entry.path(), gone) == name) return true;
    }
    return false;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

class SocketActivation : public testing::Test {
 protected:
  SocketActivation() {
    socket_.listen();
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
  }
  std::unique_ptr<AuthdProcess> start(const Environment& environment = {}) {
    auto authd = std::make_unique<AuthdProcess>(settings_, socket_.fd(), environment);
    authd->await_ready();
    return authd;
  }
  // Until this process no longer listens.
  void await_closed(const AuthdProcess& authd) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (socket_.is_open_in(authd.pid())) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it still listens";
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  FakeKong kong_;
  Settings settings_{kong_.url()};
  ServiceSocket socket_;
};

TEST_F(SocketActivation, ServesThePassedSocketInsteadOfHostAndPort) {
  settings_.set_text("server", "host", "127.0.0.7");
  const auto authd = start({{"PORT", "3999"}});
  EXPECT_EQ(authd->port(), socket_.port());
  EXPECT_EQ(get(socket_.port(), "/tokens", kAlice).status, 200);
  std::vector<std::string> warnings;
  for (const LogLine& line : authd->events("configuration")) warnings.push_back(line.field("message"));
  const std::string where = "ignored: the service manager passed a socket that listens on 127.0.0.1:";
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("server.host: " + where), StartsWith("PORT: server.port: " + where)));
}

TEST_F(SocketActivation, AReloadKeepsTheSocket) {
  const auto authd = start();
  ASSERT_TRUE(authd->reload(settings_.set_text("jwt", "expiration", "5m").toml(), "reloaded"));
  EXPECT_TRUE(authd->events("reload-incomplete").empty());
  EXPECT_THAT(get(socket_.port(), "/tokens", kAlice).body, HasSubstr("\"expires_in\":300"));
}

// One of two reactors is stuck in a plugin: the other accepts what the stuck one would have been woken for.
TEST_F(SocketActivation, EveryReactorAccepts) {
  TempDir files;
  const std::string go = (files.path() / "go").string();
  settings_.set("server", "reactors", "2");
  settings_.set_text("cache", "plugin", std::string(AUTHD_TEST_PLUGINS) + "/misbehaves.so");
  settings_.set_text("cache", "at", "get").set_text("cache", "does", "await " + go);
  const auto authd = start();
  HttpConnection stuck(socket_.port());
  stuck.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(authd->child().await_line([](const std::string& l) { return l == "misbehaving"; }, kPatience));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(get(socket_.port(), "/health/live").status, 200);
  files.write("go", "");
  EXPECT_TRUE(stuck.read(kPatience));
}

// The old process still waits for Kong; who connects now is the new one's.
TEST_F(SocketActivation, ADrainLeavesTheBacklogToTheSuccessor) {
  settings_.set_text("telemetry", "access_log", "all").set_text("breaker", "timeout", "10s");
  const auto old = start();
  kong_.set_fault(KongOperation::list, {.kind = KongFault::Kind::none, .delay = std::chrono::seconds(2)});
  HttpConnection waiting(socket_.port());
  waiting.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(kong_.await(KongOperation::list, 1, kPatience));
  old->child().signal(SIGTERM);
  await_closed(*old);

  HttpConnection next(socket_.port());
  ASSERT_TRUE(next.send(request_text("GET", "/health/live", {{"X-Request-Id", "for-the-successor"}})));
  const auto successor = start();
  const auto answer = next.read(kPatience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("X-Request-Id"), "for-the-successor");
  const auto of_old = waiting.read(kPatience);
  ASSERT_TRUE(of_old);
  EXPECT_EQ(of_old->status, 200);
  EXPECT_EQ(old->child().await_exit(kPatience), 0);
  EXPECT_THAT(old->child().everything(), testing::Not(HasSubstr("for-the-successor")));
}

TEST_F(SocketActivation, RestartsFailNoRequest) {
  auto authd = start();
  std::atomic<bool> ending{false};
  std::atomic<unsigned> answered{0};
  const auto ask = [&] {
    while (!ending) {
      ASSERT_EQ(get(socket_.port(), "/tokens", kAlice).status, 200);
      ++answered;
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(checked_thread(ask));
  const auto await_more = [&] {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (const unsigned enough = answered + 20; answered < enough; std::this_thread::sleep_for(milliseconds(1)))
      if (std::chrono::steady_clock::now() > deadline) return false;
    return true;
  };
  for (int restart = 0; restart < 3; ++restart) {
    EXPECT_TRUE(await_more());
    authd->child().signal(SIGTERM);
    EXPECT_EQ(authd->child().await_exit(kPatience), 0);
    authd = start();
  }
  EXPECT_TRUE(await_more());
  ending = true;
  for (std::thread& client : clients) client.join();
}

TEST_F(SocketActivation, IgnoresWhatIsMeantForAnotherProcess) {
  AuthdProcess authd(settings_.toml(), {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}});
  EXPECT_NE(authd.await_ready(), socket_.port());
}

// What cannot be served is refused as a wrong configuration is: 78, which the unit does not start again.
TEST_F(SocketActivation, RefusesWhatItCannotServe) {
  const auto refusal = [&](int socket, const Environment& environment = {}) {
    AuthdProcess authd(settings_, socket, environment);
    EXPECT_EQ(authd.child().await_exit(kPatience), 78);
    const auto errors = authd.child().errors();
    return errors.size() == 1 ? errors.front() : authd.child().everything();
  };
  const ServiceSocket unheard;
  const ServiceSocket datagrams(SOCK_DGRAM);
  EXPECT_THAT(refusal(unheard.fd()), HasSubstr("does not listen; in the socket unit, set ListenStream and Accept=no"));
  EXPECT_THAT(refusal(datagrams.fd()), HasSubstr("does not listen"));
  EXPECT_THAT(refusal(socket_.fd(), {{"LISTEN_FDS", "2"}}), HasSubstr("expected one socket, got 2"));
}

TEST_F(SocketActivation, RefusesAUnixSocket) {
  TempDir files;
  const int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (files.path() / "s").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(local, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(local, 1), 0);
  AuthdProcess authd(settings_, local);
  EXPECT_EQ(authd.child().await_exit(kPatience), 78);
  EXPECT_THAT(authd.child().errors(), ElementsAre(HasSubstr("set ListenStream to address:port")));
  ::close(local);
}

} // namespace
} // namespace authd::test
