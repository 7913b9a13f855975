// SPDX-License-Identifier: Apache-2.0
#include "config/otlp_headers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/field_syntax.h"

namespace authd::config {
namespace {

// What frames a request or says what is in it belongs to the exporter.
constexpr std::array<std::string_view, 6> kOwn{"host",         "connection",       "content-length",
                                               "content-type", "content-encoding", "transfer-encoding"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// RFC 3986, section 2.1; nullopt: a percent sign without two digits after it.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit_of(text[i + 1]) < 0 || digit_of(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
    i += 2;
  }
  return out;
}

} // namespace

tl::expected<OtlpHeader, std::string> parse_otlp_header(std::string_view entry) {
  const auto fault = [](const char* what) { return tl::unexpected(std::string(what)); };
  const auto equals = entry.find('=');
  if (equals == std::string_view::npos) return fault("has no \"=\"; expected name=value");
  const std::string_view name = trimmed(entry.substr(0, equals));
  if (!is_token(name)) return fault("has no valid header name before its \"=\"; expected name=value");
  if (std::find(kOwn.begin(), kOwn.end(), lower(name)) != kOwn.end())
    return fault("names a header that authd sets itself; remove it");
  auto value = percent_decoded(trimmed(entry.substr(equals + 1)));
  if (!value) return fault("has a \"%\" without two hexadecimal digits after it; write a percent sign as %25");
  OtlpHeader header{std::string(name), Secret(std::move(*value))};
  if (!is_field_value(header.value.reveal())) return fault("has control characters in its value; remove them");
  return header;
}

} // namespace authd::config
