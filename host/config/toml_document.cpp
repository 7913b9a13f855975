// SPDX-License-Identifier: Apache-2.0
#include "config/toml_document.h"

#include <toml++/toml.h>

namespace authd::config {
namespace {

Origin origin_of(const toml::source_region& region) {
  return {Origin::Kind::file, region.begin.line, region.begin.column, {}};
}

Node convert(toml::node& source);

Node convert_table(toml::table& table) {
  Node node;
  for (auto&& [key, value] : table) {
    node.members.push_back({std::string(key.str()), origin_of(key.source()), convert(value)});
  }
  return node;
}

Node convert_array(toml::array& array) {
  Node node;
  node.kind = Node::Kind::array;
  for (toml::node& item : array) node.items.push_back(convert(item));
  return node;
}

// The document dies after this, so its copy of what may be a secret goes now.
Node convert_string(toml::value<std::string>& value) {
  Node node = string_node(value.get());
  wipe(value.get().data(), value.get().size());
  return node;
}

Node convert_value(toml::node& source) {
  if (auto* table = source.as_table()) return convert_table(*table);
  if (auto* array = source.as_array()) return convert_array(*array);
  if (auto* text = source.as_string()) return convert_string(*text);
  if (auto* integer = source.as_integer()) return integer_node(integer->get());
  if (auto* number = source.as_floating_point()) return number_node(number->get());
  if (auto* flag = source.as_boolean()) return boolean_node(flag->get());
  Node node;
  node.kind = Node::Kind::date;
  return node;
}

Node convert(toml::node& source) {
  Node node = convert_value(source);
  node.origin = origin_of(source.source());
  return node;
}

} // namespace

Result<Node, SyntaxError> parse_toml(std::string_view text) {
  try {
    toml::table document = toml::parse(text);
    return convert(document);
  } catch (const toml::parse_error& e) {
    return tl::unexpected(SyntaxError{origin_of(e.source()), std::string(e.description())});
  }
}

} // namespace authd::config
