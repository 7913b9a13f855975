// SPDX-License-Identifier: Apache-2.0
#include "config/problems.h"

#include <algorithm>
#include <initializer_list>
#include <tuple>

#include <fmt/format.h>

namespace authd::config {
namespace {

// The parts that are there, with colons between them.
std::string one_line(std::initializer_list<std::string_view> parts) {
  std::string line;
  for (const std::string_view part : parts) {
    if (!line.empty() && !part.empty()) line += ": ";
    line += part;
  }
  // A path or a key may hold a line feed; a problem is one line.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  return line;
}

} // namespace

std::string Problems::where(const Origin& origin) const {
  if (origin.kind == Origin::Kind::variable) return origin.variable;
  if (file_.empty() || origin.line == 0) return file_;
  return fmt::format("{}:{}:{}", file_, origin.line, origin.column);
}

std::string Problems::place(const Origin& origin, std::string_view path) const {
  return one_line({where(origin), path});
}

void Problems::add(const Origin& origin, std::string_view path, std::string_view message) {
  entries_.push_back({origin, one_line({where(origin), path, message})});
}

void Problems::warn(const Origin& origin, std::string_view path, std::string_view message) {
  warnings_.push_back(one_line({where(origin), path, message}));
}

void Problems::add_unknown(const Origin& origin, std::string_view path, std::string_view name, std::string_view hint) {
  add(origin, path, fmt::format("unknown setting; {}", hint));
  entries_.back().path = path;
  entries_.back().unknown = name;
}

void Problems::explain_unknown(const std::function<std::string(std::string_view name)>& owner_of) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].unknown.empty()) continue;
    const std::string owner = owner_of(entries_[i].unknown);
    if (owner.empty()) continue;
    const Entry before = std::move(entries_[i]);
    add(before.origin, before.path, fmt::format("unknown setting; {}", owner));
    entries_[i] = std::move(entries_.back());
    entries_.pop_back();
  }
}

std::vector<Problem> Problems::in_order() const {
  auto rank = [](const Entry& e) {
    int group = e.origin.kind == Origin::Kind::variable ? 2 : e.origin.line == 0 ? 1 : 0;
    return std::make_tuple(group, e.origin.line, e.origin.column);
  };
  std::vector<Entry> sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Entry& a, const Entry& b) { return rank(a) < rank(b); });
  std::vector<Problem> lines;
  for (Entry& e : sorted) lines.push_back({std::move(e.line)});
  return lines;
}

} // namespace authd::config
