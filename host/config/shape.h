// SPDX-License-Identifier: Apache-2.0
// What a value may be. The host's settings table and a plugin's JSON Schema both become shapes, so one
// checker, one printer and one reader of variables serve both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node.h"
#include "config/units.h"

namespace authd::config {

enum class Type {
  boolean,
  integer,
  number,
  string,
  array,
  object,
  claim // a string, number, boolean or array of strings; a string may refer to a header of the request (claims.h)
};

enum class Format {
  none,
  uri,       // absolute, with a host
  path,      // of a file or folder; relative ones start at the folder of authd.toml
  cidr,      // 10.0.0.0/8, ::1, no host bits set
  sha256,    // 64 hexadecimal digits
  origin,    // "*", or scheme://host[:port] as browsers send it (RFC 6454)
  address,   // IP address or host name
  listen,    // "", "unix:/path" or "host:port"
  key256,    // base64 of 32 bytes
  plugin,    // bare name, or an absolute path
  file_mode, // octal: "0660"
};

struct Property;

struct Shape {
  Type type = Type::string;
  Unit unit = Unit::none; // integer: written as "500ms" or "16KiB"; held in ms or bytes
  Format format = Format::none;
  std::optional<double> minimum; // inclusive, in the base unit
  std::optional<double> maximum;
  std::int64_t multiple_of = 0;          // integer: 0 for any; in the base unit
  std::vector<std::string> choices;      // string or integer: the only values allowed, written out
  std::optional<std::size_t> min_length; // string: characters (code points)
  std::optional<std::size_t> max_length;
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items; // object with free names: members
  bool comma_list = false;              // array: a string is taken as a comma-separated list
  std::vector<Shape> items;             // array: the one shape of its elements; object: of members with free names
  std::vector<Property> properties;
  bool open = false; // object: unknown members are allowed, because the known ones cannot be determined

  bool secret = false;                   // never printed
  bool reloadable = true;                // a reload may change it
  bool https_in_production = false;      // production refuses plain http and loopback hosts
  std::size_t min_production_length = 0; // production refuses shorter strings and placeholders
  bool required_in_production = false;
  std::vector<std::string> production_schemes; // production refuses URLs of any other; empty: no such rule
  bool production_rule = false;                // production has another rule about it, see production.cpp
  bool yields_to_plugin = false;               // a plugin that declares it has it alone
  bool not_built = false;                      // known and checked, but this authd does nothing with it yet

  std::string variable;
  std::string fallback_variable;                            // read when `variable` is not set
  std::vector<std::pair<std::string, std::string>> aliases; // string: what else the variable may say, and means
  std::string description;
  std::optional<Node> preset;  // the default
  std::optional<Node> example; // for the manual, where there is no default
  std::string derived;         // in words: where a default that is no constant comes from

  const Property* find(std::string_view name) const;
};

struct Property {
  std::string name;
  Shape shape;
  bool required = false;
};

inline const Property* Shape::find(std::string_view name) const {
  for (const Property& p : properties) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

// One table of the configuration, all layers in one, with the shape that it was checked against.
struct Section {
  std::string path; // "gateway", "cache[0]"
  Shape shape;
  Node node;
};

} // namespace authd::config
