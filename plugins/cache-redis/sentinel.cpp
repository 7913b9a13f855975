// SPDX-License-Identifier: Apache-2.0
#include "sentinel.h"

#include <algorithm>
#include <charconv>

namespace authd::cache_redis {
namespace {

using sdk::Status;

constexpr std::chrono::seconds kPeriod{1};
// A sentinel that is stopped must not keep the others from being asked.
constexpr std::chrono::seconds kPatience{1};

Outcome<Endpoint> parse_address(const Reply& reply) {
  const auto parts = elements_of(reply);
  std::uint16_t port = 0;
  if (parts.size() == 2) {
    const std::string_view text = text_of(parts[1]);
    std::from_chars(text.data(), text.data() + text.size(), port);
  }
  if (port == 0)
    return failure(Fault::Kind::refused, Status::unavailable, "Sentinel does not know a master of the name in url");
  return Endpoint{std::string(text_of(parts[0])), std::to_string(port)};
}

} // namespace

SentinelTopology::SentinelTopology(const Dialer& dialer, const sdk::Host& host)
    : dialer_(dialer), host_(host), sentinels_(dialer.settings().url.endpoints),
      refresher_(kPeriod, [this](const Deadline& deadline) { refresh(deadline); }) {}

void SentinelTopology::start(const Deadline& deadline) {
  refresher_.start();
  refresher_.await_first(deadline);
  if (const auto master = route({})) (*master)->await_first_attempt(deadline);
}

void SentinelTopology::stop() {
  refresher_.stop();
  if (const auto master = route({})) (*master)->stop();
}

Outcome<NodePtr> SentinelTopology::route(std::string_view) {
  const std::lock_guard lock(mutex_);
  if (master_) return master_;
  return tl::make_unexpected(why_none_);
}

Outcome<std::vector<NodePtr>> SentinelTopology::masters() {
  return route({}).map([](NodePtr master) { return std::vector{std::move(master)}; });
}

bool SentinelTopology::delivers_to(const Endpoint& server) {
  const auto master = route({});
  return master && (*master)->endpoint() == server;
}

void SentinelTopology::refresh(const Deadline& deadline) {
  Fault last;
  for (std::size_t i = 0; i < sentinels_.size(); ++i) {
    auto answer = ask(sentinels_[i], deadline.capped(kPatience));
    if (answer) {
      std::rotate(sentinels_.begin(), sentinels_.begin() + static_cast<std::ptrdiff_t>(i),
                  sentinels_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return found(std::move(*answer));
    }
    connection_.reset();
    last = std::move(answer.error());
    if (last.status == Status::denied) last.message = "it refuses the log-in: check sentinel_password";
    last.message = sentinels_[i].text() + ": " + last.message;
  }
  not_found(std::move(last));
}

// The kept connection is the first sentinel's.
Outcome<Endpoint> SentinelTopology::ask(const Endpoint& sentinel, const Deadline& deadline) {
  if (!connection_ || !connection_->quiet()) {
    auto fresh = dialer_.dial_sentinel(sentinel, deadline);
    if (!fresh) return tl::make_unexpected(std::move(fresh.error()));
    connection_ = std::move(*fresh);
  }
  Command command("SENTINEL");
  command << "get-master-addr-by-name" << dialer_.settings().url.master_name;
  auto reply = connection_->exchange(command, deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  if (const std::string* error = error_of(*reply)) return tl::make_unexpected(classify_error(*error));
  return parse_address(*reply);
}

void SentinelTopology::found(Endpoint master) {
  NodePtr old;
  {
    const std::lock_guard lock(mutex_);
    warned_ = false;
    if (master_ && master_->endpoint() == master) return;
    old = std::exchange(master_, std::make_shared<Node>(master, dialer_, host_));
  }
  host_.log(sdk::Level::info, "redis-master", "the sentinels report the master " + master.text());
  if (old) old->stop();
}

// The master that was known last may well be there still: only who asks for the first time is told.
void SentinelTopology::not_found(Fault why) {
  const std::lock_guard lock(mutex_);
  why_none_ = {Fault::Kind::down, why.status, "no Sentinel reports a master; " + why.message, {}};
  if (std::exchange(warned_, true)) return;
  host_.log(sdk::Level::warn, "redis-sentinels-down", why_none_.message);
}

} // namespace authd::cache_redis
