// SPDX-License-Identifier: Apache-2.0
#include "http_client/service.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "calls.h"
#include "support/connection_server.h"

namespace authd::test {
namespace {

std::string answer_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string url_of(const ConnectionServer& server, const std::string& path = "/x") {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

// Answers every request, keeps what was asked.
class Recorder {
 public:
  explicit Recorder(std::string answer = answer_with("ok"))
      : answer_(std::move(answer)), server([this](Peer& peer) { serve(peer); }) {}

  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve(Peer& peer) {
    while (const auto request = peer.read_request()) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(*request);
      }
      if (!peer.send(answer_)) return;
    }
  }

  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  const std::string answer_;

 public:
  ConnectionServer server;
};

TEST(HttpService, HandsOverStatusHeadersAndBody) {
  Recorder recorder("HTTP/1.1 404 Not Found\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 3\r\n\r\nabc");
  const Outcome out = Caller()({url_of(recorder.server)});
  EXPECT_EQ(out.status, AUTHD_OK);
  EXPECT_EQ(out.http_status, 404);
  EXPECT_EQ(out.body, "abc");
  ASSERT_GE(out.headers.size(), 2u);
  EXPECT_EQ(out.headers[0], (std::pair<std::string, std::string>("X-One", "1")));
}

TEST(HttpService, SendsThePathAndQueryAsTheyStand) {
  Recorder recorder;
  const std::string target = "/consumers/a%2F..%2fb/./../jwt?size=1&x=%7E";
  Caller()({url_of(recorder.server, target)});
  Caller()({url_of(recorder.server, "?q")});
  ASSERT_EQ(recorder.requests().size(), 2u);
  EXPECT_EQ(recorder.requests()[0].target, target);
  EXPECT_EQ(recorder.requests()[1].target, "/?q");
}

TEST(HttpService, SendsMethodHeadersAndBody) {
  Recorder recorder;
  Ask ask{url_of(recorder.server), "POST", R"({"key":"k"})", {{"Content-Type", "application/json"}}};
  ask.idempotent = false;
  EXPECT_EQ(Caller()(ask).status, AUTHD_OK);
  const ReceivedRequest request = recorder.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, R"({"key":"k"})");
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  EXPECT_EQ(request.header("Host"), "127.0.0.1:" + std::to_string(recorder.server.port()));
}

TEST(HttpService, UsesOneConnectionForRequestsInARow) {
  Recorder recorder;
  Caller call;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(call({url_of(recorder.server)}).body, "ok");
  EXPECT_EQ(recorder.requests().size(), 20u);
  EXPECT_EQ(recorder.server.accepted(), 1u);
}

TEST(HttpService, KeepsNoMoreConnectionsThanThePoolSize) {
  constexpr int kAtOnce = 6;
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  bool gathering = true;
  ConnectionServer server([&](Peer& peer) {
    while (peer.read_request()) {
      std::unique_lock lock(mutex);
      ++here;
      all_here.notify_all();
      all_here.wait_for(lock, std::chrono::seconds(10), [&] { return here >= kAtOnce || !gathering; });
      lock.unlock();
      if (!peer.send(answer_with("ok"))) return;
    }
  });
  Caller call;
  Ask ask{url_of(server)};
  ask.pool_size = 2;
  const auto ask_together = [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < kAtOnce; ++i) threads.emplace_back([&] { EXPECT_EQ(call(ask).body, "ok"); });
    for (std::thread& thread : threads) thread.join();
  };
  ask_together();
  EXPECT_EQ(server.accepted(), 6u);
  {
    const std::lock_guard lock(mutex);
    here = 0;
  }
  ask_together(); // two of these travel on kept connections
  EXPECT_EQ(server.accepted(), 10u);
}

TEST(HttpService, DoesNotReuseAConnectionThatTheServerWantsToClose) {
  Recorder recorder("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"); // and leaves it open
  Caller call;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(call({url_of(recorder.server)}).body, "ok");
  EXPECT_EQ(recorder.server.accepted(), 3u);
}

TEST(HttpService, OpensANewConnectionWhenTheIdleOneWasClosed) {
  ConnectionServer server([](Peer& peer) {
    if (peer.read_request()) peer.send(answer_with("ok")); // then closes without saying so
  });
  Caller call;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(call({url_of(server)}).body, "ok");
  EXPECT_EQ(server.accepted(), 3u);
}

TEST(HttpService, TakesNoBytesThatCameBeforeTheRequestForItsAnswer) {
  std::promise<void> idle;
  std::promise<void> stray_sent;
  ConnectionServer server([&](Peer& peer) {
    if (!peer.read_request() || !peer.send(answer_with("ok")) || peer.number() > 0) return;
    idle.get_future().wait();
    peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    stray_sent.set_value();
    peer.hang();
  });
  Caller call;
  EXPECT_EQ(call({url_of(server)}).http_status, 200);
  idle.set_value();
  stray_sent.get_future().wait();
  EXPECT_EQ(call({url_of(server)}).http_status, 200);
}

