// SPDX-License-Identifier: Apache-2.0
#include "http/sent_trace.h"

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "described.h"
#include "test_server.h"

namespace authd::http {
namespace {

const std::string kTraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// Of a request with these fields; copies, because the answer views its arguments.
struct Read {
  bool has_parent;
  std::string state;
};
Read read(const std::vector<HeaderField>& fields) {
  Request request;
  request.headers = fields;
  std::string joined;
  const SentTrace sent = sent_trace(request, joined);
  return {sent.parent.has_value(), std::string(sent.state)};
}

TEST(SentTrace, IsReadWhateverTheCaseOfItsNames) {
  const Read sent = read({{"TraceParent", kTraceParent}, {"TRACESTATE", "a=1"}});
  EXPECT_TRUE(sent.has_parent);
  EXPECT_EQ(sent.state, "a=1");
}

TEST(SentTrace, JoinsTheLinesOfAState) {
  EXPECT_EQ(
      read({{"tracestate", "a=1"}, {"traceparent", kTraceParent}, {"tracestate", "b=2"}, {"tracestate", "c=3"}}).state,
      "a=1,b=2,c=3");
}

TEST(SentTrace, DropsAStateThatIsInvalidOrTooLongInAllItsLines) {
  EXPECT_EQ(read({{"traceparent", kTraceParent}, {"tracestate", "a=1"}, {"tracestate", "a=2"}}).state, "");
  const std::string half = "=" + std::string(256, 'v');
  const std::string a = "a" + half, b = "b" + half;
  EXPECT_EQ(read({{"traceparent", kTraceParent}, {"tracestate", a}}).state, a);
  const Read both = read({{"traceparent", kTraceParent}, {"tracestate", a}, {"tracestate", b}});
  EXPECT_EQ(both.state, "");
  EXPECT_TRUE(both.has_parent) << "the trace goes on without it";
}

TEST(SentTrace, IsNoneIfItsParentIsInvalidOrThereAreTwo) {
  EXPECT_FALSE(read({{"tracestate", "a=1"}}).has_parent);
  EXPECT_FALSE(read({{"traceparent", kTraceParent}, {"traceparent", kTraceParent}}).has_parent);
  const Read invalid = read({{"traceparent", "00-0-0-01"}, {"tracestate", "a=1"}});
  EXPECT_FALSE(invalid.has_parent);
  EXPECT_EQ(invalid.state, "");
}

class Traces final : public RequestObserver {
 public:
  struct Seen {
    TraceContext context;
    std::string state;
  };
  void on_outcome(const RequestOutcome& outcome) override {
    const std::lock_guard lock(mutex_);
    seen_.push_back({outcome.trace, std::string(outcome.trace.state)});
  }
  void on_fault(const RequestOutcome&, std::string_view) override {}
  Seen last() const {
    const std::lock_guard lock(mutex_);
    return seen_.empty() ? Seen() : seen_.back();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

class TraceOfARequest : public testing::Test {
 protected:
  // What its observers are told of a request with these lines.
  Traces::Seen ask(bool is_trusted, double ratio, const std::string& lines) {
    Router router;
    router.add({described(Method::get, "/hello"), [](Exchange& e) { e.respond(200, "text/plain", "hello"); }});
    Log log{{}};
    ServerOptions options;
    options.port = 0;
    options.reactors = 1;
    options.trace_sample_ratio = ratio;
    options.is_trusted = [is_trusted](const IpAddress&) { return is_trusted; };
    Server server(options, router, &traces_, log);
    server.start();
    RawClient client(server.port());
    EXPECT_EQ(client.exchange(get("/hello", lines)).status, 200);
    return traces_.last();
  }
  Traces traces_;
};

TEST_F(TraceOfARequest, IsThatOfItsGatewayWithASpanOfItsOwn) {
  const auto seen = ask(true, 0, "traceparent: " + kTraceParent + "\r\ntracestate: a=1\r\ntracestate: b=2\r\n");
  EXPECT_EQ(view(hex_of(seen.context.trace)), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(view(hex_of(seen.context.parent)), "00f067aa0ba902b7");
  EXPECT_NE(seen.context.span, SpanId{});
  EXPECT_TRUE(seen.context.sampled);
  EXPECT_EQ(seen.state, "a=1,b=2");
}

TEST_F(TraceOfARequest, BeginsHereIfNoneWasSent) {
  const auto seen = ask(true, 1, "");
  EXPECT_TRUE(seen.context);
  EXPECT_EQ(seen.context.parent, SpanId{});
  EXPECT_TRUE(seen.context.sampled);
  EXPECT_FALSE(ask(true, 0, "").context.sampled);
}

TEST_F(TraceOfARequest, BeginsHereIfTheClientIsNoGateway) {
  const auto seen = ask(false, 0, "traceparent: " + kTraceParent + "\r\ntracestate: a=1\r\n");
  EXPECT_NE(view(hex_of(seen.context.trace)), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_FALSE(seen.context.sampled);
  EXPECT_EQ(seen.state, "");
}

} // namespace
} // namespace authd::http
