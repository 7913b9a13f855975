// SPDX-License-Identifier: Apache-2.0
#include "pipeline/consumer.h"

#include <string>

#include "base/field_syntax.h"
#include "base/json_writer.h"

namespace authd::pipeline {
namespace {

// Fails closed: only what clearly says no does, and "true, true" is two headers that a proxy has joined.
bool says_anonymous(std::string_view value) {
  return !(value.empty() || value == "0" || equals_ignoring_case(value, "false") || equals_ignoring_case(value, "no"));
}

// What is wrong with a value, or nothing: a text is put together only for a request that is refused.
std::string_view shape_problem(const HeaderValue& header, std::string_view value) {
  if (header.count > 1) return " was sent more than once";
  return name_problem(value);
}

Result<void> check_shape(std::string_view name, const HeaderValue& header, std::string_view value) {
  const std::string_view problem = shape_problem(header, value);
  if (problem.empty()) return {};
  return fail(Code::malformed_request, std::string(name).append(problem));
}

// Kong sends no X-Consumer-Username for a consumer that has a custom_id and no username.
const char* what_is_missing(const Consumer& consumer) {
  if (!consumer.id.empty())
    return "Missing Kong consumer header: X-Consumer-Username; a consumer with a custom_id alone has none, so give it "
           "a "
           "username in Kong";
  if (!consumer.username.empty()) return "Missing Kong consumer header: X-Consumer-ID";
  return "Missing Kong consumer headers: X-Consumer-ID and X-Consumer-Username";
}

} // namespace

std::string_view name_problem(std::string_view text) {
  if (text.size() > kMaxIdentityBytes) return " is longer than 256 bytes";
  return text_problem(text);
}

std::string_view text_problem(std::string_view text) {
  if (!is_utf8(text)) return " is not valid UTF-8";
  if (has_control_characters(text)) return " contains control characters";
  return {};
}

Result<Consumer> validate(const IdentityHeaders& headers) {
  // OWS around a field value is no part of it: RFC 9110, section 5.5.
  const Consumer consumer{without_blanks_around(headers.id.value), without_blanks_around(headers.username.value)};
  if (consumer.id.empty() || consumer.username.empty()) return fail(Code::missing_consumer, what_is_missing(consumer));
  if (says_anonymous(without_blanks_around(headers.anonymous.value))) {
    return fail(Code::anonymous_consumer, "Anonymous consumers are not allowed");
  }
  if (auto ok = check_shape(kConsumerIdHeader, headers.id, consumer.id); !ok) {
    return Failure<>(std::move(ok.error()));
  }
  if (auto ok = check_shape(kConsumerUsernameHeader, headers.username, consumer.username); !ok) {
    return Failure<>(std::move(ok.error()));
  }
  if (headers.anonymous.count > 1) {
    return fail(Code::malformed_request, "X-Anonymous-Consumer was sent more than once");
  }
  if (!headers.peer_trusted) {
    return fail(Code::untrusted_peer, "This client is not allowed to request tokens");
  }
  return consumer;
}

} // namespace authd::pipeline
