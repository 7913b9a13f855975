// SPDX-License-Identifier: Apache-2.0
// The end of the process must not wait for a server. Every fault here lasts a minute; the bound asserted
// lies far under that.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "calls.h"
#include "support/connection_server.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kFault{60};
constexpr std::chrono::seconds kFarUnderTheFault{20};

// Counts to a number that somebody waits for.
class Gauge {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void await(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

std::string url_of(const ConnectionServer& server, const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(server.port()) + "/x";
}

Ask patient(std::string url) {
  Ask ask{std::move(url)};
  ask.within = kFault;
  return ask;
}

// Aborts once `reached` says so; the exchange must end soon after.
Outcome aborted(const Ask& ask, Gauge& reached) {
  Caller call;
  std::thread ending([&] {
    reached.await(1);
    call.service().abort();
  });
  const Outcome out = call(ask);
  ending.join();
  EXPECT_EQ(out.status, AUTHD_CANCELLED) << out.message;
  EXPECT_LT(out.took, kFarUnderTheFault);
  return out;
}

} // namespace

TEST(HttpAbort, EndsAnExchangeWhoseAnswerDoesNotCome) {
  Gauge asked;
  ConnectionServer server([&](Peer& peer) {
    if (!peer.read_request()) return;
    asked.add();
    peer.hang();
  });
  EXPECT_NE(aborted(patient(url_of(server)), asked).message.find("authd is stopping"), std::string::npos);
}

TEST(HttpAbort, EndsAnExchangeWhoseAnswerTrickles) {
  Gauge asked;
  ConnectionServer server([&](Peer& peer) {
    if (!peer.read_request()) return;
    asked.add();
    peer.drip("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + std::string(9999, 'x'), milliseconds(10));
  });
  aborted(patient(url_of(server)), asked);
}

TEST(HttpAbort, EndsARequestThatNobodyReads) {
  Gauge accepted;
  ConnectionServer server([&](Peer& peer) {
    accepted.add();
    peer.wait(kFault);
  });
  Ask ask = patient(url_of(server));
  ask.method = "PUT";
  ask.body = std::string(32 * 1024 * 1024, 'x');
  aborted(ask, accepted);
}

TEST(HttpAbort, EndsAHandshake) {
  Gauge accepted;
  ConnectionServer server([&](Peer& peer) {
    accepted.add();
    peer.hang();
  });
  aborted(patient(url_of(server, "https")), accepted);
}

TEST(HttpAbort, EndsTheWaitBetweenTwoAttempts) {
  Gauge answered;
  ConnectionServer server([&](Peer& peer) {
    while (peer.read_request()) {
      peer.send("HTTP/1.1 503 X\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n");
      answered.add();
    }
  });
  Ask ask = patient(url_of(server));
  ask.max_attempts = 2;
  aborted(ask, answered);
}

TEST(HttpAbort, EndsAllThatIsUnderWay) {
  constexpr int kExchanges = 24;
  Gauge asked;
  ConnectionServer server([&](Peer& peer) {
    if (!peer.read_request()) return;
    asked.add();
    peer.hang();
  });
  Caller call;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kExchanges; ++i) {
    threads.emplace_back([&, idempotent = i % 2 == 0] {
      Ask ask = patient(url_of(server));
      ask.idempotent = idempotent;
      const Outcome out = call(ask);
      cancelled += out.status == AUTHD_CANCELLED && out.took < kFarUnderTheFault;
    });
  }
  asked.await(kExchanges);
  call.service().abort();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cancelled, kExchanges);
}

TEST(HttpAbort, RefusesWhatBeginsAfterwards) {
  std::atomic<int> requests{0};
  ConnectionServer server([&](Peer& peer) {
    while (peer.read_request()) {
      ++requests;
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  Caller call;
  EXPECT_EQ(call(patient(url_of(server))).http_status, 200);
  call.service().abort();
  call.service().abort();
  EXPECT_EQ(call(patient(url_of(server))).status, AUTHD_CANCELLED) << "over the pooled connection";
  Ask fresh = patient(url_of(server));
  fresh.idempotent = false;
  EXPECT_EQ(call(fresh).status, AUTHD_CANCELLED);
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(server.accepted(), 1u);
}

} // namespace authd::test
