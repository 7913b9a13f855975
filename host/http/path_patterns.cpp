// SPDX-License-Identifier: Apache-2.0
#include "http/path_patterns.h"

#include <algorithm>

#include <fmt/format.h>

namespace authd::http {
namespace {

// Takes "/segment" off a path that begins with "/".
std::string_view take_segment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view segment = path.substr(1, end - 1);
  path.remove_prefix(end);
  return segment;
}

enum class Sort { literal, one, rest };

Sort sort_of(std::string_view segment) {
  if (!segment.starts_with('{')) return Sort::literal;
  return segment.ends_with("*}") ? Sort::rest : Sort::one;
}

// "id" of "{id}" and of "{id*}".
std::string_view name_of(std::string_view segment) {
  return segment.substr(1, segment.size() - (sort_of(segment) == Sort::rest ? 3 : 2));
}

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string segment_fault(std::string_view segment, bool is_last) {
  if (segment.empty()) return "has an empty segment";
  if (segment.find_first_of("{}") == std::string_view::npos) return {};
  if (!segment.starts_with('{') || !segment.ends_with('}') || !is_name(name_of(segment)))
    return fmt::format("has the segment {}, which is neither a text nor {{name}} nor {{name*}}", segment);
  if (sort_of(segment) == Sort::rest && !is_last) return fmt::format("has {} before its end", segment);
  return {};
}

} // namespace

bool is_pattern(std::string_view path) { return path.find('{') != std::string_view::npos; }

std::string pattern_fault(std::string_view path) {
  if (!path.starts_with('/')) return "does not begin with /";
  if (path.find_first_of("?# ") != std::string_view::npos) return "has a blank, ? or #";
  std::vector<std::string_view> names;
  for (std::string_view rest = path; !rest.empty() && path != "/";) {
    const std::string_view segment = take_segment(rest);
    if (std::string fault = segment_fault(segment, rest.empty()); !fault.empty()) return fault;
    if (sort_of(segment) == Sort::literal) continue;
    const std::string_view name = name_of(segment);
    if (std::find(names.begin(), names.end(), name) != names.end()) return fmt::format("names {} twice", name);
    names.push_back(name);
  }
  if (names.size() > PathPatterns::kMostParameters)
    return fmt::format("has more than {} parameters", PathPatterns::kMostParameters);
  return {};
}

bool same_shape(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view one = take_segment(a);
    const std::string_view other = take_segment(b);
    if (sort_of(one) != sort_of(other) || (sort_of(one) == Sort::literal && one != other)) return false;
  }
  return a.empty() && b.empty();
}

void PathPatterns::add(std::string_view pattern, std::size_t value) {
  if (!root_) root_ = std::make_unique<Node>();
  Node* node = root_.get();
  while (!pattern.empty()) {
    const std::string_view segment = take_segment(pattern);
    if (sort_of(segment) == Sort::rest) return node->rest.push_back(value);
    std::unique_ptr<Node>* next = &node->one;
    if (sort_of(segment) == Sort::literal) {
      auto at = std::find_if(node->literals.begin(), node->literals.end(),
                             [&](const Node::Child& child) { return child.segment == segment; });
      if (at == node->literals.end()) at = node->literals.insert(at, {std::string(segment), nullptr});
      next = &at->node;
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  node->values.push_back(value);
}

std::optional<PathPatterns::Match> PathPatterns::find(std::string_view path) const {
  Match match;
  if (!root_ || !path.starts_with('/') || !search(*root_, path, match)) return std::nullopt;
  return match;
}

// As deep as a pattern has segments, whatever the path is.
bool PathPatterns::search(const Node& node, std::string_view path, Match& match) {
  if (path.empty()) {
    match.values = node.values;
    return !node.values.empty();
  }
  std::string_view after = path;
  const std::string_view segment = take_segment(after);
  for (const Node::Child& child : node.literals)
    if (child.segment == segment && search(*child.node, after, match)) return true;
  const std::size_t before = match.count;
  if (node.one && !segment.empty()) {
    match.parameters[match.count++] = segment;
    if (search(*node.one, after, match)) return true;
    match.count = before;
  }
  if (node.rest.empty() || path.size() < 2) return false;
  match.parameters[match.count++] = path.substr(1);
  match.values = node.rest;
  return true;
}

} // namespace authd::http
