// SPDX-License-Identifier: Apache-2.0
// What GET / answers on either listener.
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

inline constexpr http::Tag kDocumentTag{"Document", "The description of this API."};
inline constexpr std::string_view kDocumentDescription =
    "OpenAPI 3.1 of exactly the routes of this listener: JSON, YAML or a page for people, as Accept asks. JSON when it "
    "asks for none of them. `HEAD` works, here as with every `GET`.";

inline constexpr http::Parameter kDocumentParameters[] = {
    {http::Parameter::In::header, "If-None-Match", "ETags of copies that the client has."},
    {http::Parameter::In::header, "If-Modified-Since", "The Last-Modified of its copy; ignored beside If-None-Match."},
};
inline constexpr http::AnswerField kDocumentFields[] = {
    {"ETag", "Strong; differs between JSON, YAML and the page."},
    {"Last-Modified", "When this configuration took effect."},
    {"Cache-Control",
     "For how long a copy may be used unasked.",
     {R"({"type":"string","const":"public, max-age=300"})"}},
    {"Vary", "Accept", {R"({"type":"string","const":"Accept"})"}},
};
inline constexpr http::Schema kDocumentSchema{R"json({
  "type": "object",
  "description": "OpenAPI 3.1.",
  "required": ["openapi", "info", "paths"],
  "properties": {
    "openapi": {"type": "string"},
    "info": {"type": "object"},
    "servers": {"type": "array", "items": {"type": "object"}},
    "tags": {"type": "array", "items": {"type": "object"}},
    "paths": {"type": "object"},
    "components": {"type": "object"}
  }
})json",
                                              "OpenApi"};

inline constexpr http::AnswerRow kDocumentAnswers[] = {
    {200, "The document.", "application/json", kDocumentSchema, kDocumentFields},
    {200, "", "application/yaml", kDocumentSchema},
    {200, "", "text/html"},
    {304, "The client's copy is current.", "", {}, kDocumentFields},
};

} // namespace authd::endpoints::operations
