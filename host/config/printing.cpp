// SPDX-License-Identifier: Apache-2.0
#include "config/printing.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/json_writer.h"

namespace authd::config {
namespace {

constexpr std::string_view kRedacted = "\"[redacted]\"";

// JSON's escapes are a subset of TOML's, but TOML wants DEL escaped too.
std::string escaped(std::string_view text) {
  std::string out;
  append_json_string_inert(out, text);
  for (std::size_t at = 0; (at = out.find('\x7f', at)) != std::string::npos;) out.replace(at, 1, "\\u007f");
  return out;
}

bool hidden(const Node& node, const Shape& shape) { return shape.secret || node.withheld; }

std::string joined_items(const Node& node, const Shape& shape) {
  std::string out = "[";
  for (const Node& item : node.items) {
    if (out.size() > 1) out += ", ";
    out += shape.secret ? std::string(kRedacted) : to_toml(item, shape.items.front());
  }
  return out + "]";
}

std::string joined_members(const Node& node, const Shape& shape) {
  std::string out;
  for (const Member& m : node.members) {
    const Property* known = shape.find(m.name);
    const Shape* inner = known != nullptr ? &known->shape : shape.items.empty() ? nullptr : &shape.items.front();
    if (inner == nullptr) continue;
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", printed_key(m.name), to_toml(m.value, *inner));
  }
  return out.empty() ? "{}" : "{ " + out + " }";
}

} // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 80;
  if (text.size() <= kMost) return escaped(text);
  return escaped(text.substr(0, kMost)) + "...";
}

std::string printed_key(std::string_view name) {
  bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  return bare ? std::string(name) : in_quotes(name);
}

std::string printed_number(double number, const Shape& shape, const Origin& origin) {
  if (shape.unit == Unit::none) {
    return shape.type == Type::integer ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
  }
  if (origin.kind != Origin::Kind::variable) {
    return print_quantity(static_cast<std::int64_t>(std::llround(number)), shape.unit);
  }
  VariableUnit unit = unit_of_variable(origin.variable, shape.unit);
  return fmt::format("{} {}", number / static_cast<double>(unit.scale), unit.name);
}

std::string shown(const Node& node, const Shape& shape) {
  if (hidden(node, shape)) return "the value";
  switch (node.kind) {
  case Node::Kind::boolean:
    return node.integer != 0 ? "true" : "false";
  case Node::Kind::integer:
    if (shape.unit == Unit::none) return std::to_string(node.integer);
    return printed_number(static_cast<double>(node.integer), shape, node.origin);
  case Node::Kind::number:
    return fmt::format("{}", node.number);
  case Node::Kind::string:
    return in_quotes(without_url_credentials(node.text.reveal()));
  default:
    return std::string(describe(node.kind));
  }
}

std::string to_toml(const Node& node, const Shape& shape) {
  if (node.kind == Node::Kind::array && !node.withheld) return joined_items(node, shape);
  if (hidden(node, shape)) return std::string(kRedacted);
  switch (node.kind) {
  case Node::Kind::boolean:
    return node.integer != 0 ? "true" : "false";
  case Node::Kind::integer:
    if (shape.unit == Unit::none) return std::to_string(node.integer);
    return escaped(print_quantity(node.integer, shape.unit));
  case Node::Kind::number: {
    std::string text = fmt::format("{}", node.number);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text; // TOML: else an integer
  }
  case Node::Kind::string:
    return escaped(without_url_credentials(node.text.reveal()));
  case Node::Kind::table:
    return joined_members(node, shape);
  default:
    return "\"\"";
  }
}

} // namespace authd::config
