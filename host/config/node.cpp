// SPDX-License-Identifier: Apache-2.0
#include "config/node.h"

#include <algorithm>

namespace authd::config {

const Node* Node::find(std::string_view name) const {
  auto at = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return at == members.end() ? nullptr : &at->value;
}

Node* Node::find(std::string_view name) { return const_cast<Node*>(static_cast<const Node*>(this)->find(name)); }

const Node* Node::find_path(std::string_view path) const {
  const std::size_t dot = path.find('.');
  const Node* member = find(path.substr(0, dot));
  if (member == nullptr || dot == std::string_view::npos) return member;
  return member->find_path(path.substr(dot + 1));
}

namespace {

Node node_of(Node::Kind kind, Origin origin) {
  Node node;
  node.kind = kind;
  node.origin = std::move(origin);
  return node;
}

} // namespace

Node boolean_node(bool value, Origin origin) {
  Node node = node_of(Node::Kind::boolean, std::move(origin));
  node.integer = value ? 1 : 0;
  return node;
}

Node integer_node(std::int64_t value, Origin origin) {
  Node node = node_of(Node::Kind::integer, std::move(origin));
  node.integer = value;
  return node;
}

Node number_node(double value, Origin origin) {
  Node node = node_of(Node::Kind::number, std::move(origin));
  node.number = value;
  return node;
}

Node string_node(std::string_view value, Origin origin) {
  Node node = node_of(Node::Kind::string, std::move(origin));
  node.text = Secret(std::string(value));
  return node;
}

std::string_view describe(Node::Kind kind) {
  switch (kind) {
  case Node::Kind::boolean:
    return "a boolean";
  case Node::Kind::integer:
    return "an integer";
  case Node::Kind::number:
    return "a number";
  case Node::Kind::string:
    return "a string";
  case Node::Kind::array:
    return "an array";
  case Node::Kind::table:
    return "a table";
  case Node::Kind::date:
    return "a date or time";
  }
  return "a value";
}

} // namespace authd::config
