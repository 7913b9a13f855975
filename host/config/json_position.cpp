// SPDX-License-Identifier: Apache-2.0
#include "config/json_position.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace authd::config {
namespace {

// Each function returns whether what it names stands at `at_`, and leaves `at_` behind it or at the error.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t error() {
    value(0);
    blanks();
    return at_;
  }

 private:
  static constexpr unsigned kDeepest = 200; // the depth of our recursion

  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool literal(std::string_view expected) {
    for (const char c : expected) {
      if (at_ == text_.size() || text_[at_] != c) return false;
      ++at_;
    }
    return true;
  }

  bool next_is(char c) {
    blanks();
    return at_ < text_.size() && text_[at_] == c;
  }

  bool string() {
    if (!literal("\"")) return false;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (static_cast<unsigned char>(text_[at_]) < ' ') return false;
      if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
    }
    return literal("\"");
  }

  bool member(unsigned depth) {
    blanks();
    return string() && next_is(':') && literal(":") && value(depth);
  }

  template <class Element>
  bool sequence(char closing, Element element) {
    ++at_;
    if (next_is(closing)) return ++at_ != 0;
    while (element()) {
      if (next_is(closing)) return ++at_ != 0;
      if (!literal(",")) return false;
    }
    return false;
  }

  bool number() {
    const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    return std::exchange(at_, end) != end;
  }

  bool value(unsigned depth) {
    blanks();
    if (at_ == text_.size() || depth == kDeepest) return false;
    switch (text_[at_]) {
    case '{':
      return sequence('}', [&] { return member(depth + 1); });
    case '[':
      return sequence(']', [&] { return value(depth + 1); });
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

} // namespace

std::string json_error_position(std::string_view text) {
  const std::string_view before = text.substr(0, Scanner(text).error());
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1; // npos + 1 == 0
  return fmt::format("line {}, column {}", line, column);
}

} // namespace authd::config
