// SPDX-License-Identifier: Apache-2.0
#include "yaml_members.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "yaml_scalars.h"

namespace authd::kong_declarative {
namespace {

constexpr std::size_t kMostProblems = 100;
constexpr std::size_t kMostMerged = 1000; // mappings looked into for one member

// The tag of a scalar that was written without quotes and without a tag of its own.
bool is_plain(const YAML::Node& node) { return node.Tag() == "?" || node.Tag().empty(); }

// What Kong takes for a number or boolean, by its looks or by its tag.
bool is_no_string(const YAML::Node& node) {
  constexpr std::array<std::string_view, 4> kTags = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
                                                     "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"};
  if (std::find(kTags.begin(), kTags.end(), node.Tag()) != kTags.end()) return true;
  return is_plain(node) && (yaml_number(node.Scalar()) || is_yaml_boolean(node.Scalar()));
}

bool is_merge(const YAML::Node& key) { return key.IsScalar() && key.Scalar() == "<<"; }

// The mappings of a merge, a node or a list of them; nothing when it is neither.
std::optional<std::vector<YAML::Node>> mappings_of(const YAML::Node& merge) {
  if (merge.IsMap()) return std::vector{merge};
  if (!merge.IsSequence()) return std::nullopt;
  std::vector<YAML::Node> mappings;
  for (const auto& element : merge) {
    if (!element.IsMap()) return std::nullopt;
    mappings.push_back(element);
  }
  return mappings;
}

} // namespace

std::size_t line_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

YAML::Node YamlMembers::find(const YAML::Node& mapping, const char* name) {
  std::vector<YAML::Node> visited;
  const YAML::Node found = find_merged(mapping, name, visited);
  if (visited.size() > kMostMerged) problem(mapping, "\"<<\" merges too many mappings");
  return found.IsDefined() && found.IsNull() ? YAML::Node(YAML::NodeType::Undefined) : found;
}

// lyaml, load_map: what a mapping has itself wins over what it merges, and what is merged first over what comes
// later. A mapping may merge itself, and another one often; what was visited did not have the member.
YAML::Node YamlMembers::find_merged(const YAML::Node& mapping, const char* name, std::vector<YAML::Node>& visited) {
  YAML::Node found(YAML::NodeType::Undefined);
  const auto is_mapping = [&](const YAML::Node& other) { return other.is(mapping); };
  if (visited.size() > kMostMerged || std::any_of(visited.begin(), visited.end(), is_mapping)) return found;
  visited.push_back(mapping);
  for (const auto& member : mapping) {
    if (!member.first.IsScalar() || member.first.Scalar() != name) continue;
    if (found.IsDefined()) {
      problem(member.first, std::string("\"") + name + "\" appears a second time");
      return found;
    }
    found.reset(member.second);
  }
  if (found.IsDefined()) return found;
  for (const auto& member : mapping) {
    if (!is_merge(member.first)) continue;
    for (const YAML::Node& merged : mappings_of(member.second).value_or(std::vector<YAML::Node>())) {
      found.reset(find_merged(merged, name, visited));
      if (found.IsDefined()) return found;
    }
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
    return Text{Text::refused, {}, false};
  };
  if (!node.IsScalar()) return refuse("must be a string");
  if (is_no_string(node)) return refuse("must be a string: put its value in quotes");
  try {
    auto value = references_.fill_in(node.Scalar(), environment_);
    if (value.empty()) return refuse("must not be empty");
    const bool filled_in = value != node.Scalar();
    return {Text::present, std::move(value), filled_in};
  } catch (const BadReference& why) {
    return refuse(std::string("has no value: ") + why.what());
  }
}

std::int64_t YamlMembers::integer(const YAML::Node& mapping, const char* name) {
  const YAML::Node node = find(mapping, name);
  if (!node.IsDefined()) return 0;
  constexpr double kMost = 9007199254740992; // 2^53: beyond it a double, which is what Lua has, skips numbers
  const auto value = node.IsScalar() && is_plain(node) ? yaml_number(node.Scalar()) : std::nullopt;
  if (value && std::abs(*value) <= kMost && std::trunc(*value) == *value) return static_cast<std::int64_t>(*value);
  problem(node, std::string("\"") + name + "\" must be a whole number");
  return 0;
}

bool YamlMembers::is_mapping(const YAML::Node& node, const char* what) {
  if (node.IsMap()) {
    for (const auto& member : node) {
      if (is_merge(member.first) && !mappings_of(member.second))
        problem(member.first, "\"<<\" must be a mapping or a list of mappings");
    }
    return true;
  }
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
