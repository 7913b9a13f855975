// SPDX-License-Identifier: Apache-2.0
#include "env_references.h"

#include <algorithm>
#include <cstdlib>

namespace authd::kong_declarative {
namespace {

// Two characters of Unicode's private use area enclose the number of a reference.
constexpr std::string_view kMaskBegin = "\xee\x80\x80"; // U+E000
constexpr std::string_view kMaskEnd = "\xee\x80\x81";   // U+E001

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool in_comment(std::string_view line_before) {
  return trimmed(line_before).starts_with('#') || line_before.find(" #") != std::string_view::npos;
}

// NAME of: env "NAME". JSON files have the quotes escaped.
std::string variable_of(std::string_view expression) {
  std::string_view rest = trimmed(expression);
  if (rest.starts_with("env ")) {
    rest = trimmed(rest.substr(4));
    const std::string_view quote = rest.starts_with("\\\"") ? "\\\"" : "\"";
    if (rest.size() > 2 * quote.size() && rest.starts_with(quote) && rest.ends_with(quote)) {
      rest = rest.substr(quote.size(), rest.size() - 2 * quote.size());
      if (rest.find_first_of("\"\\ \t|") == std::string_view::npos) return std::string(rest);
    }
  }
  throw BadReference("only references of the form ${{ env \"DECK_NAME\" }} are supported");
}

std::string value_of(std::string_view expression, const Environment& environment) {
  const std::string name = variable_of(expression);
  if (!name.starts_with("DECK_"))
    throw BadReference("the environment variable " + name + " does not begin with DECK_, which decK requires");
  auto value = environment(name);
  if (!value) throw BadReference("the environment variable " + name + " is not set");
  return *std::move(value);
}

} // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

EnvReferences::EnvReferences(std::string_view text) {
  if (text.find(kMaskBegin) != std::string_view::npos || text.find(kMaskEnd) != std::string_view::npos)
    throw BadReference("the characters U+E000 and U+E001 cannot be used in this file");
  for (std::size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    mask_line(text.substr(begin, end - begin), number);
    begin = end;
  }
}

void EnvReferences::mask_line(std::string_view line, std::size_t number) {
  for (std::string_view rest = line;;) {
    const auto begin = rest.find("${{");
    const auto end = begin == std::string_view::npos ? begin : rest.find("}}", begin);
    if (end == std::string_view::npos) {
      masked_ += rest;
      return;
    }
    const auto before = line.substr(0, line.size() - rest.size() + begin);
    if (!in_comment(before) && (lines_.empty() || lines_.back() != number)) lines_.push_back(number);
    masked_ += rest.substr(0, begin);
    masked_ += kMaskBegin;
    masked_ += std::to_string(expressions_.size());
    masked_ += kMaskEnd;
    expressions_.emplace_back(rest.substr(begin + 3, end - begin - 3));
    rest.remove_prefix(end + 2);
  }
}

std::string EnvReferences::fill_in(std::string_view scalar, const Environment& environment) const {
  std::string filled;
  for (;;) {
    const auto begin = scalar.find(kMaskBegin);
    if (begin == std::string_view::npos) return filled.append(scalar);
    const auto number = begin + kMaskBegin.size();
    const auto end = scalar.find(kMaskEnd, number);
    if (end == std::string_view::npos) throw BadReference("a reference is cut in two");
    filled += scalar.substr(0, begin);
    const auto index = static_cast<std::size_t>(std::atoll(std::string(scalar.substr(number, end - number)).c_str()));
    filled += value_of(expressions_.at(index), environment);
    scalar.remove_prefix(end + kMaskEnd.size());
  }
}

} // namespace authd::kong_declarative