TEST(HttpService, SendsAPostOnAConnectionOfItsOwn) {
  Recorder recorder;
  Caller call;
  call({url_of(recorder.server)});
  Ask post{url_of(recorder.server), "POST", "{}"};
  post.idempotent = false;
  call(post);
  call({url_of(recorder.server)});
  EXPECT_EQ(recorder.server.accepted(), 2u);
  EXPECT_EQ(recorder.requests().at(1).header("Connection"), "close");
}

TEST(HttpService, DoesNotKeepTheConnectionOfAPost) {
  Recorder recorder; // leaves it open although it was asked to close it
  Caller call;
  Ask post{url_of(recorder.server), "POST", "{}"};
  post.idempotent = false;
  call(post);
  call({url_of(recorder.server)});
  EXPECT_EQ(recorder.server.accepted(), 2u);
}

// The fault would take 110 bytes * 50 ms; the bound asserted lies far under that.
TEST(HttpService, HoldsTheDeadlineAgainstAServerThatDrips) {
  const std::string slow = answer_with(std::string(70, 'x'));
  ConnectionServer server([&](Peer& peer) {
    if (peer.read_request()) peer.drip(slow, milliseconds(50));
  });
  Ask ask{url_of(server)};
  ask.within = milliseconds(300);
  const Outcome out = Caller()(ask);
  EXPECT_EQ(out.status, AUTHD_TIMEOUT);
  EXPECT_GE(out.took.count(), 300);
  EXPECT_LT(out.took.count(), 2000);
}

TEST(HttpService, HoldsTheDeadlineAgainstAServerThatHangsOrNeverAccepts) {
  ConnectionServer server([](Peer& peer) { peer.hang(); });
  Ask ask{url_of(server)};
  ask.within = milliseconds(150);
  EXPECT_EQ(Caller()(ask).status, AUTHD_TIMEOUT);
}

TEST(HttpService, HoldsTheDeadlineWhileTheServerDoesNotRead) {
  ConnectionServer server([](Peer& peer) { peer.wait(std::chrono::seconds(60)); });
  Ask ask{url_of(server), "PUT", std::string(32 * 1024 * 1024, 'x')};
  ask.within = milliseconds(300);
  const Outcome out = Caller()(ask);
  EXPECT_EQ(out.status, AUTHD_TIMEOUT);
  EXPECT_LT(out.took.count(), 10000);
}

TEST(HttpService, NoticesThatTheCallWasWithdrawn) {
  std::mutex mutex;
  std::condition_variable asked;
  bool has_asked = false;
  ConnectionServer server([&](Peer& peer) {
    if (!peer.read_request()) return;
    {
      const std::lock_guard lock(mutex);
      has_asked = true;
    }
    asked.notify_all();
    peer.hang();
  });
  Call state(steady_now() + std::chrono::seconds(50));
  Caller call;
  std::thread canceller([&] {
    std::unique_lock lock(mutex);
    asked.wait(lock, [&] { return has_asked; });
    state.cancel();
  });
  const Outcome out = call.run({url_of(server)}, state);
  canceller.join();
  EXPECT_EQ(out.status, AUTHD_TIMEOUT);
  EXPECT_LT(out.took.count(), 20000);
}

TEST(HttpService, DoesNotEvenConnectWhenTheTimeIsUp) {
  Recorder recorder;
  Ask ask{url_of(recorder.server)};
  ask.within = milliseconds(0);
  EXPECT_EQ(Caller()(ask).status, AUTHD_TIMEOUT);
  EXPECT_TRUE(recorder.requests().empty());
}

TEST(HttpService, SaysThatAConnectionWasRefused) {
  std::string url;
  {
    Recorder gone;
    url = url_of(gone.server, "/consumers/x/jwt?token=hush");
  }
  const Outcome out = Caller()({url});
  EXPECT_EQ(out.status, AUTHD_UNAVAILABLE);
  EXPECT_NE(out.message.find("Connection refused"), std::string::npos) << out.message;
  EXPECT_NE(out.message.find("/consumers/x/jwt"), std::string::npos) << out.message;
  EXPECT_EQ(out.message.find("hush"), std::string::npos) << out.message;
}

TEST(HttpService, SaysThatANameIsUnknown) {
  const Outcome out = Caller()({"http://no-such-host.invalid/"});
  EXPECT_EQ(out.status, AUTHD_UNAVAILABLE);
  EXPECT_NE(out.message.find("name look-up"), std::string::npos) << out.message;
}

