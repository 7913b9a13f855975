// SPDX-License-Identifier: Apache-2.0
#include "config/checker.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/claims.h"
#include "config/formats.h"
#include "config/layers.h"
#include "config/mistaken_values.h"
#include "config/nearest.h"
#include "config/printing.h"

namespace authd::config {
namespace {

std::string_view trimmed(std::string_view text) {
  std::size_t from = std::min(text.find_first_not_of(" \t"), text.size());
  std::size_t to = text.find_last_not_of(" \t");
  return to == std::string_view::npos ? std::string_view() : text.substr(from, to - from + 1);
}

Node split_at_commas(const Node& list, const Shape& shape) {
  Node array;
  array.kind = Node::Kind::array;
  array.origin = list.origin;
  std::string_view rest = list.text.reveal();
  for (bool more = true; more;) {
    std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    std::string_view part = trimmed(rest.substr(0, comma));
    Node item = shape.items.front().type == Type::string ? string_node(part, list.origin)
                                                         : from_variable(shape.items.front(), "", part);
    item.origin = list.origin;
    item.withheld = list.withheld;
    item.unknown = list.unknown;
    array.items.push_back(std::move(item));
    if (more) rest.remove_prefix(comma + 1);
  }
  return array;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Without regard to case, and to - or _.
bool same_word(std::string_view a, std::string_view b) {
  const auto plain = [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return plain(x) == plain(y); });
}

bool is_url(const Shape& shape) { return shape.format == Format::uri || !shape.production_schemes.empty(); }

std::vector<std::string> names_of(const Shape& object) {
  std::vector<std::string> names;
  for (const Property& p : object.properties) names.push_back(p.name);
  return names;
}

} // namespace

std::string child_path(const std::string& path, std::string_view name) {
  return path.empty() ? printed_key(name) : fmt::format("{}.{}", path, printed_key(name));
}

void Checker::check(Node& node, const Shape& shape, const std::string& path) {
  if (node.origin.kind == Origin::Kind::variable && is_wrapped(node, shape, path)) return;
  switch (shape.type) {
  case Type::boolean:
    return check_boolean(node, shape, path);
  case Type::integer:
    return shape.unit == Unit::none ? check_integer(node, shape, path) : check_quantity(node, shape, path);
  case Type::number:
    return check_number(node, shape, path);
  case Type::string:
    return check_string(node, shape, path);
  case Type::array:
    return check_array(node, shape, path);
  case Type::object:
    return check_object(node, shape, path);
  case Type::claim:
    return check_claim(node, shape, path);
  }
}

// From a variable everything is text, so its type is no news, but its content is.
void Checker::wrong_type(const Node& node, const Shape& shape, const std::string& path, std::string_view wanted) {
  bool text = node.origin.kind == Origin::Kind::variable && node.kind == Node::Kind::string;
  std::string found = text ? shown(node, shape) : std::string(describe(node.kind));
  problems_.add(node.origin, path, fmt::format("expected {}, got {}", wanted, found));
}

void Checker::check_boolean(const Node& node, const Shape& shape, const std::string& path) {
  if (node.kind != Node::Kind::boolean) wrong_type(node, shape, path, "true or false");
}

void Checker::check_integer(Node& node, const Shape& shape, const std::string& path) {
  if (node.kind != Node::Kind::integer) return wrong_type(node, shape, path, "a whole number");
  check_range(static_cast<double>(node.integer), shown(node, shape), node.origin, shape, path);
  check_choice(std::to_string(node.integer), node, shape, path);
}

void Checker::check_quantity(Node& node, const Shape& shape, const std::string& path) {
  std::string_view what = shape.unit == Unit::bytes ? "size" : "duration";
  if (node.kind == Node::Kind::string && node.origin.kind == Origin::Kind::variable) {
    VariableUnit unit = unit_of_variable(node.origin.variable, shape.unit);
    return wrong_type(node, shape, path, fmt::format("a whole number of {}", unit.name));
  }
  bool bare = node.kind == Node::Kind::integer || node.kind == Node::Kind::number;
  if (bare && node.origin.kind == Origin::Kind::file) {
    std::string_view units = shape.unit == Unit::bytes ? "B, KiB, MiB or GiB" : "ms, s, m or h";
    return problems_.add(node.origin, path,
                         fmt::format("a bare number has no unit; write a {} as a string with {}, such as \"{}\"", what,
                                     units, example_of(shape.unit)));
  }
  if (node.kind == Node::Kind::string) {
    auto value = parse_quantity(node.text.reveal(), shape.unit);
    if (!value) {
      return problems_.add(
          node.origin, path,
          fmt::format("{} is not a {} such as \"{}\"", shown(node, shape), what, example_of(shape.unit)));
    }
    // As it was written: 0m is not 0s to who looks for it.
    const std::string written = node.withheld ? shown(node, shape) : std::string(node.text.reveal());
    node = integer_node(*value, node.origin);
    return check_bounds(node, written, shape, path);
  }
  if (node.kind != Node::Kind::integer) {
    return wrong_type(node, shape, path, fmt::format("a {} such as \"{}\"", what, example_of(shape.unit)));
  }
  check_bounds(node, shown(node, shape), shape, path);
}

void Checker::check_bounds(const Node& quantity, const std::string& written, const Shape& shape,
                           const std::string& path) {
  check_range(static_cast<double>(quantity.integer), written, quantity.origin, shape, path);
  if (shape.multiple_of != 0 && quantity.integer % shape.multiple_of != 0) {
    problems_.add(quantity.origin, path,
                  fmt::format("{} is not a multiple of {}", written, print_quantity(shape.multiple_of, shape.unit)));
  }
}

void Checker::check_number(Node& node, const Shape& shape, const std::string& path) {
  if (node.kind == Node::Kind::integer) node = number_node(static_cast<double>(node.integer), node.origin);
  if (node.kind != Node::Kind::number || !std::isfinite(node.number)) {
    return wrong_type(node, shape, path, "a finite number");
  }
  check_range(node.number, shown(node, shape), node.origin, shape, path);
}

void Checker::check_range(double value, const std::string& written, const Origin& origin, const Shape& shape,
                          const std::string& path) {
  if (shape.minimum && value < *shape.minimum) {
    problems_.add(origin, path,
                  fmt::format("{} is below the minimum of {}", written, printed_number(*shape.minimum, shape, origin)));
  }
  if (shape.maximum && value > *shape.maximum) {
    problems_.add(origin, path,
                  fmt::format("{} is above the maximum of {}", written, printed_number(*shape.maximum, shape, origin)));
  }
}

void Checker::check_choice(std::string_view text, const Node& node, const Shape& shape, const std::string& path) {
  const auto& choices = shape.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end()) return;
  problems_.add(node.origin, path, fmt::format("{} is not one of {}", shown(node, shape), fmt::join(choices, ", ")));
}

