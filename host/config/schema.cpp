// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <algorithm>

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "config/checker.h"
#include "config/json_position.h"
#include "config/nearest.h"
#include "config/printing.h"
#include "config/reserved_variables.h"

namespace authd::config {
namespace {

using Poco::Dynamic::Var;
using JsonArray = Poco::JSON::Array::Ptr;
using JsonObject = Poco::JSON::Object::Ptr;

struct Refused {
  std::string message;
};

// `where`: JSON pointer of the subschema that holds the keyword.
[[noreturn]] void refuse(const std::string& where, std::string_view message) {
  throw Refused{fmt::format("{}: {}", where.empty() ? "/" : where, message)};
}

Shape parse(const JsonObject& schema, const std::string& where);

bool is_bool(const Var& v) { return v.isBoolean(); }
bool is_integer(const Var& v) { return v.isInteger() && !v.isBoolean(); }
bool is_number(const Var& v) { return v.isNumeric() && !v.isBoolean() && !v.isString(); }

std::string text_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (!v.isString()) refuse(where, fmt::format("{} is not a string", keyword));
  return v.convert<std::string>();
}

double number_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (!is_number(v)) refuse(where, fmt::format("{} is not a number", keyword));
  return v.convert<double>();
}

std::size_t count_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (!is_integer(v) || v.convert<std::int64_t>() < 0) refuse(where, fmt::format("{} is not a count", keyword));
  return static_cast<std::size_t>(v.convert<std::int64_t>());
}

bool flag_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (!is_bool(v)) refuse(where, fmt::format("{} is not a boolean", keyword));
  return v.convert<bool>();
}

JsonArray array_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (v.type() != typeid(JsonArray)) refuse(where, fmt::format("{} is not an array", keyword));
  return v.extract<JsonArray>();
}

JsonObject object_of(const Var& v, const std::string& where, std::string_view keyword) {
  if (v.type() != typeid(JsonObject)) refuse(where, fmt::format("{} is not an object", keyword));
  return v.extract<JsonObject>();
}

Node node_of(const Var& v, const std::string& where) {
  if (v.isString()) return string_node(v.convert<std::string>());
  if (is_bool(v)) return boolean_node(v.convert<bool>());
  if (is_integer(v)) return integer_node(v.convert<std::int64_t>());
  if (is_number(v)) return number_node(v.convert<double>());
  if (v.type() == typeid(JsonArray)) {
    Node array;
    array.kind = Node::Kind::array;
    for (const Var& item : *v.extract<JsonArray>()) array.items.push_back(node_of(item, where));
    return array;
  }
  if (v.type() == typeid(JsonObject)) {
    Node table;
    for (const auto& [name, member] : *v.extract<JsonObject>()) {
      table.members.push_back({name, {}, node_of(member, where)});
    }
    return table;
  }
  refuse(where, "default is null");
}

void read_format(Shape& shape, const Var& v, const std::string& where) {
  std::string format = text_of(v, where, "format");
  if (format != "uri" && format != "path") refuse(where, "format is neither \"uri\" nor \"path\"");
  shape.format = format == "uri" ? Format::uri : Format::path;
}

void read_enum(Shape& shape, const Var& v, const std::string& where) {
  for (const Var& choice : *array_of(v, where, "enum")) {
    bool fits = shape.type == Type::string ? choice.isString() : is_integer(choice);
    if (!fits) refuse(where, "enum holds a value that is not of the type");
    shape.choices.push_back(choice.convert<std::string>());
  }
  if (shape.choices.empty()) refuse(where, "enum is empty");
}

bool names_variable(const Shape& shape) {
  return !shape.variable.empty() || std::any_of(shape.properties.begin(), shape.properties.end(),
                                                [](const Property& p) { return names_variable(p.shape); });
}

void read_items(Shape& shape, const Var& v, const std::string& where) {
  Shape items = parse(object_of(v, where, "items"), where + "/items");
  if (items.type == Type::array) refuse(where, "items must not be arrays");
  if (names_variable(items)) refuse(where + "/items", "x-authd-env within an array: no variable can name an entry");
  shape.items.push_back(std::move(items));
}

void check_variable(const Property& property, const std::string& where) {
  if (property.shape.variable.empty()) return;
  if (const auto meaning = reserved_meaning(property.shape.variable, property.name))
    refuse(where, fmt::format("x-authd-env names {}, which {}; choose a name that begins with the plugin's",
                              property.shape.variable, *meaning));
}

