// SPDX-License-Identifier: Apache-2.0
#include "yaml_members.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace authd::kong_declarative {
namespace {

constexpr std::size_t kMostProblems = 100;

bool is_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords = {"true", "false", "yes", "no", "on", "off"};
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kWords.begin(), kWords.end(), lowered) != kWords.end();
}

// Decimal, hexadecimal, octal, floating point, with YAML 1.1's underscores.
bool is_number(std::string text) {
  std::erase(text, '_');
  if (text.empty() || std::string_view("+-.0123456789").find(text[0]) == std::string_view::npos) return false;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() || text == ".inf" || text == ".nan";
}

// The tag of a scalar that was written without quotes and without a tag of its own.
bool is_plain(const YAML::Node& node) { return node.Tag() == "?" || node.Tag().empty(); }

} // namespace

std::size_t line_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

YAML::Node YamlMembers::find(const YAML::Node& mapping, const char* name) {
  YAML::Node found(YAML::NodeType::Undefined);
  for (const auto& member : mapping) {
    if (!member.first.IsScalar() || member.first.Scalar() != name) continue;
    if (found.IsDefined()) {
      problem(member.first, std::string("\"") + name + "\" stands here a second time");
      return found;
    }
    if (!member.second.IsNull()) found.reset(member.second);
  }
  return found;
}

std::vector<YAML::Node> YamlMembers::list(const YAML::Node& mapping, const char* name) {
  const YAML::Node node = find(mapping, name);
  if (!node.IsDefined()) return {};
  if (!node.IsSequence()) {
    problem(node, std::string("\"") + name + "\" must be a list");
    return {};
  }
  std::vector<YAML::Node> elements;
  for (const auto& element : node) elements.push_back(element);
  return elements;
}

YamlMembers::Text YamlMembers::text(const YAML::Node& mapping, const char* name) {
  const YAML::Node node = find(mapping, name);
  return node.IsDefined() ? scalar(node, name) : Text{};
}

YamlMembers::Text YamlMembers::scalar(const YAML::Node& node, const char* name) {
  const auto refuse = [&](const std::string& what) {
    problem(node, std::string("\"") + name + "\" " + what);
    return Text{Text::refused, {}};
  };
  if (!node.IsScalar()) return refuse("must be a string");
  if (is_plain(node) && (is_number(node.Scalar()) || is_boolean(node.Scalar())))
    return refuse("must be a string: put its value in quotes");
  try {
    auto value = references_.fill_in(node.Scalar(), environment_);
    if (value.empty()) return refuse("must not be empty");
    return {Text::present, std::move(value)};
  } catch (const BadReference& why) {
    return refuse(std::string("has no value: ") + why.what());
  }
}

std::int64_t YamlMembers::integer(const YAML::Node& mapping, const char* name) {
  const YAML::Node node = find(mapping, name);
  if (!node.IsDefined()) return 0;
  std::int64_t value = 0;
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !is_plain(node))
    problem(node, std::string("\"") + name + "\" must be a whole number");
  return value;
}

bool YamlMembers::is_mapping(const YAML::Node& node, const char* what) {
  if (node.IsMap()) return true;
  problem(node, std::string(what) + " must be a mapping");
  return false;
}

void YamlMembers::problem(const YAML::Node& at, std::string what) {
  if (problems_.size() < kMostProblems) problems_.push_back({line_of(at), std::move(what)});
}

std::vector<Problem> YamlMembers::take_problems() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return std::move(problems_);
}

} // namespace authd::kong_declarative
