// SPDX-License-Identifier: Apache-2.0
#include "config/layers.h"

#include <charconv>
#include <optional>

#include "config/references.h"

namespace authd::config {
namespace {

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Node> variable_node(const Shape& shape, const EnvironmentVariables& variables) {
  for (const std::string& name : {shape.variable, shape.fallback_variable}) {
    if (const std::string* text = find_variable(variables, name)) return from_variable(shape, name, *text);
  }
  return std::nullopt;
}

bool says_anything(const Shape& object, const EnvironmentVariables& variables) {
  for (const Property& p : object.properties) {
    if (find_variable(variables, p.shape.variable) != nullptr) return true;
    if (p.shape.type == Type::object && says_anything(p.shape, variables)) return true;
  }
  return false;
}

// Entries are written in the file alone: a variable could not say which one it means.
Node with_defaults_in_entries(Node array, const Shape& entry) {
  for (Node& item : array.items)
    if (item.kind == Node::Kind::table) item = layered(entry, &item, {}, Precedence::file_over_variable);
  return array;
}

std::optional<Node> effective(const Shape& shape, const Node* file, const EnvironmentVariables& variables,
                              Precedence precedence) {
  if (shape.type == Type::object && !shape.properties.empty()) {
    if (file != nullptr && file->kind != Node::Kind::table) return *file;
    if (file == nullptr && !says_anything(shape, variables)) return shape.preset;
    return layered(shape, file, variables, precedence);
  }
  if (file != nullptr && shape.type == Type::array && shape.items.front().type == Type::object)
    return with_defaults_in_entries(*file, shape.items.front());
  if (file != nullptr && precedence == Precedence::file_over_variable) return *file;
  if (auto node = variable_node(shape, variables)) return node;
  if (file != nullptr) return *file;
  return shape.preset;
}

} // namespace

Node from_variable(const Shape& shape, std::string_view variable, std::string_view text) {
  Origin origin{Origin::Kind::variable, 0, 0, std::string(variable)};
  if (shape.type == Type::boolean) {
    if (auto flag = parse_boolean(text)) return boolean_node(*flag, origin);
  }
  if (shape.type == Type::integer) {
    auto number = parse_integer(text);
    if (number) number = multiply(*number, unit_of_variable(variable, shape.unit).scale);
    if (number) return integer_node(*number, origin);
  }
  if (shape.type == Type::number) {
    if (auto number = parse_number(text)) return number_node(*number, origin);
  }
  for (const auto& [alias, meaning] : shape.aliases) {
    if (text == alias) return string_node(meaning, origin);
  }
  return string_node(text, origin);
}

Node layered(const Shape& object, const Node* file, const EnvironmentVariables& variables, Precedence precedence) {
  Node table;
  if (file != nullptr) table.origin = file->origin;
  for (const Property& p : object.properties) {
    const Node* written = file != nullptr ? file->find(p.name) : nullptr;
    auto value = effective(p.shape, written, variables, precedence);
    if (!value) continue;
    if (value->origin.kind == Origin::Kind::preset) { // a problem with a default is the table's
      value->origin.line = table.origin.line;
      value->origin.column = table.origin.column;
    }
    table.members.push_back({p.name, value->origin, std::move(*value)});
  }
  if (file == nullptr) return table;
  for (const Member& m : file->members) {
    if (object.find(m.name) == nullptr) table.members.push_back(m);
  }
  return table;
}

} // namespace authd::config
