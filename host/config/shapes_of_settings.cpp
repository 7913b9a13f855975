// SPDX-License-Identifier: Apache-2.0
// A row of the settings table as a shape.
#include <algorithm>
#include <utility>

#include "config/layers.h"
#include "config/settings.h"
#include "config/toml_document.h"

namespace authd::config {
namespace {

std::vector<std::string> split(std::string_view choices) {
  std::vector<std::string> out;
  while (!choices.empty()) {
    std::size_t bar = choices.find('|');
    out.emplace_back(choices.substr(0, bar));
    choices.remove_prefix(bar == std::string_view::npos ? choices.size() : bar + 1);
  }
  return out;
}

std::optional<std::size_t> count(std::optional<double> limit) {
  return limit ? std::optional(static_cast<std::size_t>(*limit)) : std::nullopt;
}

// What stands in lists and maps: the row's format is theirs, an empty string is never meant, and the only numbers
// are ids.
Shape entry_shape(const Setting& setting) {
  Shape entry;
  entry.type = setting.entries;
  entry.format = setting.format;
  entry.secret = setting.secret;
  entry.choices = split(setting.choices);
  if (entry.type == Type::string) entry.min_length = 1;
  if (entry.type == Type::integer) entry.minimum = 0;
  if (entry.type == Type::claim) entry.items.emplace_back(); // any string
  return entry;
}

void set_limits(Shape& shape, const Setting& setting) {
  switch (shape.type) {
  case Type::string:
    shape.min_length = count(setting.minimum);
    shape.max_length = count(setting.maximum);
    break;
  case Type::array:
    shape.min_items = count(setting.minimum);
    shape.max_items = count(setting.maximum);
    shape.comma_list = true;
    shape.items.push_back(entry_shape(setting));
    break;
  case Type::object:
    shape.max_items = count(setting.maximum);
    shape.items.push_back(entry_shape(setting));
    break;
  default:
    shape.minimum = setting.minimum;
    shape.maximum = setting.maximum;
  }
}

Node preset_node(const Shape& shape, std::string_view preset) {
  Node node;
  if (shape.type == Type::object) {
    if (!preset.empty()) node.members = parse_toml(preset).value_or(Node{}).members;
    return node;
  }
  if (shape.type == Type::array && preset.empty()) {
    node.kind = Node::Kind::array;
    return node;
  }
  if (shape.unit != Unit::none) return string_node(preset);
  node = from_variable(shape, "", preset);
  node.origin = {};
  return node;
}

// "cache-redis=2h": name and value.
std::vector<std::pair<std::string, std::string>> assignments(std::string_view list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& entry : split(list)) {
    std::size_t equals = entry.find('=');
    out.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

std::optional<std::string> preset_for(const Setting& setting, std::string_view plugin) {
  for (const auto& [name, preset] : assignments(setting.preset_by_plugin)) {
    if (name == plugin) return preset;
  }
  return setting.preset ? std::optional<std::string>(*setting.preset) : std::nullopt;
}

} // namespace

Shape shape_of(const Setting& setting, std::string_view plugin) {
  Shape shape;
  shape.type = setting.type;
  shape.unit = setting.unit;
  bool plain = setting.type != Type::array && setting.type != Type::object;
  shape.format = plain ? setting.format : Format::none;
  shape.multiple_of = setting.multiple_of;
  if (plain) shape.choices = split(setting.choices);
  shape.reloadable = setting.fixed == nullptr;
  shape.secret = setting.secret;
  shape.https_in_production = setting.https_in_production;
  shape.production_rule = setting.production_rule;
  shape.not_built = setting.not_built;
  shape.yields_to_plugin = setting.yields_to_plugin;
  shape.variable = setting.variable;
  shape.fallback_variable = setting.fallback_variable;
  shape.description = setting.description;
  shape.aliases = assignments(setting.aliases);
  set_limits(shape, setting);
  shape.derived = setting.derived;
  if (auto preset = preset_for(setting, plugin)) shape.preset = preset_node(shape, *preset);
  if (!setting.example.empty()) shape.example = preset_node(shape, setting.example);
  return shape;
}

namespace {

// "tls.key" stands in an object "tls", which is made for the first of its rows.
void add_property(Shape& object, std::string_view key, Shape shape, bool required) {
  const std::size_t dot = key.find('.');
  const std::string name(key.substr(0, dot));
  if (dot == std::string_view::npos) return object.properties.push_back({name, std::move(shape), required});
  if (object.find(name) == nullptr) {
    Shape inner;
    inner.type = Type::object;
    object.properties.push_back({name, std::move(inner), false});
  }
  auto at = std::find_if(object.properties.begin(), object.properties.end(),
                         [&](const Property& p) { return p.name == name; });
  add_property(at->shape, key.substr(dot + 1), std::move(shape), required);
}

} // namespace

Shape shape_of_table(std::string_view table, std::string_view plugin) {
  Shape shape;
  shape.type = Type::object;
  for (const Setting& s : settings_of(table)) add_property(shape, s.key, shape_of(s, plugin), s.required);
  return shape;
}

} // namespace authd::config
