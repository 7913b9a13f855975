// SPDX-License-Identifier: Apache-2.0
#include "sweep.h"

#include <string>
#include <vector>

#include "entry.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

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
  if (parts.size() != 2) return failure(Fault::Kind::refused, Status::corrupt, "SCAN answered no page of keys");
  Page page{std::string(text_of(parts[0])), {}};
  for (const Reply& key : elements_of(parts[1])) page.keys.emplace_back(text_of(key));
  return page;
}

// All at once; what is answered an error (a script not known yet, a key on its way to another node) is
// run again by itself.
Outcome<void> remove(Client& client, Node& node, const std::vector<std::string>& keys, std::string_view magic,
                     const Deadline& deadline) {
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const std::string& key : keys) commands.push_back(sweep_script().by_digest(key, {kTombstone, magic}));
  auto replies = client.run_at(node, commands, deadline);
  if (!replies) return tl::make_unexpected(std::move(replies.error()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (error_of((*replies)[i]) == nullptr) continue;
    auto single = client.run(sweep_script(), keys[i], {kTombstone, magic}, deadline);
    if (!single) return tl::make_unexpected(std::move(single.error()));
  }
  return {};
}

Outcome<void> sweep_node(Client& client, Node& node, std::string_view prefix, const Deadline& deadline) {
  const std::string pattern = scan_pattern(prefix);
  const std::string_view magic = prefix.empty() ? kMagic : std::string_view();
  std::string cursor = "0";
  do {
    auto page = scan(client, node, cursor, pattern, deadline);
    if (!page) return tl::make_unexpected(std::move(page.error()));
    if (!page->keys.empty()) {
      auto removed = remove(client, node, page->keys, magic, deadline);
      if (!removed) return removed;
    }
    cursor = std::move(page->cursor);
  } while (cursor != "0");
  return {};
}

} // namespace

std::string scan_pattern(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + "*";
}

Outcome<void> sweep(Client& client, Topology& topology, std::string_view prefix, const Deadline& deadline) {
  auto masters = topology.masters();
  if (!masters) return tl::make_unexpected(std::move(masters.error()));
  Outcome<void> all;
  for (const NodePtr& node : *masters) {
    auto swept = sweep_node(client, *node, prefix, deadline);
    if (!swept && all) all = std::move(swept);
  }
  return all;
}

} // namespace authd::cache_redis