TEST(HttpService, TakesGarbageForCorrupt) {
  ConnectionServer server([](Peer& peer) {
    if (peer.read_request()) peer.send("SSH-2.0-OpenSSH_9.2p1\r\n");
  });
  EXPECT_EQ(Caller()({url_of(server)}).status, AUTHD_CORRUPT);
}

TEST(HttpService, TakesATruncatedBodyForAFailure) {
  for (const char* head : {"Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n40\r\n"}) {
    ConnectionServer server([&](Peer& peer) {
      if (peer.read_request()) peer.send(std::string("HTTP/1.1 200 OK\r\n") + head + R"({"data":[]})");
    });
    const Outcome out = Caller()({url_of(server)});
    EXPECT_EQ(out.status, AUTHD_UNAVAILABLE) << head;
    EXPECT_TRUE(out.body.empty()) << head;
  }
}

TEST(HttpService, RefusesABodyOfTenMegabytes) {
  const std::string huge(10 * 1024 * 1024, 'x');
  for (const std::string& answer :
       {answer_with(huge), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA00000\r\n" + huge + "\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + huge}) {
    ConnectionServer server([&](Peer& peer) {
      if (peer.read_request()) peer.send(answer);
    });
    const Outcome out = Caller()({url_of(server)});
    EXPECT_EQ(out.status, AUTHD_CORRUPT) << answer.substr(0, 60);
    EXPECT_TRUE(out.body.empty());
  }
}

TEST(HttpService, RefusesARequestThatWouldSmuggle) {
  Recorder recorder;
  const std::string url = url_of(recorder.server);
  for (const Ask& ask :
       {Ask{url, "GET", "", {{"X", "a\r\nY: b"}}}, Ask{url, "GET", "", {{"X\r\nY", "a"}}},
        Ask{url, "GET", "", {{"", "a"}}}, Ask{url, "GET /y"}, Ask{url, ""}, Ask{url, "GET", "", {{"host", "other"}}},
        Ask{url, "GET", "", {{"Content-Length", "5"}}}, Ask{url, "GET", "", {{"transfer-encoding", "chunked"}}},
        Ask{url + "/a b"}, Ask{"http://user:hush@127.0.0.1/"}}) {
    const Outcome out = Caller()(ask);
    EXPECT_EQ(out.status, AUTHD_INTERNAL) << ask.url;
    EXPECT_EQ(out.message.find("hush"), std::string::npos);
  }
  EXPECT_TRUE(recorder.requests().empty());
}

TEST(HttpService, RefusesTablesFromBeforeItsFirstRevision) {
  Caller call;
  Call state;
  authd_http_request request{};
  request.size = 8;
  authd_http_response response{};
  response.size = sizeof response;
  EXPECT_EQ(call.table()->exchange(call.table(), state.abi(), &request, &response), AUTHD_INTERNAL);
  EXPECT_NE(state.take_failure(CallStatus::internal).message.find("first revision"), std::string::npos);
}

TEST(HttpService, SurvivesACallbackThatThrows) {
  Recorder recorder;
  Caller call;
  Call state;
  const std::string url = url_of(recorder.server);
  authd_http_request request{};
  request.size = sizeof request;
  request.method = {"GET", 3};
  request.url = {url.data(), url.size()};
  authd_http_response response{};
  response.size = sizeof response;
  response.on_body = [](void*, authd_bytes) { throw 1; };
  EXPECT_EQ(call.table()->exchange(call.table(), state.abi(), &request, &response), AUTHD_INTERNAL);
}

TEST(HttpService, ServesManyThreadsAtOnce) {
  Recorder recorder;
  Caller call;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        Ask ask{url_of(recorder.server, "/" + std::to_string(t))};
        ask.idempotent = i % 5 != 0;
        ask.within = std::chrono::seconds(30);
        ASSERT_EQ(call(ask).body, "ok");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(recorder.requests().size(), 400u);
  EXPECT_LE(recorder.server.accepted(), 80u + 8u);
}

TEST(HttpService, ClosesThePoolOfAnInstanceWithItsTable) {
  std::promise<void> closed;
  ConnectionServer server([&](Peer& peer) {
    while (peer.read_request()) peer.send(answer_with("ok"));
    closed.set_value();
  });
  Caller call;
  const authd_host other = recording_host();
  const auto table = call.service().connect(&other);
  EXPECT_EQ(table->host, &other);
  EXPECT_EQ(call.table()->host, &call.host());
  EXPECT_EQ(call({url_of(server)}).body, "ok");
  call.disconnect();
  EXPECT_EQ(closed.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

} // namespace
} // namespace authd::test
