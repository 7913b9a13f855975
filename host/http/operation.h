// SPDX-License-Identifier: Apache-2.0
// What the API document says of a route: one operation of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html).
// Constants that stand beside the handlers; everything they point to must live as long as the router.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace authd::http {

// JSON Schema 2020-12, as text.
struct Schema {
  std::string_view json = R"({"type":"string"})";
  std::string_view name = {}; // its place in components/schemas; empty: it is written out where it is used
};

struct Parameter {
  enum class In { header, query };
  In in = In::header;
  std::string_view name = {};
  std::string_view description = {};
  bool required = false;
  Schema schema = {};
};

// A header field of an answer.
struct AnswerField {
  std::string_view name = {};
  std::string_view description = {};
  Schema schema = {};
  bool by_setting = false; // not every configuration has it
};

// Rows of the same status are one answer: each brings its media type or its description, the first one both.
struct AnswerRow {
  int status = 0; // 0: every status that has no row
  std::string_view description = {};
  std::string_view media_type = {}; // empty: no body
  Schema schema = {};
  std::span<const AnswerField> fields = {};
};

struct RequestBody {
  std::string_view media_type = {}; // empty: the route takes no body
  std::string_view description = {};
  Schema schema = {};
  bool required = false;
  std::size_t max_bytes = 0; // more: 413. 0: a body is read and dropped
};

struct SecurityScheme {
  std::string_view name = {};
  std::string_view json = {}; // a Security Scheme Object
};

struct Tag {
  std::string_view name = {};
  std::string_view description = {};
};

struct Operation {
  Method method = Method::get;
  std::string_view path = {};
  std::string_view id = {}; // unique among those of a listener
  Tag tag = {};
  std::string_view summary = {};     // one line
  std::string_view description = {}; // may be empty; CommonMark
  std::span<const Parameter> parameters = {};
  RequestBody body = {};
  std::span<const SecurityScheme> security = {}; // all of them are needed
  std::span<const AnswerRow> answers = {};       // beside server_answers
  std::string_view json = {}; // of a module: an Operation Object, in the place of parameters, security and answers
};

// The problem details that every refusal is: RFC 9457.
inline constexpr std::string_view kProblemMediaType = "application/problem+json";
inline constexpr Schema kProblem{R"json({
  "type": "object",
  "description": "Problem details, RFC 9457.",
  "required": ["type", "title", "status", "detail", "instance", "code", "requestId", "timestamp", "extensions"],
  "properties": {
    "type": {"type": "string", "format": "uri", "description": "Names the kind of problem, as `code` does."},
    "title": {"type": "string", "description": "The reason phrase of the status."},
    "status": {"type": "integer", "minimum": 400, "maximum": 599},
    "detail": {"type": "string", "description": "What is wrong with this request. For people; do not parse it."},
    "instance": {"type": "string", "description": "The path of the request."},
    "code": {"type": "string", "pattern": "^(AUTH_[0-9]{3}|HTTP_[0-9]{3})$", "description": "For programs."},
    "requestId": {"type": "string", "description": "The same as in X-Request-Id."},
    "timestamp": {"type": "string", "format": "date-time"},
    "extensions": {
      "type": "object",
      "properties": {
        "allowedMethods": {"type": "array", "items": {"type": "string"}, "description": "Of a 405: what Allow lists."}
      }
    }
  }
})json",
                                 "Problem"};
// Of an answer that says when to try again.
inline constexpr AnswerField kRetryAfterField[] = {
    {"Retry-After", "Seconds after which another try makes sense.", {R"({"type":"integer","minimum":1})"}}};

// A row for a refusal.
constexpr AnswerRow problem(int status, std::string_view description, std::span<const AnswerField> fields = {}) {
  return {status, description, kProblemMediaType, kProblem, fields};
}

// Rows or fields that several operations share, after those of one.
template <class Row, std::size_t A, std::size_t B>
constexpr std::array<Row, A + B> join(const Row (&own)[A], const Row (&shared)[B]) {
  std::array<Row, A + B> rows{};
  std::copy(own, own + A, rows.begin());
  std::copy(shared, shared + B, rows.begin() + A);
  return rows;
}

// How the server refuses a request before it comes to a route, whatever the route is. The last row is of every status
// that nobody lists.
std::span<const AnswerRow> server_answers();

// "GET".
std::string_view name_of(Method method);

// What is missing for the document; empty: nothing.
std::string why_incomplete(const Operation& operation);

} // namespace authd::http