// A text that is right by its format, where anything looks at it.
void Checker::take_on_trust(Node& node, const Shape& shape, const std::string& path) {
  const std::string_view reference = node.text.reveal();
  const std::string_view name = reference.substr(reference.find(':') + 1, reference.size() - reference.find(':') - 2);
  problems_.warn(node.origin, path,
                 fmt::format("the credential {} is not checked, because CREDENTIALS_DIRECTORY is not set; systemd sets "
                             "it for a unit with LoadCredential=",
                             in_quotes(name)));
  node.text = Secret(std::string(shape.format == Format::key256 ? "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                                                                : "a-credential-that-is-not-there-yet"));
  node.withheld = true;
  node.unknown = true;
}

bool Checker::resolve_reference(Node& node, const Shape& shape, const std::string& path) {
  if (!is_reference(node.text.reveal())) return true;
  if (around_.trust_absent_credentials && is_absent_credential(node.text.reveal(), around_)) {
    take_on_trust(node, shape, path);
    return true;
  }
  auto value = resolve(node.text.reveal(), around_);
  if (!value) {
    problems_.add(node.origin, path, value.error());
    node.unknown = true; // so that no rule complains of the reference's text
    return false;
  }
  node.text = std::move(*value);
  node.withheld = true;
  return true;
}

// Docker's --env-file, for one, keeps the quotes of a line.
bool Checker::is_wrapped(const Node& node, const Shape& shape, const std::string& path) {
  if (node.kind != Node::Kind::string) return false;
  const Wrapping found = wrapping_of(node.text.reveal());
  // Elsewhere brackets may be meant: a plugin's regular expression, an IPv6 address.
  const bool never_bracketed = shape.secret || is_url(shape) || shape.type == Type::array;
  if (found == Wrapping::none || (found == Wrapping::brackets && !never_bracketed)) return false;
  problems_.add(node.origin, path,
                fmt::format("the value is in {}, which an environment file does not remove; "
                            "write it without them",
                            found == Wrapping::quotes ? "quotes" : "brackets"));
  return true;
}

// "konnect" for what the variable calls KONNECT, and KONNECT in the file, where the plugin has its own name.
bool Checker::is_misspelt_alias(const Node& node, const Shape& shape, const std::string& path) {
  const std::string_view text = node.text.reveal();
  const bool variable = node.origin.kind == Origin::Kind::variable;
  for (const auto& [alias, meaning] : shape.aliases) {
    if (variable ? !same_word(text, alias) : text != alias) continue;
    problems_.add(node.origin, path,
                  fmt::format("expected {}, got {}", variable ? alias : in_quotes(meaning), shown(node, shape)));
    return true;
  }
  return false;
}

bool Checker::is_template(const Node& node, const Shape& shape, const std::string& path) {
  const auto found = unfilled_template(node.text.reveal());
  if (!found) return false;
  // A part of a password may look like one, unless it names a variable.
  const bool as_part = is_url(shape) || shape.format != Format::none || (shape.secret && !found->variable.empty());
  if (!found->whole && !as_part) return false;
  const bool named = found->whole && !found->variable.empty();
  problems_.add(node.origin, path,
                fmt::format("{} is an unfilled template; {}", shown(node, shape),
                            named ? fmt::format("did you mean \"${{env:{}}}\"?", found->variable)
                                  : "authd expands only \"${env:NAME}\", \"${file:/path}\" and "
                                    "\"${credential:NAME}\", each as the whole value"));
  return true;
}

// What a file or credential holds is taken as it is.
bool Checker::is_left_behind(const Node& node, const Shape& shape, const std::string& path) {
  return is_wrapped(node, shape, path) || is_template(node, shape, path);
}

void Checker::check_string(Node& node, const Shape& shape, const std::string& path) {
  if (node.kind != Node::Kind::string) return wrong_type(node, shape, path, "a string");
  if (node.unknown) return;
  const bool through_environment = node.text.reveal().starts_with("${env:");
  if (!resolve_reference(node, shape, path) || node.unknown) return;
  if (through_environment ? is_left_behind(node, shape, path) : !node.withheld && is_template(node, shape, path))
    return;
  if (is_misspelt_alias(node, shape, path)) return;
  check_choice(node.text.reveal(), node, shape, path);
  check_length(node, shape, path);
  if (auto error = format_error(node.text.reveal(), shape.format)) {
    return problems_.add(node.origin, path, fmt::format("{} {}", shown(node, shape), *error));
  }
  if (shape.format == Format::cidr) node.text = Secret(canonical_range(node.text.reveal()));
  if (shape.https_in_production) {
    auto url = url_parts(node.text.reveal());
    if (url && url->scheme != "http" && url->scheme != "https") {
      problems_.add(node.origin, path, fmt::format("{} is not an https or http URL", shown(node, shape)));
    }
  }
  if (shape.format == Format::path) {
    std::filesystem::path written(node.text.reveal());
    bool from_file = node.origin.kind == Origin::Kind::file;
    std::filesystem::path start = from_file ? around_.folder : std::filesystem::path();
    node.text = Secret(std::filesystem::absolute(start / written).lexically_normal().string());
  }
}

void Checker::check_length(const Node& node, const Shape& shape, const std::string& path) {
  std::size_t length = characters(node.text.reveal());
  if (shape.min_length && length < *shape.min_length) {
    std::string message = fmt::format("length {} is below the minimum of {}", length, *shape.min_length);
    problems_.add(node.origin, path, length == 0 ? "must not be empty" : message);
  }
  if (shape.max_length && length > *shape.max_length) {
    problems_.add(node.origin, path, fmt::format("length {} is above the maximum of {}", length, *shape.max_length));
  }
}

void Checker::check_array(Node& node, const Shape& shape, const std::string& path) {
  bool listed = shape.comma_list || node.origin.kind == Origin::Kind::variable;
  if (node.kind == Node::Kind::string && listed) {
    // Else the references are the entries', each of which is checked below.
    if (is_whole_reference(node.text.reveal()) && !resolve_reference(node, shape.items.front(), path)) return;
    node = split_at_commas(node, shape);
  }
  if (node.kind != Node::Kind::array) return wrong_type(node, shape, path, "an array");
  check_count(node, node.items.size(), shape, path);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    check(node.items[i], shape.items.front(), fmt::format("{}[{}]", path, i));
  }
}

void Checker::check_count(const Node& node, std::size_t count, const Shape& shape, const std::string& path) {
  if (shape.min_items && count < *shape.min_items) {
    problems_.add(node.origin, path, fmt::format("has {} entries; expected at least {}", count, *shape.min_items));
  }
  if (shape.max_items && count > *shape.max_items) {
    problems_.add(node.origin, path, fmt::format("has {} entries; at most {} are allowed", count, *shape.max_items));
  }
}

void Checker::check_claim(Node& node, const Shape& shape, const std::string& path) {
  switch (node.kind) {
  case Node::Kind::boolean:
  case Node::Kind::integer:
    return;
  case Node::Kind::number:
    return check_number(node, shape, path);
  case Node::Kind::string:
    return check_claim_text(node, shape.items.front(), path);
  case Node::Kind::array:
    for (std::size_t i = 0; i < node.items.size(); ++i)
      check_claim_text(node.items[i], shape.items.front(), fmt::format("{}[{}]", path, i));
    return;
  default:
    return wrong_type(node, shape, path, "a string, a number, a boolean or an array of strings");
  }
}

// A reference to a header stays as it is: its value comes with each request.
void Checker::check_claim_text(Node& node, const Shape& shape, const std::string& path) {
  if (refers_to_header(node)) return;
  const std::string why = node.kind == Node::Kind::string ? unfit_reference(node.text.reveal()) : std::string();
  if (!why.empty()) return problems_.add(node.origin, path, why);
  check_string(node, shape, path);
}

void Checker::check_object(Node& node, const Shape& shape, const std::string& path) {
  if (node.kind != Node::Kind::table) return wrong_type(node, shape, path, "a table");
  check_count(node, node.members.size(), shape, path);
  for (Member& m : node.members) {
    const Property* known = shape.find(m.name);
    if (known != nullptr) {
      check(m.value, known->shape, child_path(path, m.name));
    } else if (!shape.items.empty()) {
      check(m.value, shape.items.front(), child_path(path, m.name));
    } else if (!shape.open) {
      problems_.add_unknown(m.key, child_path(path, m.name), m.name, suggestion(m.name, names_of(shape)));
    }
  }
  for (const Property& p : shape.properties) check_required(node, p, path);
}

void Checker::check_required(const Node& node, const Property& property, const std::string& path) {
  if (!property.required || node.find(property.name) != nullptr) return;
  const std::string& variable = property.shape.variable;
  std::string mend = variable.empty() ? "" : fmt::format(" (or {} in the environment)", variable);
  problems_.add(node.origin, child_path(path, property.name), fmt::format("is required{}", mend));
}

} // namespace authd::config
