// SPDX-License-Identifier: Apache-2.0
// A configuration value and where it was written. Every layer (defaults, authd.toml, environment) is
// turned into nodes, so that what follows reads one type and can always say where a mistake stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret.h"

namespace authd::config {

struct Origin {
  enum class Kind { preset, file, variable };
  Kind kind = Kind::preset;
  unsigned line = 0; // 1-based; 0: nowhere in particular
  unsigned column = 0;
  std::string variable; // its name, for Kind::variable
};

struct Member;

struct Node {
  enum class Kind { boolean, integer, number, string, array, table, date };
  Kind kind = Kind::table;
  Origin origin;
  std::int64_t integer = 0; // boolean: 0 or 1
  double number = 0;
  Secret text;           // strings are held as secrets, because some of them are
  bool withheld = false; // came through a reference (${file:...}), so it is not printed
  bool unknown = false;  // what a reference leads to is not there: no rule holds for the text
  std::vector<Node> items;
  std::vector<Member> members;

  const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  // With dots for tables inside: "tls.key".
  const Node* find_path(std::string_view path) const;
};

struct Member {
  std::string name;
  Origin key; // of the name; the value has its own
  Node value;
};

Node boolean_node(bool value, Origin origin = {});
Node integer_node(std::int64_t value, Origin origin = {});
Node number_node(double value, Origin origin = {});
Node string_node(std::string_view value, Origin origin = {});

// "a string", "an array": for messages.
std::string_view describe(Node::Kind kind);

} // namespace authd::config
