// SPDX-License-Identifier: Apache-2.0
// One authd over one Kong and one Redis, whose consumers have copies of each kind, and which is then brought
// into a state of Kong and of Redis.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crowd.h"
#include "fault_rules.h"
#include "load.h"
#include "support/authd_process.h"
#include "support/redis_server.h"
#include "support/tcp_proxy.h"

namespace authd::test {

// What was asked of one consumer, and what came.
struct Asked {
  std::string consumer;
  std::string answer; // as answer_by_rule says it; also "no answer", "200 foreign key"
  std::string retry_after;
  milliseconds took{0};
};

class FaultScene {
 public:
  struct Options {
    KongState kong;
    RedisState redis;
    milliseconds memory_ttl;
    std::string suspect_grace = {}; // "0s"; empty: the default
    std::vector<CopyState> copies;  // that some consumers shall have
  };
  explicit FaultScene(Options options);

  // Each returns when it is so. Kong and Redis answer as usual until enter().
  void make_aged_copies();    // stale, due, fresh, by their ages
  void make_suspect_copies(); // suspect, doubtful: by a channel that is lost and restored
  void make_no_copies();      // here; Redis may hold a neighbour's
  // From here on Kong's credentials are others than those in the copies, and Kong is in its state. Redis is
  // since the copies were made.
  void enter();

  std::vector<Asked> ask(CopyState copy) const; // each consumer that has such a copy, all at once
  std::vector<Asked> ask(const std::vector<std::string>& consumers) const;
  std::map<CopyState, std::vector<Asked>> ask_all();
  // More consumers that nobody has ever asked for than the breaker needs for a judgement.
  std::vector<Asked> ask_strangers() const;
  std::string breaker_state() const;                       // of `gateway`, as /health says it
  std::string await_breaker(std::string_view state) const; // the state in the end

  // What /health/ready and /health say: "ready, degraded". Awaits this, and returns what was said in the end.
  std::string await_health(const std::string& wanted) const;

  // False: the machine was so slow that copies were no more what they should have been when they were asked
  // for. Nothing that was seen counts.
  bool was_in_time() const { return in_time_; }
  std::string log() const { return authd_->child().everything(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Span {
    Clock::time_point begin;
    Clock::time_point end;
  };

  std::string configuration() const;
  bool has(CopyState copy) const { return members_.contains(copy); }
  void fetch(CopyState copy);
  void await_age(CopyState copy, double ttls) const;
  void await_filled(std::size_t keys) const;
  void let_a_neighbour_fetch_the_gone();
  void bring_redis_into_its_state();
  void lose_the_channel();
  void rotate_credentials() const;
  void bring_kong_into_its_state();
  bool in_time(Span asked) const;
  double least_age(CopyState copy, Span asked) const; // in TTLs
  double most_age(CopyState copy, Span asked) const;
  std::string answer_text(const std::string& consumer, const HttpReply& reply) const;

  const Options options_;
  const Crowd crowd_;
  std::map<CopyState, std::vector<std::string>> members_;
  std::vector<std::string> strangers_;
  std::string scout_; // whose copy shows that the channel's loss has been noticed
  std::map<CopyState, Span> fetched_;
  Clock::time_point restored_{};
  bool in_time_ = true;
  std::unique_ptr<FakeKong> kong_;
  std::unique_ptr<TcpProxy> way_to_kong_; // refuses without giving up its port
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<AuthdProcess> authd_;
};

} // namespace authd::test
