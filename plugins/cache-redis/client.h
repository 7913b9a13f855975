// SPDX-License-Identifier: Apache-2.0
// One operation on Redis, at the server that has the key: follows redirections and retries, all within the
// deadline. Error replies of Redis are Faults here. [thread-safe] [may-block]
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "script.h"
#include "topology.h"

namespace authd::cache_redis {

class Client {
 public:
  // Both must outlive it.
  Client(Topology& topology, const Settings& settings) : topology_(topology), settings_(settings) {}

  Outcome<Reply> run(std::string_view key, const Command& command, const Deadline& deadline);
  Outcome<Reply> run(const Script& script, std::string_view key, std::initializer_list<std::string_view> args,
                     const Deadline& deadline);

  // At this very server, once, within command_timeout too; the replies may be errors.
  Outcome<std::vector<Reply>> run_at(Node& node, std::span<const Command> commands, const Deadline& deadline);

  // Removes every key with this prefix from every master, tombstones excepted; an empty prefix: all that
  // authd wrote, and nothing of others. A key that is written meanwhile may stay. Goes on with the other
  // masters when one fails, and then returns that Fault.
  Outcome<void> sweep(std::string_view prefix, const Deadline& deadline);

 private:
  Outcome<Reply> try_once(std::string_view key, const Command& command, const Deadline& deadline);
  Outcome<Reply> follow(NodePtr from, Redirection to, const Command& command, const Deadline& deadline);
  tl::unexpected<Fault> refused(Node& node, const std::string& error);
  tl::unexpected<Fault> failed(const Node& node, Fault fault);

  Outcome<void> sweep_node(Node& node, std::string_view prefix, const Deadline& deadline);
  Outcome<void> remove(Node& node, const std::vector<std::string>& keys, std::string_view magic,
                       const Deadline& deadline);

  Topology& topology_;
  const Settings& settings_;
};

// For SCAN's MATCH: the characters that are special in a glob, escaped, and a '*' at the end.
std::string scan_pattern(std::string_view prefix);

} // namespace authd::cache_redis