void read_properties(Shape& shape, const Var& v, const std::string& where) {
  JsonObject properties = object_of(v, where, "properties");
  for (const std::string& name : properties->getNames()) {
    std::string inner = where + "/properties/" + printed_key(name);
    shape.properties.push_back({name, parse(object_of(properties->get(name), inner, "the schema"), inner)});
    check_variable(shape.properties.back(), inner);
  }
}

void read_additional(Shape&, const Var& v, const std::string& where) {
  if (!is_bool(v) || v.convert<bool>()) refuse(where, "additionalProperties may only be false");
}

void read_unit(Shape& shape, const Var& v, const std::string& where) {
  std::string unit = text_of(v, where, "x-authd-unit");
  if (unit != "ms" && unit != "bytes") refuse(where, "x-authd-unit is neither \"ms\" nor \"bytes\"");
  shape.unit = unit == "ms" ? Unit::milliseconds : Unit::bytes;
}

void read_variable(Shape& shape, const Var& v, const std::string& where) {
  shape.variable = text_of(v, where, "x-authd-env");
  bool name = !shape.variable.empty() && std::all_of(shape.variable.begin(), shape.variable.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!name) refuse(where, "x-authd-env is not a name of A-Z, 0-9 and _");
}

void read_examples(Shape& shape, const Var& v, const std::string& where) {
  JsonArray examples = array_of(v, where, "examples");
  if (!examples->empty()) shape.example = node_of(examples->get(0), where);
}

void read_schemes(Shape& shape, const Var& v, const std::string& where) {
  for (const Var& scheme : *array_of(v, where, "x-authd-production-schemes")) {
    shape.production_schemes.push_back(text_of(scheme, where, "an entry of x-authd-production-schemes"));
  }
  if (shape.production_schemes.empty()) refuse(where, "x-authd-production-schemes is empty");
}

void read_nothing(Shape&, const Var&, const std::string&) {}

constexpr unsigned bit(Type type) { return 1u << static_cast<unsigned>(type); }
constexpr unsigned kAny = ~0u;
constexpr unsigned kPlain = ~bit(Type::object);
constexpr unsigned kNumeric = bit(Type::integer) | bit(Type::number);

using V = const Var&;
using W = const std::string&;

struct Keyword {
  std::string_view name;
  unsigned types; // on which it has a meaning
  void (*read)(Shape& shape, const Var& value, const std::string& where);
};

const Keyword kKeywords[] = {
    {"type", kAny, read_nothing},
    {"title", kAny, read_nothing},
    {"$schema", kAny, read_nothing},
    {"examples", kAny, read_examples},
    {"required", bit(Type::object), read_nothing}, // after properties
    {"default", kAny, [](Shape& s, V v, W w) { s.preset = node_of(v, w); }},
    {"description", kAny, [](Shape& s, V v, W w) { s.description = text_of(v, w, "description"); }},
    {"minimum", kNumeric, [](Shape& s, V v, W w) { s.minimum = number_of(v, w, "minimum"); }},
    {"maximum", kNumeric, [](Shape& s, V v, W w) { s.maximum = number_of(v, w, "maximum"); }},
    {"enum", bit(Type::string) | bit(Type::integer), read_enum},
    {"minLength", bit(Type::string), [](Shape& s, V v, W w) { s.min_length = count_of(v, w, "minLength"); }},
    {"maxLength", bit(Type::string), [](Shape& s, V v, W w) { s.max_length = count_of(v, w, "maxLength"); }},
    {"format", bit(Type::string), read_format},
    {"items", bit(Type::array), read_items},
    {"minItems", bit(Type::array), [](Shape& s, V v, W w) { s.min_items = count_of(v, w, "minItems"); }},
    {"maxItems", bit(Type::array), [](Shape& s, V v, W w) { s.max_items = count_of(v, w, "maxItems"); }},
    {"properties", bit(Type::object), read_properties},
    {"additionalProperties", bit(Type::object), read_additional},
    {"x-authd-env", kPlain, read_variable},
    {"x-authd-unit", bit(Type::integer), read_unit},
    {"x-authd-secret", bit(Type::string) | bit(Type::array),
     [](Shape& s, V v, W w) { s.secret = flag_of(v, w, "x-authd-secret"); }},
    {"x-authd-reload", kAny, [](Shape& s, V v, W w) { s.reloadable = flag_of(v, w, "x-authd-reload"); }},
    {"x-authd-https-in-production", bit(Type::string),
     [](Shape& s, V v, W w) { s.https_in_production = flag_of(v, w, "x-authd-https-in-production"); }},
    {"x-authd-min-production-length", bit(Type::string),
     [](Shape& s, V v, W w) { s.min_production_length = count_of(v, w, "x-authd-min-production-length"); }},
    {"x-authd-required-in-production", kPlain,
     [](Shape& s, V v, W w) { s.required_in_production = flag_of(v, w, "x-authd-required-in-production"); }},
    {"x-authd-production-schemes", bit(Type::string), read_schemes},
};

