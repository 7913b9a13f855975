// SPDX-License-Identifier: Apache-2.0
#include "redis_tier.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <span>
#include <stdexcept>

#include "formats.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

constexpr std::size_t kMaxKeyBytes = 4096;
constexpr std::size_t kMaxValueBytes = 1024 * 1024;
constexpr std::size_t kMaxStoredBytes = kMaxValueBytes + kHeaderBytes;
// Longer than any fetch that began before a deletion can take to store its value.
constexpr const char* kTombstoneMs = "6000";
// What delete_script answers.
constexpr std::int64_t kTombstoneSet = 1;
constexpr std::int64_t kValueDeleted = 2;
// What a start may wait for a Redis that does not answer.
constexpr milliseconds kStartPatience{1000};
// So many random names reach every master of a cluster, unless one has hardly any slots.
constexpr int kMostProbeKeys = 256;
// Redis refuses times that overflow its clock.
constexpr milliseconds kLongestLife = std::chrono::hours(24 * 365 * 100);

std::int64_t unix_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Status report(const sdk::Call& call, const Fault& fault) { return call.fail(fault.status, "Redis: " + fault.message); }

} // namespace

RedisTier::RedisTier(sdk::Host host, const sdk::Config& config, sdk::Call& call)
    : host_(host), settings_(read_settings(config, call)), instance_id_(new_instance_id()),
      garbage_(host, sdk::Level::warn, "redis-garbage",
               "a value that authd did not write was treated as a miss and deleted"),
      oversized_(host, sdk::Level::warn, "redis-oversized",
                 "a value larger than 1 MiB was treated as a miss and deleted"),
      foreign_(host, sdk::Level::warn, "redis-foreign", "a key that does not hold a string was treated as a miss"),
      no_room_(host, sdk::Level::warn, "redis-no-tombstone",
               "Redis is full: a deletion left no tombstone, so an old value might be stored again") {
  try {
    dialer_ = std::make_unique<Dialer>(settings_);
  } catch (const std::invalid_argument& why) {
    (void)call.refuse("/ca_file", why.what());
  }
}

RedisTier::~RedisTier() { stop_all(); }

Status RedisTier::start(sdk::Call& call) {
  topology_ = make_topology(*dialer_, host_);
  client_ = std::make_unique<Client>(*topology_, settings_);
  subscriber_ = std::make_unique<Subscriber>(*topology_, *dialer_, host_, instance_id_);
  const Deadline deadline(call, kStartPatience);
  topology_->start(deadline);
  subscriber_->start(deadline);
  return Status::ok;
}

Status RedisTier::stop(sdk::Call&) {
  stop_all();
  return Status::ok;
}

void RedisTier::stop_all() {
  if (subscriber_) subscriber_->stop();
  if (topology_) topology_->stop();
}

// --- reading -------------------------------------------------------------------------------------------

Status RedisTier::get(sdk::Call& call, std::string_view key, sdk::ByteSink& out) {
  return fetch(call, key, Age::fresh, out);
}

Status RedisTier::get_stale(sdk::Call& call, std::string_view key, sdk::ByteSink& out) {
  return fetch(call, key, Age::stale, out);
}

Status RedisTier::fetch(sdk::Call& call, std::string_view key, Age age, sdk::ByteSink& out) {
  // GET would let Redis copy 50 MB that another program put there, and all clients wait for it, before the length is
  // known. One byte more than a value of ours may have tells a longer one. No key and an empty value read alike.
  Command command("GETRANGE");
  command << std::string(key) << "0" << std::to_string(kMaxStoredBytes);
  const auto reply = client_->run(key, command, deadline_of(call));
  if (!reply) return not_ours(call, key, reply.error());
  const std::string_view stored = text_of(*reply);
  if (stored.empty()) return Status::not_found;
  if (stored.size() > kMaxStoredBytes) return too_long(call, key);
  return deliver(call, key, stored, age, out);
}

Status RedisTier::deliver(sdk::Call& call, std::string_view key, std::string_view stored, Age age, sdk::ByteSink& out) {
  const Entry entry = decode_entry(key, stored);
  if (entry.kind == Entry::Kind::garbage) {
    garbage_.count();
    discard(call, key, stored);
  }
  if (entry.kind != Entry::Kind::value) return Status::not_found;
  if (age == Age::fresh && unix_ms() >= entry.fresh_until_ms) return Status::not_found;
  return out.put(entry.payload);
}

Status RedisTier::not_ours(const sdk::Call& call, std::string_view key, const Fault& fault) {
  if (fault.kind == Fault::Kind::oversized) return too_long(call, key);
  if (fault.code == "WRONGTYPE") {
    foreign_.count();
    return Status::not_found;
  }
  return report(call, fault);
}

Status RedisTier::too_long(const sdk::Call& call, std::string_view key) {
  oversized_.count();
  discard(call, key, {});
  return Status::not_found;
}

// Where that fails, the next reader tries.
void RedisTier::discard(const sdk::Call& call, std::string_view key, std::string_view seen) {
  const std::string most = std::to_string(kMaxStoredBytes);
  const auto done = client_->run(discard_script(), key, {sha1_hex(seen), most}, deadline_of(call));
  if (!done) call.log(sdk::Level::debug, "redis-not-discarded", done.error().message);
}

// --- writing -------------------------------------------------------------------------------------------

