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

} // namespace authd::config