Type type_of(const JsonObject& schema, const std::string& where) {
  constexpr std::string_view kNames[] = {"boolean", "integer", "number", "string", "array", "object"};
  if (!schema->has("type")) refuse(where, "type is missing");
  std::string name = text_of(schema->get("type"), where, "type");
  auto at = std::find(std::begin(kNames), std::end(kNames), name);
  if (at == std::end(kNames)) refuse(where, fmt::format("unknown type {}", in_quotes(name)));
  return static_cast<Type>(at - std::begin(kNames));
}

void read_keyword(Shape& shape, const std::string& name, const Var& value, const std::string& where) {
  auto at = std::find_if(std::begin(kKeywords), std::end(kKeywords), [&](const Keyword& k) { return k.name == name; });
  if (at == std::end(kKeywords)) {
    std::vector<std::string> known;
    for (const Keyword& k : kKeywords) known.emplace_back(k.name);
    refuse(where, fmt::format("unknown keyword {}; {}", in_quotes(name), suggestion(name, known)));
  }
  if ((at->types & bit(shape.type)) == 0) refuse(where, fmt::format("{} does not apply to this type", name));
  at->read(shape, value, where);
}

void read_required(Shape& shape, const JsonObject& schema, const std::string& where) {
  if (!schema->has("required")) return;
  for (const Var& entry : *array_of(schema->get("required"), where, "required")) {
    std::string name = text_of(entry, where, "an entry of required");
    auto at = std::find_if(shape.properties.begin(), shape.properties.end(),
                           [&](const Property& p) { return p.name == name; });
    if (at == shape.properties.end()) refuse(where, fmt::format("required names {}, no property", in_quotes(name)));
    at->required = true;
  }
}

void check_own_value(const std::optional<Node>& value, const Shape& shape, const std::string& where,
                     std::string_view keyword) {
  if (!value) return;
  const EnvironmentVariables none;
  const Surroundings around{none, {}};
  Problems problems("");
  Node copy = *value;
  Checker(around, problems).check(copy, shape, "");
  if (!problems.empty()) refuse(where, fmt::format("{}: {}", keyword, problems.in_order().front().line));
}

void check_combinations(const Shape& shape, const std::string& where) {
  if (shape.type == Type::array && shape.items.empty()) refuse(where, "an array without items");
  if (shape.https_in_production && shape.format != Format::uri) {
    refuse(where, "x-authd-https-in-production without format \"uri\"");
  }
  if (shape.secret && shape.type == Type::array && shape.items.front().type != Type::string) {
    refuse(where, "x-authd-secret on an array whose items are not strings");
  }
  check_own_value(shape.preset, shape, where, "default");
  check_own_value(shape.example, shape, where, "examples");
}

Shape parse(const JsonObject& schema, const std::string& where) {
  Shape shape;
  shape.type = type_of(schema, where);
  for (const std::string& name : schema->getNames()) read_keyword(shape, name, schema->get(name), where);
  read_required(shape, schema, where);
  if (shape.secret && !shape.items.empty()) shape.items.front().secret = true;
  check_combinations(shape, where);
  return shape;
}

} // namespace

Result<Shape, std::string> parse_schema(std::string_view json) {
  try {
    Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true)); // keeps the order of the properties
    Var root = parser.parse(std::string(json));
    Shape shape = parse(object_of(root, "", "the schema"), "");
    if (shape.type != Type::object) refuse("", "the root is not of type object");
    return shape;
  } catch (const Refused& refused) {
    return tl::unexpected(refused.message);
  } catch (const Poco::Exception& e) {
    return tl::unexpected(fmt::format("not JSON: {}: {}", json_error_position(json), e.message()));
  }
}

} // namespace authd::config
