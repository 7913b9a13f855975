// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <optional>

namespace authd::cache_redis {
namespace {

using sdk::Status;

constexpr int kMostHops = 5;

} // namespace

Outcome<Reply> Client::run(std::string_view key, const Command& command, const Deadline& deadline) {
  std::optional<Backoff> backoff;
  for (unsigned retry = 0;; ++retry) {
    auto reply = try_once(key, command, deadline);
    if (reply || !reply.error().worth_another_try() || retry == settings_.max_retries) return reply;
    if (!backoff) backoff.emplace(settings_.retry_delay);
    const milliseconds pause = backoff->next();
    if (deadline.remaining() <= pause) return reply;
    deadline.pause(pause);
  }
}

Outcome<Reply> Client::run(const Script& script, std::string_view key, std::initializer_list<std::string_view> args,
                           const Deadline& deadline) {
  auto reply = run(key, script.by_digest(key, args), deadline);
  if (reply || reply.error().code != "NOSCRIPT") return reply;
  return run(key, script.by_text(key, args), deadline);
}

// A reused connection may have been closed while its command was on the way.
Outcome<std::vector<Reply>> Client::run_at(Node& node, std::span<const Command> commands, const Deadline& until) {
  const Deadline deadline = until.capped(settings_.command_timeout);
  for (bool again = false;; again = true) {
    auto lease = node.take(deadline);
    if (!lease) return tl::make_unexpected(std::move(lease.error()));
    auto replies = (*lease)->exchange(commands, deadline);
    if (replies) lease->keep();
    if (replies || again || !lease->reused() || replies.error().kind != Fault::Kind::lost) return replies;
    node.forget_idle();
  }
}

Outcome<Reply> Client::try_once(std::string_view key, const Command& command, const Deadline& deadline) {
  auto node = topology_.route(key);
  if (!node) {
    topology_.doubt();
    return tl::make_unexpected(std::move(node.error()));
  }
  auto replies = run_at(**node, std::span(&command, 1), deadline);
  if (!replies) return failed(**node, std::move(replies.error()));
  const std::string* error = error_of(replies->front());
  if (error == nullptr) return replies->front();
  if (const auto redirection = parse_redirection(*error))
    return follow(std::move(*node), *redirection, command, deadline);
  return refused(**node, *error);
}

Outcome<Reply> Client::follow(NodePtr from, Redirection to, const Command& command, const Deadline& deadline) {
  for (int hop = 0; hop < kMostHops; ++hop) {
    auto node = topology_.follow(to, *from);
    if (!node) return tl::make_unexpected(std::move(node.error()));
    std::vector<Command> commands;
    if (to.ask) commands.emplace_back("ASKING");
    commands.push_back(command);
    auto replies = run_at(**node, commands, deadline);
    if (!replies) return failed(**node, std::move(replies.error()));
    const std::string* error = error_of(replies->back());
    if (error == nullptr) return replies->back();
    const auto next = parse_redirection(*error);
    if (!next) return refused(**node, *error);
    to = *next;
    from = std::move(*node);
  }
  return failure(Fault::Kind::misdirected, Status::unavailable, "the cluster's nodes send one in circles");
}

// A name may lead to another server by now: the next connection finds out.
tl::unexpected<Fault> Client::refused(Node& node, const std::string& error) {
  Fault fault = classify_error(error);
  if (fault.code == "READONLY" || fault.code == "MASTERDOWN") node.forget_idle();
  return failed(node, std::move(fault));
}

tl::unexpected<Fault> Client::failed(const Node& node, Fault fault) {
  if (fault.kind != Fault::Kind::refused && fault.kind != Fault::Kind::oversized) topology_.doubt();
  fault.message = node.endpoint().text() + ": " + fault.message;
  return tl::unexpected<Fault>(std::move(fault));
}

} // namespace authd::cache_redis
