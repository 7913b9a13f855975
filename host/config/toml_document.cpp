// SPDX-License-Identifier: Apache-2.0
#include "config/toml_document.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
// toml++ 3.3 asserts what not every text keeps to ("[{a]") and then refuses it with a message: a file that is mistaken
// must not abort a debug build.
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

#include "config/settings.h"

namespace authd::config {
namespace {

Origin origin_of(const toml::source_region& region) {
  return {Origin::Kind::file, region.begin.line, region.begin.column, {}};
}

Node convert(toml::node& source);

// toml++ sorts a table by its names; what follows reads it in the order of the file.
Node convert_table(toml::table& table) {
  Node node;
  for (auto&& [key, value] : table) {
    node.members.push_back({std::string(key.str()), origin_of(key.source()), convert(value)});
  }
  const auto stands_before = [](const Member& a, const Member& b) {
    return std::tie(a.key.line, a.key.column) < std::tie(b.key.line, b.key.column);
  };
  std::stable_sort(node.members.begin(), node.members.end(), stands_before);
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

// What toml++ says of the most frequent slips does not name them. Nothing of the line is repeated but a table's
// name: it may hold a secret.

std::string_view line_at(std::string_view text, unsigned number) {
  for (; number > 1 && !text.empty(); --number) {
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// The quote of a string that the line opens and does not close; 0 when there is none.
char open_quote(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '#') {
      return 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  return quote;
}

// Has the line a value that begins with neither quote nor bracket, and is none of TOML's own words or numbers
// before a blank?
bool lacks_quotes(std::string_view line) {
  const std::size_t equals = line.find('=');
  const std::size_t begin = line.find_first_not_of(" \t", equals + 1);
  if (equals == std::string_view::npos || begin == std::string_view::npos) return false;
  const std::string_view value = line.substr(begin, line.find_first_of(" \t\r#", begin) - begin);
  if (value.empty() || std::string_view("\"'[{").find(value[0]) != std::string_view::npos) return false;
  return value.find_first_not_of("+-_.,0123456789") != std::string_view::npos ||
         std::count(value.begin(), value.end(), '.') > 1;
}

std::string_view table_named(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of("[ \t"), line.size());
  return line.substr(begin, std::min(line.find_first_of("] \t", begin), line.size()) - begin);
}

std::string second_table(std::string_view name) {
  const auto is_repeated = [&](const Table& table) { return table.name == name && table.repeated; };
  const bool repeated = std::any_of(tables().begin(), tables().end(), is_repeated);
  return fmt::format("[{}] is defined a second time; {}", name,
                     repeated ? fmt::format("did you mean [[{}]]?", name) : "put its settings under the first");
}

std::string explained(std::string_view text, const toml::parse_error& error) {
  const std::string_view description = error.description();
  const auto says = [&](std::string_view words) { return description.find(words) != std::string_view::npos; };
  const std::string_view line = line_at(text, error.source().begin.line);
  if (line.starts_with('[')) {
    return says("cannot redefine existing table") ? second_table(table_named(line)) : std::string(description);
  }
  if (says("string") && says("end-of-file")) return "a string is not closed before the end of the file";
  if (const char quote = open_quote(line)) return fmt::format("a quote ({}) is missing on this line", quote);
  if (says("parsing") && lacks_quotes(line)) return "a string needs quotes around it";
  return std::string(description);
}

} // namespace

Result<Node, SyntaxError> parse_toml(std::string_view text) {
  try {
    toml::table document = toml::parse(text);
    return convert(document);
  } catch (const toml::parse_error& e) {
    return tl::unexpected(SyntaxError{origin_of(e.source()), explained(text, e)});
  }
}

} // namespace authd::config
