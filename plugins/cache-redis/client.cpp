// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <optional>

#include "formats.h"
#include "net/backoff.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

constexpr int kMostHops = 5;
constexpr const char* kPage = "500"; // about as many keys as one SCAN looks at

struct Page {
  std::string cursor;
  std::vector<std::string> keys;
};

Outcome<Page> scan(Client& client, Node& node, const std::string& cursor, const std::string& pattern,
                   const Deadline& deadline) {
  Command command("SCAN");
  command << cursor << "MATCH" << pattern << "COUNT" << kPage;
  auto replies = client.run_at(node, std::span(&command, 1), deadline);
  if (!replies) return tl::make_unexpected(std::move(replies.error()));
  if (const std::string* error = error_of(replies->front())) return tl::make_unexpected(classify_error(*error));
  const auto parts = elements_of(replies->front());
  if (parts.size() != 2)
    return failure(Fault::Kind::refused, Status::corrupt, "the answer to SCAN is not a page of keys");
  Page page{std::string(text_of(parts[0])), {}};
  for (const Reply& key : elements_of(parts[1])) page.keys.emplace_back(text_of(key));
  return page;
}

} // namespace

Outcome<Reply> Client::run(std::string_view key, const Command& command, const Deadline& deadline) {
  std::optional<net::Backoff> backoff;
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
    topology_.request_refresh();
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
  return failure(Fault::Kind::misdirected, Status::unavailable, "the cluster's nodes redirect in a circle");
}

// A name may lead to another server by now: the next connection finds out.
tl::unexpected<Fault> Client::refused(Node& node, const std::string& error) {
  Fault fault = classify_error(error);
  if (fault.code == "READONLY" || fault.code == "MASTERDOWN") node.forget_idle();
  return failed(node, std::move(fault));
}

tl::unexpected<Fault> Client::failed(const Node& node, Fault fault) {
  if (fault.kind != Fault::Kind::refused && fault.kind != Fault::Kind::oversized) topology_.request_refresh();
  fault.message = node.endpoint().text() + ": " + fault.message;
  return tl::unexpected<Fault>(std::move(fault));
}

// --- sweeping

Outcome<void> Client::sweep(std::string_view prefix, const Deadline& deadline) {
  auto masters = topology_.masters();
  if (!masters) return tl::make_unexpected(std::move(masters.error()));
  Outcome<void> all;
  for (const NodePtr& node : *masters) {
    auto swept = sweep_node(*node, prefix, deadline);
    if (!swept && all) all = std::move(swept);
  }
  return all;
}

Outcome<void> Client::sweep_node(Node& node, std::string_view prefix, const Deadline& deadline) {
  const std::string pattern = scan_pattern(prefix);
  const std::string_view magic = prefix.empty() ? kMagic : std::string_view();
  std::string cursor = "0";
  do {
    auto page = scan(*this, node, cursor, pattern, deadline);
    if (!page) return tl::make_unexpected(std::move(page.error()));
    if (!page->keys.empty()) {
      auto removed = remove(node, page->keys, magic, deadline);
      if (!removed) return removed;
    }
    cursor = std::move(page->cursor);
  } while (cursor != "0");
  return {};
}

// All at once; a command that is answered an error (a script not known yet, a key that moves to another node) is run
// again by itself.
Outcome<void> Client::remove(Node& node, const std::vector<std::string>& keys, std::string_view magic,
                             const Deadline& deadline) {
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const std::string& key : keys) commands.push_back(sweep_script().by_digest(key, {kTombstone, magic}));
  auto replies = run_at(node, commands, deadline);
  if (!replies) return tl::make_unexpected(std::move(replies.error()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (error_of((*replies)[i]) == nullptr) continue;
    auto single = run(sweep_script(), keys[i], {kTombstone, magic}, deadline);
    if (!single) return tl::make_unexpected(std::move(single.error()));
  }
  return {};
}

std::string scan_pattern(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + "*";
}

} // namespace authd::cache_redis
