// SPDX-License-Identifier: Apache-2.0
#include "pipeline/configured_claims.h"

#include "base/field_syntax.h"
#include "base/json_writer.h"

namespace authd::pipeline {
namespace {

std::string_view shape_problem(const HeaderValue& header) {
  if (header.count > 1) return " was sent more than once";
  const std::string_view value = without_blanks_around(header.value);
  if (value.size() > kMaxClaimHeaderBytes) return " is longer than 4 KiB";
  return text_problem(value);
}

// False: there is none.
bool append_text(std::string& out, std::string_view value) {
  const std::string_view text = without_blanks_around(value);
  if (!text.empty()) append_json_string(out, text);
  return !text.empty();
}

// Empty elements of a list are ignored: RFC 9110, section 5.6.1.2.
bool append_list(std::string& out, std::string_view list) {
  char separator = '[';
  while (!list.empty()) {
    const std::string_view item = take_element(list);
    if (item.empty()) continue;
    out += separator;
    append_json_string(out, item);
    separator = ',';
  }
  if (separator == '[') return false;
  out += ']';
  return true;
}

} // namespace

ConfiguredClaims::ConfiguredClaims(const std::vector<config::Claim>& claims) {
  for (const config::Claim& claim : claims) {
    std::string name = ",";
    append_json_string(name, claim.name);
    name += ':';
    if (!claim.header.empty()) {
      parts_.push_back({claim.is_list ? Part::Kind::list : Part::Kind::text, std::move(name)});
      headers_.push_back(claim.header);
      continue;
    }
    if (parts_.empty() || parts_.back().kind != Part::Kind::constants) parts_.push_back({Part::Kind::constants, {}});
    parts_.back().json += name + claim.json;
  }
}

Result<void> ConfiguredClaims::check(std::span<const HeaderValue> values) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string_view problem = shape_problem(values[i]);
    if (!problem.empty()) return fail(Code::malformed_request, std::string(headers_[i]).append(problem));
  }
  return {};
}

void ConfiguredClaims::append(std::string& payload, std::span<const HeaderValue> values) const {
  auto value = values.begin();
  for (const Part& part : parts_) {
    const std::size_t end = payload.size();
    payload += part.json;
    if (part.kind == Part::Kind::constants) continue;
    const std::string_view said = value != values.end() ? (value++)->value : std::string_view();
    const bool any = part.kind == Part::Kind::list ? append_list(payload, said) : append_text(payload, said);
    if (!any) payload.resize(end);
  }
}

} // namespace authd::pipeline
