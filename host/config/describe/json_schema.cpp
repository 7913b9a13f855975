// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include "config/describe/describing.h"
#include "config/describe/wording.h"
#include "config/schema.h"
#include "config/settings.h"

namespace authd::config {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

Object::Ptr new_object() { return new Object(Poco::JSON_PRESERVE_KEY_ORDER); }

Object::Ptr json_of(const Shape& shape);

std::string_view type_name(const Shape& shape) {
  if (shape.unit != Unit::none) return "string";
  constexpr std::string_view kNames[] = {"boolean", "integer", "number", "string", "array", "object"};
  return kNames[static_cast<std::size_t>(shape.type)];
}

std::string_view pattern_of(const Shape& shape) {
  if (shape.unit == Unit::milliseconds) return "^[0-9]+(ms|s|m|h|d)$";
  if (shape.unit == Unit::bytes) return "^[0-9]+(B|KiB|MiB|GiB)$";
  return shape.format == Format::sha256 ? "^[0-9A-Fa-f]{64}$" : "";
}

Poco::Dynamic::Var json_value(const Node& node, const Shape& shape) {
  switch (node.kind) {
  case Node::Kind::boolean:
    return node.integer != 0;
  case Node::Kind::integer:
    if (shape.unit == Unit::none) return node.integer;
    return print_quantity(node.integer, shape.unit);
  case Node::Kind::number:
    return node.number;
  case Node::Kind::string:
    return std::string(node.text.reveal());
  case Node::Kind::array: {
    Array::Ptr items = new Array;
    for (const Node& item : node.items) items->add(json_value(item, shape.items.front()));
    return items;
  }
  default:
    return new_object();
  }
}

template <class T>
void set_if(Object& out, const char* name, const std::optional<T>& value) {
  if (value) out.set(name, *value);
}

void set_rules(Object& out, const Shape& shape) {
  if (auto pattern = pattern_of(shape); !pattern.empty()) out.set("pattern", std::string(pattern));
  if (shape.format == Format::key256) out.set("contentEncoding", "base64");
  if (shape.format == Format::uri) out.set("format", "uri");
  if (shape.unit == Unit::none) { // a string with a unit has no JSON Schema for its range
    set_if(out, "minimum", shape.minimum);
    set_if(out, "maximum", shape.maximum);
  }
  set_if(out, "minLength", shape.min_length);
  set_if(out, "maxLength", shape.max_length);
  set_if(out, "minItems", shape.min_items);
  set_if(out, shape.type == Type::object ? "maxProperties" : "maxItems", shape.max_items);
  if (!shape.choices.empty()) {
    Array::Ptr choices = new Array;
    for (const std::string& choice : shape.choices) choices->add(choice);
    out.set("enum", choices);
  }
}

void set_annotations(Object& out, const Shape& shape) {
  std::string text = shape.description;
  if (shape.unit != Unit::none) text += (text.empty() ? "" : " ") + allowed_values(shape) + ".";
  if (shape.not_built) text = "No effect in this version. " + text;
  if (!text.empty()) out.set("description", text);
  if (auto preset = normalised(shape.preset, shape)) out.set("default", json_value(*preset, shape));
  if (!shape.variable.empty()) out.set("x-authd-env", shape.variable);
  if (shape.secret) out.set("x-authd-secret", true);
  if (!shape.reloadable) out.set("x-authd-reload", false);
}

void set_members(Object& out, const Shape& shape) {
  Object::Ptr properties = new_object();
  Array::Ptr required = new Array;
  for (const Property& p : shape.properties) {
    properties->set(p.name, json_of(p.shape));
    if (p.required && p.shape.variable.empty()) required->add(p.name); // else a variable may set it
  }
  if (!shape.properties.empty()) out.set("properties", properties);
  if (!required->empty()) out.set("required", required);
  if (!shape.items.empty()) {
    out.set("additionalProperties", json_of(shape.items.front()));
  } else {
    out.set("additionalProperties", shape.open);
  }
}

Poco::Dynamic::Var types_of(const Shape& shape) {
  Array::Ptr types = new Array;
  if (shape.comma_list) {
    for (const char* type : {"array", "string"}) types->add(type);
  } else if (shape.type == Type::claim) {
    for (const char* type : {"string", "number", "boolean", "array"}) types->add(type);
  } else {
    return std::string(type_name(shape));
  }
  return types;
}

Object::Ptr json_of(const Shape& shape) {
  Object::Ptr out = new_object();
  out->set("type", types_of(shape));
  set_rules(*out, shape);
  if (shape.type == Type::array || shape.type == Type::claim) out->set("items", json_of(shape.items.front()));
  if (shape.type == Type::object) set_members(*out, shape);
  set_annotations(*out, shape);
  return out;
}

// { "if": { plugin is this one (or the default, unsaid) }, "then": its properties }
Object::Ptr condition(const PluginSchema& plugin, const Shape& host, const Shape& own) {
  Object::Ptr is = new_object();
  is->set("const", plugin.plugin);
  Object::Ptr named = new_object();
  named->set("plugin", is);
  Object::Ptr when = new_object();
  when->set("properties", named);
  if (default_as_variable(host.find("plugin")->shape) != plugin.plugin) {
    Array::Ptr required = new Array;
    required->add("plugin");
    when->set("required", required);
  }
  Object::Ptr then = json_of(own);
  then->remove("additionalProperties");
  Object::Ptr out = new_object();
  out->set("if", when);
  out->set("then", then);
  return out;
}

Object::Ptr table_json(const Table& table, bool of_plugins, const std::vector<PluginSchema>& plugins) {
  Shape host = shape_of_table(table.name);
  host.open = of_plugins; // the rest is the plugin's
  host.description = table.description;
  Object::Ptr object = json_of(host);
  Array::Ptr conditions = new Array;
  for (const PluginSchema& plugin : plugins) {
    auto own = plugin.table == table.name ? parse_schema(plugin.json) : tl::unexpected(std::string());
    if (own) conditions->add(condition(plugin, host, *own));
  }
  if (!conditions->empty()) object->set("allOf", conditions);
  if (!table.repeated) return object;
  Object::Ptr array = new_object();
  array->set("type", "array");
  array->set("minItems", 1);
  array->set("items", object);
  return array;
}

} // namespace

std::string schema(const std::vector<PluginSchema>& plugins, std::span<const Kind> kinds) {
  Object::Ptr properties = new_object();
  for (const Table& table : tables_of(kinds)) {
    const bool of_plugins = kind_of_table(table.name, kinds) != nullptr;
    properties->set(std::string(table.name), table_json(table, of_plugins, plugins));
  }
  Object root(Poco::JSON_PRESERVE_KEY_ORDER);
  root.set("$schema", "https://json-schema.org/draft/2020-12/schema");
  root.set("title", "authd.toml");
  root.set("type", "object");
  root.set("properties", properties);
  root.set("additionalProperties", false);
  std::ostringstream out;
  root.stringify(out, 2);
  return out.str() + "\n";
}

} // namespace authd::config
