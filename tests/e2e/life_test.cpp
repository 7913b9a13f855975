// SPDX-License-Identifier: Apache-2.0
// Start, SIGTERM, and the requests in between.
#include <atomic>
#include <csignal>
#include <thread>

#include <sched.h>

#include "scene.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{30};

TEST(Life, AnnouncesItsPortInOneLine) {
  const Scene scene;
  ASSERT_EQ(scene.authd.events("ready").size(), 1u);
  const LogLine ready = scene.authd.events("ready")[0];
  EXPECT_EQ(ready.field("server.port"), std::to_string(scene.port()));
  for (const char* name : {"@timestamp", "log.level", "message", "ecs.version", "service.name", "service.version",
                           "service.environment"}) {
    EXPECT_FALSE(ready.field(name).empty()) << name;
  }
}

TEST(Life, RefusesAPortThatAnotherProcessServes) {
  const Scene scene;
  Settings settings("http://127.0.0.1:1");
  settings.set("server", "port", std::to_string(scene.port()));
  AuthdProcess second(settings);
  const auto code = second.child().await_exit(kPatience);
  ASSERT_TRUE(code);
  EXPECT_NE(*code, 0);
  EXPECT_NE(second.child().everything().find("server.port"), std::string::npos) << second.child().everything();
}

TEST(Life, EndsWithZeroOnSigtermAndOnSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Scene scene;
    ASSERT_EQ(scene.tokens().status, 200);
    scene.authd.child().signal(signal);
    EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0) << scene.authd.child().everything();
    EXPECT_THROW(HttpConnection(scene.port()), std::system_error);
  }
}

TEST(Life, GoesOnAfterSigusr1) {
  Scene scene;
  for (int i = 0; i < 3; ++i) scene.authd.child().signal(SIGUSR1);
  EXPECT_EQ(scene.tokens().status, 200);
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0) << scene.authd.child().everything();
}

// The affinity is inherited: it is the test's own that is narrowed.
TEST(Life, HasOneReactorForEachCpuThatItMayUse) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(all), &all), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  Settings settings("http://127.0.0.1:1");
  AuthdProcess authd(settings);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(all), &all), 0);
  authd.await_ready();
  EXPECT_EQ(authd.events("ready")[0].field("authd.reactors"), "1");
}

TEST(Life, AnswersEveryRequestThatWaitsForKongWhenSigtermComes) {
  constexpr std::size_t kClients = 64;
  Scene scene([](Settings& s) {
    s.set("gateway", "pool_size", "64");
    s.set_text("breaker", "timeout", "10s");
  });
  KongFault slow;
  slow.delay = milliseconds(500);
  scene.kong.set_fault(slow);
  std::vector<HttpConnection> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    const std::string id = scene.kong.add_consumer("client-" + std::to_string(i));
    scene.kong.add_credential(id, {"key-" + std::to_string(i), "s"});
    clients.emplace_back(scene.port());
    clients.back().send(request_text("GET", "/tokens", consumer_headers(id, "c")));
  }
  ASSERT_TRUE(scene.kong.await(KongOperation::list, kClients, kPatience));
  scene.authd.child().signal(SIGTERM);
  for (HttpConnection& client : clients) {
    const auto reply = client.read(kPatience);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->header("Connection"), "close");
  }
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
}

TEST(Life, AnswersWhatIsInTheBacklogWhenSigtermComes) {
  Scene scene;
  ASSERT_EQ(scene.tokens().status, 200);
  scene.authd.child().signal(SIGSTOP);
  std::vector<HttpConnection> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(scene.port()); // the kernel accepts for authd
    clients.back().send(request_text("GET", "/tokens", kAlice));
  }
  scene.authd.child().signal(SIGTERM);
  scene.authd.child().signal(SIGCONT);
  for (HttpConnection& client : clients) {
    EXPECT_EQ(client.read(kPatience).value_or(HttpReply()).status, 200);
  }
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
}

