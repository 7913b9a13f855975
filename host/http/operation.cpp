// SPDX-License-Identifier: Apache-2.0
#include "http/operation.h"

#include <algorithm>

namespace authd::http {
namespace {

constexpr AnswerRow kServerAnswers[] = {
    problem(400, "HTTP_400: the request is not valid HTTP/1.1, or two parties might read it differently."),
    problem(408, "HTTP_408: the request did not arrive in time."),
    problem(413, "HTTP_413: the body is too large."),
    problem(414, "HTTP_414: the request target is too long."),
    problem(417, "HTTP_417: an expectation other than 100-continue."),
    problem(431, "HTTP_431: the header fields are too large, or too many."),
    problem(501, "HTTP_501: an unknown method, or a transfer coding other than chunked."),
    problem(503, "HTTP_503: too many connections.", kRetryAfterField),
    problem(505, "HTTP_505: neither HTTP/1.0 nor HTTP/1.1."),
    problem(0, "Every other status is a problem too: 500 AUTH_008 is an error within authd, which its log explains."),
};

} // namespace

std::span<const AnswerRow> server_answers() { return kServerAnswers; }

std::string_view name_of(Method method) {
  switch (method) {
  case Method::get:
    return "GET";
  case Method::head:
    return "HEAD";
  case Method::post:
    return "POST";
  case Method::put:
    return "PUT";
  case Method::patch:
    return "PATCH";
  case Method::del:
    return "DELETE";
  case Method::options:
    return "OPTIONS";
  case Method::other:
    break;
  }
  return "";
}

std::string why_incomplete(const Operation& operation) {
  if (operation.path.empty() || operation.path.front() != '/') return "path does not begin with /";
  if (operation.id.empty()) return "no id";
  if (operation.tag.name.empty() || operation.tag.description.empty()) return "no tag that has a description";
  if (operation.summary.empty()) return "no summary";
  if (!operation.json.empty()) return "";
  if (operation.answers.empty()) return "no answers";
  for (const AnswerRow& answer : operation.answers) {
    const auto describes = [&](const AnswerRow& a) { return a.status == answer.status && !a.description.empty(); };
    if (std::any_of(operation.answers.begin(), operation.answers.end(), describes)) continue;
    return "no description of its answer " + std::to_string(answer.status);
  }
  return "";
}

} // namespace authd::http
