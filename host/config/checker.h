// SPDX-License-Identifier: Apache-2.0
// Holds a value against its shape.
#pragma once

#include <string>

#include "config/node.h"
#include "config/problems.h"
#include "config/references.h"
#include "config/shape.h"

namespace authd::config {

class Checker {
 public:
  Checker(const Surroundings& around, Problems& problems) : around_(around), problems_(problems) {}

  // Reports every mistake in `node`, found at `path`, and normalises it in place: references are resolved,
  // "500ms" becomes 500, comma-separated lists arrays, relative paths absolute, whole numbers of a number
  // setting doubles.
  void check(Node& node, const Shape& shape, const std::string& path);

 private:
  void check_boolean(const Node& node, const Shape& shape, const std::string& path);
  void check_integer(Node& node, const Shape& shape, const std::string& path);
  void check_quantity(Node& node, const Shape& shape, const std::string& path);
  void check_number(Node& node, const Shape& shape, const std::string& path);
  void check_range(double value, const std::string& written, const Origin& origin, const Shape& shape,
                   const std::string& path);
  void check_bounds(const Node& quantity, const std::string& written, const Shape& shape, const std::string& path);
  void check_choice(std::string_view text, const Node& node, const Shape& shape, const std::string& path);
  void check_string(Node& node, const Shape& shape, const std::string& path);
  void check_length(const Node& node, const Shape& shape, const std::string& path);
  void check_array(Node& node, const Shape& shape, const std::string& path);
  void check_claim(Node& node, const Shape& shape, const std::string& path);
  void check_claim_text(Node& node, const Shape& shape, const std::string& path);
  void check_count(const Node& node, std::size_t count, const Shape& shape, const std::string& path);
  void check_object(Node& node, const Shape& shape, const std::string& path);
  void check_required(const Node& node, const Property& property, const std::string& path);
  bool resolve_reference(Node& node, const Shape& shape, const std::string& path);
  void take_on_trust(Node& node, const Shape& shape, const std::string& path);
  bool is_left_behind(const Node& node, const Shape& shape, const std::string& path);
  bool is_wrapped(const Node& node, const Shape& shape, const std::string& path);
  bool is_misspelt_alias(const Node& node, const Shape& shape, const std::string& path);
  bool is_template(const Node& node, const Shape& shape, const std::string& path);
  void wrong_type(const Node& node, const Shape& shape, const std::string& path, std::string_view wanted);

  const Surroundings& around_;
  Problems& problems_;
};

// "gateway" + "admin_url" -> "gateway.admin_url"; names that need it are quoted.
std::string child_path(const std::string& path, std::string_view name);

} // namespace authd::config