// A client in a loop over one connection after another; tells lost requests from unread ones.
struct Counts {
  std::atomic<long> sent{0};
  std::atomic<long> answered{0};
  std::atomic<long> unread{0}; // the connection was reset: authd's kernel had bytes authd never read
  std::atomic<long> lost{0};   // closed in good order without an answer, though authd had read it all
};

void ask_until_refused(std::uint16_t port, Counts& counts) {
  try {
    for (;;) {
      HttpConnection connection(port);
      for (bool open = true; open;) {
        if (!connection.send(request_text("GET", "/tokens", kAlice))) break;
        ++counts.sent;
        if (const auto reply = connection.read()) {
          ++counts.answered;
          open = reply->header("Connection") != "close";
          continue;
        }
        ++(connection.await_end(milliseconds(2000)) == Ending::reset ? counts.unread : counts.lost);
        open = false;
      }
    }
  } catch (const std::system_error&) {
    return; // the listeners are closed
  }
}

TEST(Life, LosesNoRequestThatItReadWhenSigtermComesUnderLoad) {
  Scene scene([](Settings& s) { s.set_text("cache", "ttl", "5m"); });
  ASSERT_EQ(scene.tokens().status, 200);
  Counts counts;
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(checked_thread([&] { ask_until_refused(scene.port(), counts); }));
  HttpConnection witness(scene.port());
  for (int i = 0; i < 500; ++i) { // the load is on
    witness.send(request_text("GET", "/tokens", kAlice));
    ASSERT_TRUE(witness.read());
  }
  scene.authd.child().signal(SIGTERM);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  std::printf("sent %ld, answered %ld, unread %ld, lost %ld\n", counts.sent.load(), counts.answered.load(),
              counts.unread.load(), counts.lost.load());
  EXPECT_GE(counts.answered, 500);
  EXPECT_EQ(counts.lost, 0);
  EXPECT_EQ(counts.sent, counts.answered + counts.unread);
}

TEST(Life, EndsWithinTheDrainTimeoutAlthoughAClientNeverReads) {
  Scene scene([](Settings& s) { s.set_text("server", "drain_timeout", "1s"); });
  ASSERT_EQ(scene.tokens().status, 200);
  HttpConnection glutton(scene.port());
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += request_text("GET", "/tokens", kAlice);
  for (int refused = 0; refused < 100;) {
    refused = glutton.send_some(batch) == 0 ? refused + 1 : 0;
    ASSERT_EQ(scene.tokens().status, 200);
  }
  const auto start = std::chrono::steady_clock::now();
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
}

// The worker listens to Kong for breaker.timeout and 5 s more; the bound asserted lies far under that.
TEST(Life, EndsAfterTheDrainTimeoutAlthoughAWorkerHangsInKong) {
  Scene scene([](Settings& s) {
    s.set_text("breaker", "timeout", "10s");
    s.set_text("server", "drain_timeout", "1s");
  });
  scene.kong.set_fault({KongFault::Kind::hang});
  HttpConnection client(scene.port());
  client.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(scene.kong.await(KongOperation::list, 1, kPatience));
  const auto start = std::chrono::steady_clock::now();
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0) << scene.authd.child().everything();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(9));
}

TEST(Life, EndsAtOnceOnTheSecondSigterm) {
  Scene scene([](Settings& s) {
    s.set_text("breaker", "timeout", "10s");
    s.set_text("server", "drain_timeout", "10m");
  });
  scene.kong.set_fault({KongFault::Kind::hang});
  HttpConnection client(scene.port());
  client.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(scene.kong.await(KongOperation::list, 1, kPatience));
  scene.authd.child().signal(SIGTERM);
  ASSERT_TRUE(scene.authd.await_event("draining", kPatience));
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 1) << scene.authd.child().everything();
}

TEST(Life, KeepsServingOnSighup) {
  Scene scene;
  scene.authd.child().signal(SIGHUP);
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.authd.child().await_exit(milliseconds(0)), std::nullopt);
}

} // namespace
} // namespace authd::test
