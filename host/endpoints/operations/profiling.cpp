// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/profiling.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerRow;
using http::Parameter;
using http::problem;
using http::Schema;

constexpr http::Tag kTag{"Profiling", "CPU and heap profiles. Not in production, and for trusted peers only."};
constexpr std::string_view kJson = "application/json";

constexpr Schema kSession{R"json({
  "type": "object",
  "description": "While profiling is disabled: enabled, sessionId and message only.",
  "required": ["enabled", "sessionId", "message"],
  "properties": {
    "enabled": {"type": "boolean"},
    "message": {"type": "string"},
    "sessionId": {"type": ["string", "null"]},
    "status": {"type": "string", "enum": ["running", "completed"]},
    "type": {"type": "string", "enum": ["cpu", "heap"]},
    "startedAt": {"type": ["string", "null"], "format": "date-time"},
    "stoppedAt": {"type": ["string", "null"], "format": "date-time"},
    "duration": {"type": "integer", "description": "Milliseconds."},
    "stoppedAutomatically": {"type": "boolean"},
    "samples": {"type": "integer", "description": "Stacks that were recorded."},
    "lostSamples": {"type": "integer", "description": "Stacks for which there was no room."},
    "unsampledThreads": {"type": "array", "items": {"type": "string"}, "description": "Threads that block SIGPROF."},
    "error": {"type": "string", "description": "Why its reports could not be written."},
    "reports": {"type": "array", "items": {"type": "string"}, "description": "Names for GET /debug/profiling/report."},
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                          "ProfilingSession"};

constexpr Schema kSessions{R"json({
  "type": "object",
  "required": ["enabled", "sessionId", "sessions"],
  "properties": {
    "enabled": {"type": "boolean"},
    "message": {"type": "string", "description": "How to enable profiling, while it is disabled."},
    "sessionId": {"type": ["string", "null"], "description": "Of the one that runs."},
    "sessions": {
      "type": "array",
      "description": "The last 16, oldest first.",
      "items": {
        "type": "object",
        "required": ["sessionId", "status", "type"],
        "properties": {
          "sessionId": {"type": "string"},
          "status": {"type": "string", "enum": ["running", "completed"]},
          "type": {"type": "string", "enum": ["cpu", "heap"]},
          "startedAt": {"type": ["string", "null"], "format": "date-time"},
          "stoppedAt": {"type": ["string", "null"], "format": "date-time"},
          "duration": {"type": "integer", "description": "Milliseconds."},
          "stoppedAutomatically": {"type": "boolean"},
          "samples": {"type": "integer"},
          "lostSamples": {"type": "integer"},
          "unsampledThreads": {"type": "array", "items": {"type": "string"}},
          "error": {"type": "string"},
          "reports": {"type": "array", "items": {"type": "string"}}
        }
      }
    },
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                           "ProfilingStatus"};

constexpr Schema kReports{R"json({
  "type": "object",
  "required": ["enabled", "reports", "total"],
  "properties": {
    "enabled": {"type": "boolean"},
    "message": {"type": "string", "description": "How to enable profiling, while it is disabled."},
    "sessionId": {"type": "null", "description": "While profiling is disabled."},
    "reports": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["file", "sessionId", "type", "format", "size", "writtenAt"],
        "properties": {
          "file": {"type": "string"},
          "sessionId": {"type": "string"},
          "type": {"type": "string", "enum": ["cpu", "heap"]},
          "format": {"type": "string"},
          "size": {"type": ["integer", "null"], "description": "Bytes; null: it is written when somebody asks for it."},
          "writtenAt": {"type": ["string", "null"], "format": "date-time"}
        }
      }
    },
    "total": {"type": "integer"},
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                          "Profiles"};

constexpr Schema kCleaned{R"json({
  "type": "object",
  "required": ["enabled", "message", "cleaned"],
  "properties": {
    "enabled": {"type": "boolean"},
    "message": {"type": "string"},
    "sessionId": {"type": "null", "description": "While profiling is disabled."},
    "cleaned": {"type": "array", "items": {"type": "string"}, "description": "Names of the reports that are gone."},
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                          "CleanedProfiles"};

constexpr Schema kProfile{
    R"json({"type": "object", "description": "For Chrome DevTools; while profiling is disabled: how to enable it."})json"};

constexpr AnswerRow kUntrusted = problem(403, "AUTH_015: the peer is not in security.trusted_gateways.");

constexpr AnswerRow kStartAnswers[] = {
    {200, "The session runs; or profiling is disabled.", kJson, kSession},
    problem(400, "AUTH_007: there is no such type."),
    problem(400, "HTTP_400: a session runs, or profiles of that type cannot be taken."),
    kUntrusted,
};
constexpr AnswerRow kStopAnswers[] = {
    {200, "The session has stopped; or profiling is disabled.", kJson, kSession},
    problem(400, "HTTP_400: no session runs."),
    kUntrusted,
};
constexpr AnswerRow kStatusAnswers[] = {{200, "The sessions.", kJson, kSessions}, kUntrusted};
constexpr AnswerRow kReportsAnswers[] = {{200, "The reports.", kJson, kReports}, kUntrusted};
constexpr AnswerRow kReportAnswers[] = {
    {200, "The report, for Chrome DevTools or for pprof.", kJson, kProfile},
    {200, {}, "application/gzip", {}},
    problem(400, "HTTP_400: it is no name of a report."),
    kUntrusted,
    problem(404, "HTTP_404: there is no such report."),
};
constexpr AnswerRow kCleanUpAnswers[] = {{200, "What was removed.", kJson, kCleaned}, kUntrusted};

constexpr Parameter kStartParameters[] = {{Parameter::In::query,
                                           "type",
                                           "What is sampled; `heap` needs tcmalloc.",
                                           false,
                                           {R"json({"type":"string","enum":["cpu","heap"],"default":"cpu"})json"}}};
constexpr Parameter kReportParameters[] = {
    {Parameter::In::query, "file", "A name that `GET /debug/profiling/reports` lists.", true, {}}};

} // namespace

constinit const http::Operation kStartProfiling{
    .method = http::Method::post,
    .path = "/debug/profiling/start",
    .id = "startProfiling",
    .tag = kTag,
    .summary = "Start a profiling session",
    .description = "There is one at a time. It stops by itself after a minute.",
    .parameters = kStartParameters,
    .answers = kStartAnswers,
};

constinit const http::Operation kStopProfiling{
    .method = http::Method::post,
    .path = "/debug/profiling/stop",
    .id = "stopProfiling",
    .tag = kTag,
    .summary = "Stop the profiling session",
    .description = {},
    .answers = kStopAnswers,
};

constinit const http::Operation kProfilingStatus{
    .path = "/debug/profiling/status",
    .id = "getProfilingStatus",
    .tag = kTag,
    .summary = "Profiling sessions",
    .description = {},
    .answers = kStatusAnswers,
};

constinit const http::Operation kListProfiles{
    .path = "/debug/profiling/reports",
    .id = "listProfiles",
    .tag = kTag,
    .summary = "Profiles that can be fetched",
    .description = {},
    .answers = kReportsAnswers,
};

constinit const http::Operation kGetProfile{
    .path = "/debug/profiling/report",
    .id = "getProfile",
    .tag = kTag,
    .summary = "One profile",
    .description = {},
    .parameters = kReportParameters,
    .answers = kReportAnswers,
};

constinit const http::Operation kCleanUpProfiles{
    .method = http::Method::post,
    .path = "/debug/profiling/cleanup",
    .id = "cleanUpProfiles",
    .tag = kTag,
    .summary = "Remove profiles",
    .description = "Those that authd wrote, and those in memory.",
    .answers = kCleanUpAnswers,
};

} // namespace authd::endpoints::operations
