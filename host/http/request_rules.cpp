// SPDX-License-Identifier: Apache-2.0
#include "http/request_rules.h"

#include <algorithm>
#include <charconv>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// What follows "http://", or nullopt when the target does not begin like that.
std::optional<std::string_view> without_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  }
  return std::nullopt;
}

TargetParts split_query(std::string_view target, std::string_view authority = {}) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, target.substr(target.size()), authority};
  return {target.substr(0, mark), target.substr(mark + 1), authority};
}

// 1*DIGIT: RFC 9110, section 8.6.
std::optional<std::uint64_t> read_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

// The codings of all Transfer-Encoding fields, in order.
struct Codings {
  unsigned fields = 0;
  unsigned chunked = 0;
  unsigned others = 0;
  bool chunked_is_last = false;

  void add(std::string_view value) {
    ++fields;
    const bool ends_empty = value.ends_with(',');
    do {
      add_one(equals_ignoring_case(take_element(value), "chunked"));
    } while (!value.empty());
    if (ends_empty) add_one(false);
  }

  void add_one(bool is_chunked) {
    chunked_is_last = is_chunked;
    ++(is_chunked ? chunked : others);
  }
};

std::optional<Refusal> objection_to(const Codings& codings, bool http_1_0) {
  if (http_1_0) return Refusal{400, "Transfer-Encoding is not allowed in HTTP/1.0"};
  if (!codings.chunked_is_last) return Refusal{400, "The last transfer coding must be chunked"};
  if (codings.chunked > 1) return Refusal{400, "The chunked transfer coding is listed more than once"};
  if (codings.others > 0) return Refusal{501, "Unsupported transfer coding; only chunked is supported"};
  return std::nullopt;
}

} // namespace

std::optional<TargetParts> split_target(std::string_view target, Method method) {
  if (target.find('#') != std::string_view::npos) return std::nullopt;
  if (!target.empty() && target.front() == '/') return split_query(target);
  if (target == "*" && method == Method::options) return split_query(target);
  const auto rest = without_scheme(target);
  if (!rest) return std::nullopt;
  const std::string_view authority = rest->substr(0, rest->find_first_of("/?"));
  if (authority.empty() || authority.front() == ':' || !is_host(authority)) return std::nullopt;
  return split_query(rest->substr(authority.size()), authority);
}

bool is_host(std::string_view value) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=%:[]";
  return std::all_of(value.begin(), value.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

Result<BodyFraming, Refusal> body_framing(std::span<const HeaderField> fields, bool http_1_0) {
  Codings codings;
  unsigned lengths = 0;
  std::optional<std::uint64_t> length = 0;
  for (const HeaderField& field : fields) {
    if (equals_ignoring_case(field.name, "Transfer-Encoding")) codings.add(field.value);
    if (!equals_ignoring_case(field.name, "Content-Length")) continue;
    ++lengths;
    length = read_length(field.value);
  }
  if (lengths > 1) return Failure<Refusal>(Refusal{400, "More than one Content-Length field"});
  if (!length) return Failure<Refusal>(Refusal{400, "Content-Length is not a number"});
  if (codings.fields == 0) return BodyFraming{false, *length};
  if (lengths > 0) return Failure<Refusal>(Refusal{400, "Both Content-Length and Transfer-Encoding are present"});
  if (const auto objection = objection_to(codings, http_1_0)) return Failure<Refusal>(*objection);
  return BodyFraming{true, 0};
}

bool keeps_connection(std::span<const HeaderField> fields, bool http_1_0) {
  bool close = false;
  bool keep_alive = false;
  for (const HeaderField& field : fields) {
    if (!equals_ignoring_case(field.name, "Connection")) continue;
    for (std::string_view options = field.value; !options.empty();) {
      const std::string_view option = take_element(options);
      close = close || equals_ignoring_case(option, "close");
      keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
    }
  }
  return !close && (keep_alive || !http_1_0);
}

} // namespace authd::http
