// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace authd {
namespace {

// 0: unchanged; 'u': \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table[0x7F] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}
constexpr std::array<char, 256> kEscapes = make_escapes();
constexpr std::string_view kHex = "0123456789abcdef";

void append_escape(std::string& out, unsigned char c) {
  const char letter = kEscapes[c];
  out += '\\';
  out += letter;
  if (letter == 'u') {
    out += "00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
}

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

// Length of the valid UTF-8 sequence at the start of `s`, 0 if there is none. RFC 3629, section 4.
std::size_t sequence_length(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char a = at(0);
  if (a < 0x80) return 1;
  if (a < 0xC2 || s.size() < 2 || !is_continuation(at(1))) return 0;
  if (a < 0xE0) return 2;
  if (s.size() < 3 || !is_continuation(at(2))) return 0;
  if (a < 0xF0) {
    const bool overlong = a == 0xE0 && at(1) < 0xA0;
    const bool surrogate = a == 0xED && at(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (a > 0xF4 || s.size() < 4 || !is_continuation(at(3))) return 0;
  const bool overlong = a == 0xF0 && at(1) < 0x90;
  const bool too_great = a == 0xF4 && at(1) >= 0x90;
  return overlong || too_great ? 0 : 4;
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kEscapes[c] == 0) continue;
    out.append(text, done, i - done);
    append_escape(out, c);
    done = i + 1;
  }
  out.append(text, done, text.size() - done);
}

std::string repaired(std::string_view bytes) {
  std::string repaired;
  while (!bytes.empty()) {
    const std::size_t n = sequence_length(bytes);
    if (n == 0) repaired += "\xEF\xBF\xBD";
    repaired.append(bytes, 0, n);
    bytes.remove_prefix(n == 0 ? 1 : n);
  }
  return repaired;
}

// What a terminal or viewer interprets instead of showing: C1 controls (U+009B begins an escape sequence), the marks
// and overrides of text direction, the line and paragraph separators.
constexpr bool is_display_control(std::uint32_t c) {
  return (c >= 0x80 && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// The code point of a valid sequence of two or three bytes; 0 for others, which include no display control.
std::uint32_t code_point(std::string_view sequence) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 2) return (at(0) & 0x1Fu) << 6 | (at(1) & 0x3Fu);
  if (sequence.size() == 3) return (at(0) & 0x0Fu) << 12 | (at(1) & 0x3Fu) << 6 | (at(2) & 0x3Fu);
  return 0;
}

void append_inert(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0, n = 0; i < text.size(); i += n) {
    n = sequence_length(text.substr(i));
    const std::uint32_t c = code_point(text.substr(i, n));
    if (!is_display_control(c)) continue;
    append_escaped(out, text.substr(done, i - done));
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), c);
    done = i + n;
  }
  append_escaped(out, text.substr(done));
  out += '"';
}

bool is_ascii(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_json_string_lossy(std::string& out, std::string_view bytes) {
  if (is_utf8(bytes)) return append_json_string(out, bytes);
  append_json_string(out, repaired(bytes));
}

void append_json_string_inert(std::string& out, std::string_view bytes) {
  if (is_ascii(bytes)) return append_json_string(out, bytes);
  if (is_utf8(bytes)) return append_inert(out, bytes);
  append_inert(out, repaired(bytes));
}

bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return true;
    // C1 is C2 80 to C2 9F.
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

bool is_utf8(std::string_view bytes) {
  // Nearly all input is ASCII, which is checked eight bytes at a time.
  std::uint64_t eight;
  while (bytes.size() >= sizeof(eight)) {
    std::memcpy(&eight, bytes.data(), sizeof(eight));
    if ((eight & 0x8080808080808080) != 0) break;
    bytes.remove_prefix(sizeof(eight));
  }
  while (!bytes.empty()) {
    const std::size_t n = sequence_length(bytes);
    if (n == 0) return false;
    bytes.remove_prefix(n);
  }
  return true;
}

JsonWriter& JsonWriter::open(char c) {
  separate();
  out_ += c;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char c) {
  out_ += c;
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string_lossy(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  const fmt::format_int digits(number);
  out_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(out_), FMT_COMPILE("{}"), number);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}

} // namespace authd
