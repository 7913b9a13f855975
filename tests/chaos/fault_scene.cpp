// SPDX-License-Identifier: Apache-2.0
#include "fault_scene.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

namespace authd::test {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kOfEachKind = 2;
// With what the cells of a scene cost, which are 20 calls at most, more than kVolume.
constexpr std::size_t kStrangers = 40;
constexpr int kVolume = 30;
// One for each of them: nobody waits for a worker here.
constexpr int kWorkers = 64;
constexpr milliseconds kDefaultGrace{2000}; // lookup.suspect_grace
constexpr seconds kPatience{20};

// Longer than authd listens to a call that nobody waits for, so that no late answer fills a cache.
constexpr seconds kKongTakes{10};
constexpr int kRetryAfter = 20;

void await(const char* what, const std::function<bool()>& done) {
  const auto deadline = Clock::now() + kPatience;
  while (!done()) {
    if (Clock::now() > deadline) throw std::runtime_error(std::string("never came: ") + what);
  }
}

Poco::JSON::Object::Ptr object_in(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

std::string new_key_of(const std::string& id) { return "new-key-" + id; }
std::string new_secret_of(const std::string& id) { return "new-secret-of-" + id; }

std::string request_for(const std::string& consumer) {
  return request_text("GET", "/tokens", {{"X-Consumer-ID", consumer}, {"X-Consumer-Username", "crowd"}});
}

std::size_t crowd_size(std::size_t kinds) { return kinds * kOfEachKind + kStrangers + 1; }

} // namespace

FaultScene::FaultScene(Options options)
    : options_(std::move(options)), crowd_(crowd_size(options_.copies.size())), kong_(kong_with(crowd_)),
      way_to_kong_(std::make_unique<TcpProxy>(kong_->port())) {
  auto next = crowd_.ids.begin();
  for (const CopyState copy : options_.copies) {
    members_[copy].assign(next, next + kOfEachKind);
    next += kOfEachKind;
  }
  scout_ = *next++;
  strangers_.assign(next, crowd_.ids.end());
  if (options_.redis != RedisState::none) redis_ = std::make_unique<RedisServer>();
  authd_ = std::make_unique<AuthdProcess>(configuration(), Environment{});
  authd_->await_ready();
}

std::string FaultScene::configuration() const {
  Settings settings("http://127.0.0.1:" + std::to_string(way_to_kong_->port()));
  settings.drop("cache").set("gateway", "pool_size", std::to_string(kWorkers));
  // Tight only where the fault is that nothing comes: else a machine that stalls would be one more fault.
  const bool slow = options_.kong == KongState::slow;
  settings.set_text("breaker", "timeout", slow ? "300ms" : "5s").set_text("breaker", "reset_timeout", "60s");
  settings.set("breaker", "volume_threshold", std::to_string(kVolume));
  if (!options_.suspect_grace.empty()) settings.set_text("lookup", "suspect_grace", options_.suspect_grace);
  std::string out = settings.toml() + memory_tier(std::to_string(options_.memory_ttl.count()) + "ms");
  if (redis_) out += redis_tier(redis_->url(), "1h");
  // A busy machine must not make a Redis that answers one that does not.
  if (redis_ && options_.redis != RedisState::frozen) out += "read_timeout = \"2s\"\n";
  return out;
}

// --- copies --------------------------------------------------------------------------------------------

void FaultScene::make_aged_copies() {
  let_a_neighbour_fetch_the_gone();
  fetch(CopyState::stale);
  if (has(CopyState::due)) {
    await_age(CopyState::stale, 0.3);
    fetch(CopyState::due);
    await_age(CopyState::due, 0.4);
    fetch(CopyState::fresh);
  }
  bring_redis_into_its_state();
}

void FaultScene::make_suspect_copies() {
  for (const auto& [copy, consumers] : members_) fetch(copy);
  ask({scout_});
  if (redis_) await_filled(members_.size() * kOfEachKind + 1);
  bring_redis_into_its_state();
}

void FaultScene::make_no_copies() {
  let_a_neighbour_fetch_the_gone();
  bring_redis_into_its_state();
}

void FaultScene::fetch(CopyState copy) {
  Span span{Clock::now(), {}};
  for (const Asked& asked : ask(copy)) {
    if (asked.answer != "200 old key") throw std::runtime_error("no copy to begin with: " + asked.answer);
  }
  span.end = Clock::now();
  fetched_[copy] = span;
}

// The age is what is awaited, so there is nothing to ask.
void FaultScene::await_age(CopyState copy, double ttls) const {
  const std::chrono::duration<double, std::milli> age = options_.memory_ttl * ttls;
  std::this_thread::sleep_until(fetched_.at(copy).end + std::chrono::duration_cast<Clock::duration>(age));
}

void FaultScene::await_filled(std::size_t keys) const {
  await("copies in Redis", [&] { return std::stoul(redis_->run({"DBSIZE"})) >= keys; });
}

// A fresh copy in Redis of what this instance never had can only be another instance's.
void FaultScene::let_a_neighbour_fetch_the_gone() {
  const bool holds = options_.redis == RedisState::full || options_.redis == RedisState::read_only;
  if (!holds || !has(CopyState::gone)) return;
  AuthdProcess neighbour(configuration(), {});
  neighbour.await_ready();
  const std::vector<std::string>& gone = members_.at(CopyState::gone);
  if (ask_each({neighbour.port()}, gone).failed() != 0) throw std::runtime_error("the neighbour gets no tokens");
  await_filled(gone.size());
}

// --- Redis ---------------------------------------------------------------------------------------------

void FaultScene::bring_redis_into_its_state() {
  if (!redis_) return;
  std::size_t keys = 0;
  for (const auto& [copy, span] : fetched_) keys += members_.at(copy).size();
  await_filled(keys);
  if (options_.redis == RedisState::empty) redis_->run({"FLUSHALL"});
  if (has(CopyState::suspect) || has(CopyState::doubtful)) {
    lose_the_channel();
  } else if (options_.redis == RedisState::returning) {
    redis_->restart();
  }
  if (options_.redis == RedisState::frozen) redis_->freeze();
  if (options_.redis == RedisState::read_only) {
    redis_->run({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
  }
}

// Returns when authd has noticed that it was lost: it reads the scout's copy from Redis, though its own is
// young.
void FaultScene::lose_the_channel() {
  const auto id_of = [](const std::string& line) { return line.substr(0, line.find(' ')); };
  await("a channel", [&] { return !redis_->subscribers().empty(); });
  std::string before = id_of(redis_->subscribers().front());
  if (options_.redis == RedisState::returning) {
    redis_->restart();
    before.clear();
  } else {
    redis_->run({"CLIENT", "KILL", "TYPE", "pubsub"});
  }
  await("the channel again", [&] {
    const auto now = Clock::now();
    const std::vector<std::string> found = redis_->subscribers();
    if (!found.empty() && id_of(found.front()) != before) return true;
    restored_ = now;
    return false;
  });
  restored_ = std::max(restored_, fetched_.begin()->second.end);
  const std::size_t reads = redis_->calls_of("getrange");
  await("a copy that is suspect", [&] {
    ask({scout_});
    return redis_->calls_of("getrange") > reads;
  });
}

// --- Kong ----------------------------------------------------------------------------------------------

void FaultScene::enter() {
  rotate_credentials();
  if (has(CopyState::due)) {
    await_age(CopyState::due, 0.85);
  } else if (has(CopyState::stale)) {
    await_age(CopyState::stale, 1.05);
  }
  bring_kong_into_its_state();
}

void FaultScene::rotate_credentials() const {
  for (const std::string& id : crowd_.ids) {
    kong_->remove_credential(id, Crowd::key_of(id));
    kong_->add_credential(id, {new_key_of(id), new_secret_of(id)});
  }
}

void FaultScene::bring_kong_into_its_state() {
  KongFault fault;
  WireFault refusal;
  switch (options_.kong) {
  case KongState::up:
    return;
  case KongState::slow:
    fault.delay = kKongTakes;
    return kong_->set_fault(fault);
  case KongState::rate_limited:
    fault.kind = KongFault::Kind::rate_limited_429;
    fault.retry_after = kRetryAfter;
    return kong_->set_fault(fault);
  case KongState::failing:
    return kong_->set_database_reachable(false);
  case KongState::refused:
    refusal.refuse = true;
    way_to_kong_->set_fault(refusal);
    return way_to_kong_->cut();
  case KongState::forgetful:
    for (const std::string& id : crowd_.ids) kong_->remove_consumer(id);
  }
}

// --- questions -----------------------------------------------------------------------------------------

std::vector<Asked> FaultScene::ask(CopyState copy) const { return ask(members_.at(copy)); }
std::vector<Asked> FaultScene::ask_strangers() const { return ask(strangers_); }

std::vector<Asked> FaultScene::ask(const std::vector<std::string>& consumers) const {
  std::vector<HttpConnection> connections;
  for (std::size_t i = 0; i < consumers.size(); ++i) connections.emplace_back(authd_->port());
  for (std::size_t i = 0; i < consumers.size(); ++i) connections[i].send(request_for(consumers[i]));
  std::vector<Asked> out;
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    const auto reply = connections[i].read(kPatience);
    if (!reply) {
      out.push_back({consumers[i], "no answer", {}, {}});
      continue;
    }
    out.push_back({consumers[i], answer_text(consumers[i], *reply), reply->header("Retry-After"), reply->took});
  }
  return out;
}

std::map<CopyState, std::vector<Asked>> FaultScene::ask_all() {
  std::vector<std::string> everybody;
  for (const auto& [copy, consumers] : members_) {
    everybody.insert(everybody.end(), consumers.begin(), consumers.end());
  }
  const auto begin = Clock::now();
  const std::vector<Asked> answers = ask(everybody);
  // Whatever waited was asked for long before it was answered.
  const auto quickest =
      std::min_element(answers.begin(), answers.end(), [](const Asked& a, const Asked& b) { return a.took < b.took; });
  in_time_ = in_time({begin, begin + quickest->took});
  std::map<CopyState, std::vector<Asked>> out;
  auto next = answers.begin();
  for (const auto& [copy, consumers] : members_) {
    for (std::size_t i = 0; i < consumers.size(); ++i) out[copy].push_back(*next++);
  }
  return out;
}

std::string FaultScene::answer_text(const std::string& consumer, const HttpReply& reply) const {
  if (reply.status != 200) {
    return std::to_string(reply.status) + " " + object_in(reply.body)->optValue<std::string>("code", "no code");
  }
  const std::string key = key_in(reply);
  if (key == Crowd::key_of(consumer) && is_signed_with(reply, Crowd::secret_of(consumer))) return "200 old key";
  if (key == new_key_of(consumer) && is_signed_with(reply, new_secret_of(consumer))) return "200 new key";
  return "200 foreign key";
}

std::string FaultScene::breaker_state() const {
  const HttpReply reply = get(authd_->port(), "/health");
  return object_in(reply.body)->getObject("dependencies")->getObject("kong")->getValue<std::string>("circuitBreaker");
}

std::string FaultScene::await_breaker(std::string_view state) const {
  const auto deadline = Clock::now() + seconds(5);
  std::string seen = breaker_state();
  while (seen != state && Clock::now() < deadline) seen = breaker_state();
  return seen;
}

// Probes of Kong and of Redis are up to a second old.
std::string FaultScene::await_health(const std::string& wanted) const {
  const auto deadline = Clock::now() + kPatience;
  std::string said;
  std::string report;
  do {
    said = get(authd_->port(), "/health/ready").status == 200 ? "ready, " : "not ready, ";
    report = get(authd_->port(), "/health").body;
    said += object_in(report)->getValue<std::string>("status");
  } while (said != wanted && Clock::now() < deadline);
  return said == wanted ? said : said + ": " + report;
}

// --- time ----------------------------------------------------------------------------------------------

double FaultScene::least_age(CopyState copy, Span asked) const {
  return std::chrono::duration<double>(asked.begin - fetched_.at(copy).end) / options_.memory_ttl;
}

double FaultScene::most_age(CopyState copy, Span asked) const {
  return std::chrono::duration<double>(asked.end - fetched_.at(copy).begin) / options_.memory_ttl;
}

bool FaultScene::in_time(Span asked) const {
  if (has(CopyState::fresh) && most_age(CopyState::fresh, asked) >= 0.8) return false;
  if (has(CopyState::due) && (least_age(CopyState::due, asked) < 0.8 || most_age(CopyState::due, asked) >= 1)) {
    return false;
  }
  if (has(CopyState::stale) && least_age(CopyState::stale, asked) < 1) return false;
  return !has(CopyState::suspect) || asked.end - restored_ < kDefaultGrace;
}

} // namespace authd::test