Status RedisTier::set(sdk::Call& call, std::string_view key, std::string_view value, milliseconds ttl,
                      milliseconds stale) {
  if (key.size() > kMaxKeyBytes || value.size() > kMaxValueBytes || ttl.count() < 1 || stale.count() < 0)
    return call.fail(Status::invalid, "expected a key of at most 4 KiB, a value of at most 1 MiB, a ttl of at least "
                                      "1 ms and a stale time of at least 0");
  ttl = std::min(ttl, kLongestLife);
  const milliseconds life = std::min(ttl + std::min(stale, kLongestLife), kLongestLife);
  const std::string entry = encode_entry(key, value, unix_ms() + ttl.count());
  const auto stored =
      client_->run(store_script(), key, {entry, std::to_string(life.count()), kTombstone}, deadline_of(call));
  return stored ? Status::ok : report(call, stored.error());
}

Status RedisTier::del(sdk::Call& call, std::string_view key) {
  const auto deleted = client_->run(
      delete_script(), key, {kTombstone, kTombstoneMs, kChannel, announce_key(instance_id_, key)}, deadline_of(call));
  if (!deleted) return report(call, deleted.error());
  const std::int64_t outcome = integer_of(*deleted).value_or(kTombstoneSet);
  if ((outcome & kTombstoneSet) == 0) no_room_.count();
  return (outcome & kValueDeleted) != 0 ? Status::ok : Status::not_found;
}

// The others are told in any case: what is left in one server that failed is no reason to keep the rest.
Status RedisTier::clear(sdk::Call& call, std::string_view prefix) {
  const Deadline deadline(call, milliseconds::max());
  const auto swept = client_->sweep(prefix, deadline);
  Command publish("PUBLISH");
  publish << std::string(kChannel) << announce_all(instance_id_);
  const auto told = client_->run(kChannel, publish, deadline);
  if (!swept) return report(call, swept.error());
  return told ? Status::ok : report(call, told.error());
}

Status RedisTier::take(sdk::Call& call, std::string_view key, std::int64_t max_requests, milliseconds window,
                       std::int64_t cost, authd_verdict& out) {
  if (key.size() > kMaxKeyBytes) return call.fail(Status::invalid, "expected a key of at most 4 KiB");
  const std::int64_t window_us = std::chrono::microseconds(window).count();
  const std::int64_t step = (window_us + max_requests - 1) / max_requests; // rounded up, so that it never allows more
  const std::int64_t room = max_requests * step;
  const auto reply =
      client_->run(take_script(), key, {std::to_string(cost * step), std::to_string(room)}, deadline_of(call));
  if (!reply) return report(call, reply.error());
  const auto answer = integers_of(*reply);
  if (!answer || answer->size() != 2) return call.fail(Status::corrupt, "Redis: the script answered something else");
  const std::int64_t busy = std::clamp<std::int64_t>((*answer)[1], 0, room);
  const auto in_ms = [](std::int64_t us) { return (us + 999) / 1000; };
  out.allowed = (*answer)[0] == 1 ? 1 : 0;
  out.remaining = (room - busy) / step;
  out.limit = max_requests;
  out.reset_ms = in_ms(busy);
  out.retry_after_ms = out.allowed != 0 ? 0 : in_ms(busy + cost * step - room);
  return Status::ok;
}

Status RedisTier::stats(sdk::Call&, authd_cache_stats& out) {
  out.entries = sdk::kUnknownEntries;
  return Status::ok;
}

// --- health --------------------------------------------------------------------------------------------

Status RedisTier::health(sdk::Call& call, sdk::HealthReport& out) {
  out.endpoint(settings_.where());
  const auto masters = topology_->masters();
  if (!masters) {
    out.down(masters.error().message);
    return Status::ok;
  }
  std::size_t failed = 0;
  std::string why;
  for (const NodePtr& node : *masters) {
    auto error = unreachable_by_ping(*node, call);
    if (!error) continue;
    ++failed;
    why = std::move(*error);
  }
  if (failed == masters->size()) {
    out.down(why);
  } else if (failed > 0) {
    out.degraded(std::to_string(failed) + " of " + std::to_string(masters->size()) + " masters; " + why);
  } else if (const auto refusal = refuses_writes(masters->size(), call)) {
    out.degraded("it refuses writes: " + *refusal);
  }
  return Status::ok;
}

// A Redis that cannot save refuses PING as it refuses writes (processCommand in server.c), and still answers reads.
std::optional<std::string> RedisTier::unreachable_by_ping(Node& node, const sdk::Call& call) {
  const Command ping("PING");
  const auto replies = client_->run_at(node, std::span(&ping, 1), deadline_of(call));
  if (!replies) return node.endpoint().text() + ": " + replies.error().message;
  const std::string* error = error_of(replies->front());
  if (error == nullptr || error_code(*error) == "MISCONF") return std::nullopt;
  return node.endpoint().text() + ": " + classify_error(*error).message;
}

// A key of each master. No consumer has such a name: HTTP strips blanks around it.
std::vector<std::string> RedisTier::probe_keys(std::size_t masters) {
  std::vector<std::string> keys;
  std::set<NodePtr> reached;
  for (int i = 0; i < kMostProbeKeys && keys.size() < masters; ++i) {
    std::string key = "authd:v1: probe " + std::to_string(i);
    const auto node = topology_->route(key);
    if (node && reached.insert(*node).second) keys.push_back(std::move(key));
  }
  return keys;
}

// That a server answers does not mean that it stores: it may be a replica, or full, or forbid scripts.
std::optional<std::string> RedisTier::refuses_writes(std::size_t masters, const sdk::Call& call) {
  for (const std::string& key : probe_keys(masters)) {
    const auto done = client_->run(probe_script(), key, {}, deadline_of(call));
    if (!done) return done.error().message;
  }
  return std::nullopt;
}

} // namespace authd::cache_redis
