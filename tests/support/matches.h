// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <Poco/RegularExpression.h>

namespace authd::test {

// Every match, each with its groups behind it; ^ and $ match at lines. In place of std::regex, of which gcc 12 warns
// under sanitizers.
inline std::vector<std::vector<std::string>> matches(const std::string& pattern, const std::string& text) {
  const Poco::RegularExpression expression(pattern, Poco::RegularExpression::RE_MULTILINE);
  std::vector<std::vector<std::string>> all;
  Poco::RegularExpression::MatchVec groups;
  for (std::string::size_type at = 0; at <= text.size() && expression.match(text, at, groups) > 0;) {
    std::vector<std::string>& one = all.emplace_back();
    for (const auto& group : groups) one.push_back(text.substr(group.offset, group.length));
    at = groups[0].offset + std::max<std::string::size_type>(groups[0].length, 1); // on, behind an empty one too
  }
  return all;
}

} // namespace authd::test
