// SPDX-License-Identifier: Apache-2.0
#include "config/describe/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/checker.h"
#include "config/printing.h"

namespace authd::config {
namespace {

std::string bound(double number, const Shape& shape, const std::string& variable) {
  if (variable.empty()) return printed_number(number, shape, {});
  return fmt::format("{}", number / static_cast<double>(unit_of_variable(variable, shape.unit).scale));
}

std::string range(const Shape& shape, const std::string& variable) {
  std::string unit;
  if (!variable.empty() && shape.unit != Unit::none) {
    unit = fmt::format(" {}", unit_of_variable(variable, shape.unit).name);
  }
  if (shape.minimum && shape.maximum) {
    return fmt::format("{} to {}{}", bound(*shape.minimum, shape, variable), bound(*shape.maximum, shape, variable),
                       unit);
  }
  if (shape.minimum) return fmt::format("{} or more{}", bound(*shape.minimum, shape, variable), unit);
  if (shape.maximum) return fmt::format("{} or less{}", bound(*shape.maximum, shape, variable), unit);
  return shape.type == Type::integer ? "whole number" + unit : "number";
}

std::string_view format_name(Format format) {
  switch (format) {
  case Format::uri:
    return "URL";
  case Format::path:
    return "path";
  case Format::cidr:
    return "address range";
  case Format::sha256:
    return "sha256";
  case Format::origin:
    return "\"*\" or an origin";
  case Format::address:
    return "IP address or host name";
  case Format::plugin:
    return "plugin";
  case Format::listen:
    return "unix:/path or host:port";
  case Format::key256:
    return "base64 of 32 bytes";
  case Format::file_mode:
    return "octal file mode";
  case Format::none:
    break;
  }
  return "";
}

std::string text_rules(const Shape& shape) {
  if (!shape.choices.empty()) return fmt::format("one of {}", fmt::join(shape.choices, ", "));
  return std::string(format_name(shape.format));
}

std::string variable_fact(const Shape& shape) {
  std::string text = "variable " + shape.variable;
  if (!shape.fallback_variable.empty()) text += ", else " + shape.fallback_variable;
  for (const auto& [alias, meaning] : shape.aliases) text += fmt::format(", {} for {}", alias, meaning);
  return text;
}

} // namespace

std::string allowed_values(const Shape& shape, const std::string& variable) {
  switch (shape.type) {
  case Type::boolean:
    return "true or false";
  case Type::integer:
  case Type::number:
    return range(shape, variable);
  case Type::string:
    return text_rules(shape);
  case Type::array: {
    std::string items = allowed_values(shape.items.front());
    if (variable.empty()) return items.empty() ? "list" : "list of: " + items;
    return items.empty() ? "comma-separated" : "comma-separated: " + items;
  }
  case Type::object:
    return shape.max_items ? fmt::format("table of at most {}", *shape.max_items) : "table";
  case Type::claim:
    return "string, number, boolean or list of strings";
  }
  return "";
}

std::optional<Node> normalised(const std::optional<Node>& node, const Shape& shape) {
  if (!node) return std::nullopt;
  const EnvironmentVariables none;
  const Surroundings around{none, "/"};
  Problems ignored("");
  Node copy = *node;
  Checker(around, ignored).check(copy, shape, "");
  return copy;
}

std::string default_as_toml(const Shape& shape) {
  auto preset = normalised(shape.preset, shape);
  Shape open = shape; // a default that everybody knows is no secret
  open.secret = false;
  return preset ? to_toml(*preset, open) : "";
}

std::string default_as_variable(const Shape& shape) {
  auto preset = normalised(shape.preset, shape);
  if (!preset) return shape.derived;
  if (preset->kind == Node::Kind::string) return std::string(preset->text.reveal());
  if (preset->kind == Node::Kind::array) {
    std::vector<std::string> items;
    for (const Node& item : preset->items) items.emplace_back(item.text.reveal());
    return fmt::format("{}", fmt::join(items, ","));
  }
  if (preset->kind == Node::Kind::integer) {
    return bound(static_cast<double>(preset->integer), shape, shape.variable);
  }
  return to_toml(*preset, shape);
}

std::string example_value(const Property& p) {
  const Shape& shape = p.shape;
  if (shape.secret) return in_quotes(fmt::format("${{credential:{}}}", p.name));
  if (auto example = normalised(shape.example, shape)) return to_toml(*example, shape);
  switch (shape.type) {
  case Type::boolean:
    return "false";
  case Type::integer:
    if (shape.unit == Unit::none) return fmt::format("{:.0f}", shape.minimum.value_or(0));
    return in_quotes(print_quantity(static_cast<std::int64_t>(shape.minimum.value_or(0)), shape.unit));
  case Type::number:
    return fmt::format("{:.1f}", shape.minimum.value_or(0));
  case Type::array:
    return "[]";
  case Type::object:
    return "{}";
  case Type::string:
  case Type::claim:
    break;
  }
  if (!shape.choices.empty()) return in_quotes(shape.choices.front());
  if (shape.format == Format::uri) return "\"https://kong.example.com:8444\"";
  return shape.format == Format::path ? "\"/etc/authd/file\"" : "\"\"";
}

std::vector<std::string> assignments(const std::string& name, const Property& p) {
  std::string value = default_as_toml(p.shape);
  const bool has_lines = p.shape.type == Type::object && value.empty() && p.shape.example;
  if (!has_lines) return {fmt::format("{} = {}", name, value.empty() ? example_value(p) : value)};
  std::vector<std::string> lines;
  for (const Member& m : p.shape.example->members)
    lines.push_back(fmt::format("{}.{} = {}", name, printed_key(m.name), to_toml(m.value, p.shape.items.front())));
  return lines;
}

std::string facts(const Property& p) {
  const Shape& shape = p.shape;
  std::vector<std::string> facts;
  if (p.required) facts.emplace_back("required");
  if (shape.secret) facts.emplace_back("secret");
  if (std::string values = allowed_values(shape); !values.empty()) facts.push_back(values);
  if (shape.https_in_production) facts.emplace_back("in production https and no loopback address");
  if (shape.required_in_production) facts.emplace_back("required in production");
  if (shape.min_production_length > 0) {
    facts.push_back(fmt::format("in production at least {} characters", shape.min_production_length));
  }
  if (!shape.production_schemes.empty()) {
    facts.push_back(fmt::format("in production {}", fmt::join(shape.production_schemes, ", ")));
  }
  if (!shape.derived.empty()) facts.push_back("default: " + shape.derived);
  if (!shape.variable.empty()) facts.push_back(variable_fact(shape));
  return fmt::format("{}", fmt::join(facts, "; "));
}

} // namespace authd::config
