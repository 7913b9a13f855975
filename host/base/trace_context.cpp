// SPDX-License-Identifier: Apache-2.0
#include "base/trace_context.h"

#include <algorithm>

namespace authd {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kFlagsAt = 53;
constexpr std::uint8_t kSampled = 1;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int digit_of(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; // capitals are invalid
}

template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& out) {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

template <std::size_t N>
void write_hex(const std::array<std::uint8_t, N>& bytes, char* out) {
  for (const std::uint8_t byte : bytes) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_key_char(char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/'; }

bool is_key_part(std::string_view text, std::size_t at_most) {
  return !text.empty() && text.size() <= at_most && std::all_of(text.begin(), text.end(), is_key_char);
}

// Section 3.3.1.3.1: "vendor", or "tenant@vendor".
bool is_key(std::string_view key) {
  const auto at = key.find('@');
  if (at == std::string_view::npos) return is_key_part(key, 256) && is_lower(key[0]);
  const std::string_view tenant = key.substr(0, at);
  const std::string_view vendor = key.substr(at + 1);
  return is_key_part(tenant, 241) && (is_lower(tenant[0]) || is_digit(tenant[0])) && is_key_part(vendor, 14) &&
         is_lower(vendor[0]);
}

// Section 3.3.1.3.2. The blanks at its end have been taken off.
bool is_value(std::string_view value) {
  return !value.empty() && value.size() <= 256 &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e && c != '=' && c != ','; });
}

} // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  constexpr std::size_t kSize = TraceParentText{}.size();
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceParent parent;
  if (text.size() < kSize || text[2] != '-' || text[kSpanInTraceParent - 1] != '-' || text[kFlagsAt - 1] != '-')
    return std::nullopt;
  const bool read = read_hex(text.substr(0, 2), version) && read_hex(text.substr(kTraceAt, 32), parent.trace) &&
                    read_hex(text.substr(kSpanInTraceParent, 16), parent.span) &&
                    read_hex(text.substr(kFlagsAt, 2), flags);
  if (!read || version[0] == 0xff || parent.trace == TraceId{} || parent.span == SpanId{}) return std::nullopt;
  if (text.size() > kSize && (version[0] == 0 || text[kSize] != '-')) return std::nullopt;
  parent.sampled = (flags[0] & kSampled) != 0;
  return parent;
}

bool is_tracestate(std::string_view text) {
  if (text.size() > kMaxTraceState_bytes) return false;
  std::array<std::string_view, kMaxTraceStateMembers> keys;
  std::size_t members = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string_view member = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (member.empty()) continue; // section 3.3.1.1 allows it
    const auto equals = std::min(member.find('='), member.size());
    const std::string_view key = member.substr(0, equals);
    const auto known = keys.begin() + static_cast<std::ptrdiff_t>(members);
    if (members == keys.size() || std::find(keys.begin(), known, key) != known) return false;
    if (!is_key(key) || equals == member.size() || !is_value(member.substr(equals + 1))) return false;
    keys[members++] = key;
  }
  return members > 0;
}

TraceParentText traceparent_of(const TraceContext& context) {
  TraceParentText text;
  text.fill('0');
  text[kTraceAt - 1] = text[kSpanInTraceParent - 1] = text[kFlagsAt - 1] = '-';
  write_hex(context.trace, text.data() + kTraceAt);
  write_hex(context.span, text.data() + kSpanInTraceParent);
  if (context.sampled) text.back() = '1'; // flags that level 1 does not define are sent as zero
  return text;
}

TraceIdText hex_of(const TraceId& id) {
  TraceIdText text;
  write_hex(id, text.data());
  return text;
}

SpanIdText hex_of(const SpanId& id) {
  SpanIdText text;
  write_hex(id, text.data());
  return text;
}

TraceId trace_id_of(std::string_view hex) {
  TraceId id{};
  return read_hex(hex, id) ? id : TraceId{};
}

SpanId span_id_of(std::string_view hex) {
  SpanId id{};
  return read_hex(hex, id) ? id : SpanId{};
}

bool sampled_by_ratio(const TraceId& trace, double ratio) {
  if (ratio >= 1) return true;
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < trace.size(); ++i) low = low << 8 | trace[i];
  return (low >> 1) < static_cast<std::uint64_t>(std::max(ratio, 0.0) * static_cast<double>(std::uint64_t{1} << 63));
}

} // namespace authd
