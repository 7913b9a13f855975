// SPDX-License-Identifier: Apache-2.0
// Strict access to the members of a YAML mapping: each oddity is a problem with its line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <vector>

#include "declarative_parser.h"

namespace authd::kong_declarative {

class YamlMembers {
 public:
  YamlMembers(const EnvReferences& references, const Environment& environment)
      : references_(references), environment_(environment) {}

  // Also of what the mapping merges ("<<"). An undefined node when there is no such member or it is null; of two, a
  // problem and the first.
  YAML::Node find(const YAML::Node& mapping, const char* name);

  // The elements of a list, which may be absent. Anything but a list is a problem.
  std::vector<YAML::Node> list(const YAML::Node& mapping, const char* name);

  struct Text {
    enum State { absent, refused, present } state = absent; // refused: the problem is recorded
    std::string value;
    bool filled_in = false; // part of it came through a reference: it may be a secret, whatever it is used for

    bool given() const { return state == present; }
    // In quotes, for a problem.
    std::string shown() const { return filled_in ? "\"[redacted]\"" : "\"" + value + "\""; }
  };
  // A string with references filled in. Kong takes an unquoted number, date or boolean for what it looks
  // like and then wants a string; empty strings it refuses.
  Text text(const YAML::Node& mapping, const char* name);
  Text scalar(const YAML::Node& node, const char* name);

  std::int64_t integer(const YAML::Node& mapping, const char* name); // 0 when absent

  bool is_mapping(const YAML::Node& node, const char* what); // false is a recorded problem; so is a bad merge
  void problem(const YAML::Node& at, std::string what);
  std::vector<Problem> take_problems();

 private:
  YAML::Node find_merged(const YAML::Node& mapping, const char* name, std::vector<YAML::Node>& visited);

  const EnvReferences& references_;
  const Environment& environment_;
  std::vector<Problem> problems_;
};

std::size_t line_of(const YAML::Node& node); // from 1, 0 if unknown

} // namespace authd::kong_declarative
