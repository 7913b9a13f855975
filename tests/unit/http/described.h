// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "http/operation.h"

namespace authd::http {

// A description for a route of a test; it lives as long as the program. Each has an id of its own.
inline const Operation& described(Method method, std::string_view path, std::size_t max_body_bytes = 0) {
  static constexpr AnswerRow kAnswers[] = {{200, "What the test says.", "text/plain"}};
  static std::deque<std::string> ids;
  static std::deque<Operation> operations;
  ids.push_back("route-" + std::to_string(ids.size()));
  operations.push_back(
      {.method = method, .path = path, .id = ids.back(), .tag = {"test", "Of a test"}, .summary = "A test's"});
  operations.back().body.max_bytes = max_body_bytes;
  operations.back().answers = kAnswers;
  return operations.back();
}

} // namespace authd::http
