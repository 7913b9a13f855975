// SPDX-License-Identifier: Apache-2.0
// Paths with parameters: "/clients/{id}" has one segment in the place of {id}, "/files/{rest*}" all that follows. A
// trie of segments; a literal goes before {name}, {name} before {name*}, and what leads nowhere is given up for the
// next.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace authd::http {

// Whether the path has a parameter, well-formed or not.
bool is_pattern(std::string_view path);
// What is wrong with a path or pattern; empty: nothing. At most kMostParameters, {name*} at the end alone, names of
// letters, digits and "_", no two the same, no empty segment.
std::string pattern_fault(std::string_view path);
// Whether two patterns have the same shape, whatever their parameters are called: then they match the same paths.
bool same_shape(std::string_view a, std::string_view b);

class PathPatterns {
 public:
  static constexpr std::size_t kMostParameters = 8;

  struct Match {
    std::span<const std::size_t> values;                      // what was added with the pattern, in order
    std::array<std::string_view, kMostParameters> parameters; // as sent
    std::size_t count = 0;

    std::span<const std::string_view> sent() const { return {parameters.data(), count}; }
  };

  // The pattern must have no fault. Several values may have one shape.
  void add(std::string_view pattern, std::size_t value);
  bool empty() const { return !root_; }
  // Does not allocate. A parameter is never empty.
  std::optional<Match> find(std::string_view path) const;

 private:
  struct Node {
    struct Child {
      std::string segment;
      std::unique_ptr<Node> node;
    };
    std::vector<Child> literals;
    std::unique_ptr<Node> one;     // {name}
    std::vector<std::size_t> rest; // values of {name*} here
    std::vector<std::size_t> values;
  };

  static bool search(const Node& node, std::string_view path, Match& match);

  std::unique_ptr<Node> root_;
};

} // namespace authd::http
