// SPDX-License-Identifier: Apache-2.0
// To which trace a gateway's exchanges say that they belong: read by the server.
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "calls.h"
#include "support/connection_server.h"

namespace authd::test {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kUnavailable = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";

// Answers its first request with 503 and those after it well; keeps them all.
class Server {
 public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/x?secret=1"; }
  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool keep(ReceivedRequest request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    return requests_.size() == 1;
  }

  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
  ConnectionServer server_{[this](Peer& peer) {
    while (auto request = peer.read_request()) {
      if (!peer.send(keep(std::move(*request)) ? kUnavailable : kOk)) return;
    }
  }};
};

TraceContext trace() {
  TraceContext context;
  context.trace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
  context.span = span_id_of("00f067aa0ba902b7");
  context.sampled = true;
  context.state = "a=1,b=2";
  return context;
}

Ask ask_of(const Server& server, std::uint32_t max_attempts = 1) {
  Ask ask{server.url()};
  ask.max_attempts = max_attempts;
  return ask;
}

TEST(HttpTrace, IsSentWithASpanForEachAttempt) {
  Server server;
  Call call(steady_now() + std::chrono::seconds(20));
  call.set_trace(trace());
  const SpanId operation = call.begin_span();
  EXPECT_EQ(Caller().run(ask_of(server, 2), call).http_status, 200);

  const auto attempts = call.take_attempts();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  ASSERT_EQ(attempts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string span(view(hex_of(attempts[i].span)));
    EXPECT_EQ(requests[i].header("traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-" + span + "-01");
    EXPECT_EQ(requests[i].header("tracestate"), "a=1,b=2");
    EXPECT_EQ(attempts[i].parent, operation);
    EXPECT_EQ(attempts[i].resends, i);
    EXPECT_EQ(attempts[i].method, "GET");
    EXPECT_EQ(attempts[i].host, "127.0.0.1");
    EXPECT_FALSE(attempts[i].url.ends_with("secret=1")) << attempts[i].url;
  }
  EXPECT_NE(attempts[0].span, attempts[1].span);
  EXPECT_NE(operation, trace().span);
  EXPECT_EQ(attempts[0].status, 503);
  EXPECT_EQ(attempts[1].status, 200);
}

TEST(HttpTrace, IsThePluginsIfItSendsOne) {
  Server server;
  Call call(steady_now() + std::chrono::seconds(20));
  call.set_trace(trace());
  Ask ask = ask_of(server);
  ask.headers = {{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}};
  Caller().run(ask, call);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].header("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  EXPECT_FALSE(server.requests()[0].header("tracestate"));
}

TEST(HttpTrace, IsAbsentWhereThereIsNone) {
  Server server;
  Call call(steady_now() + std::chrono::seconds(20));
  Caller().run(ask_of(server), call);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_FALSE(server.requests()[0].header("traceparent"));
  EXPECT_TRUE(call.take_attempts().empty());
}

TEST(HttpTrace, NotesWhyAnAttemptHadNoAnswer) {
  Call call(steady_now() + std::chrono::seconds(20));
  call.set_trace(trace());
  Ask ask{"http://127.0.0.1:1/x"}; // nobody listens there
  Caller().run(ask, call);
  const auto attempts = call.take_attempts();
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].status, 0);
  EXPECT_NE(attempts[0].failure, "");
  EXPECT_EQ(attempts[0].port, "1");
}

} // namespace
} // namespace authd::test
