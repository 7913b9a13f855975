// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/metrics.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerRow;
using http::Parameter;
using http::Schema;

constexpr http::Tag kTag{"Telemetry", "What authd measures."};

constexpr Schema kReport{R"json({
  "type": "object",
  "description": "The standard view. Times in ms, uptime in s, memory in bytes, rates per second, ratios from 0 to 1.",
  "properties": {
    "timestamp": {"type": "string", "format": "date-time"},
    "uptime": {"type": "integer"},
    "requests": {
      "type": "object",
      "required": ["total", "success", "errors", "rate"],
      "properties": {
        "total": {"type": "integer"},
        "success": {"type": "integer"},
        "errors": {"type": "integer", "description": "Answers from 400 on."},
        "rate": {"type": "number", "description": "total / uptime"}
      }
    },
    "tokens": {
      "type": "object",
      "required": ["generated", "failed", "averageTime"],
      "properties": {
        "generated": {"type": "integer"},
        "failed": {"type": "integer"},
        "averageTime": {"type": "number", "description": "To sign one."}
      }
    },
    "cache": {
      "type": "object",
      "required": ["hits", "misses", "hitRate", "size", "ttl", "tiers"],
      "properties": {
        "hits": {"type": "integer"},
        "misses": {"type": "integer", "description": "Lookups for which no tier had a copy."},
        "hitRate": {"type": "number"},
        "size": {"type": ["integer", "null"], "description": "Copies in the fastest tier."},
        "ttl": {"type": "integer"},
        "tiers": {"type": "array", "items": {"type": "object"}}
      }
    },
    "circuitBreakers": {"type": "object", "additionalProperties": {"type": "object"}},
    "telemetry": {
      "type": "object",
      "required": ["mode"],
      "properties": {
        "mode": {"type": "string", "enum": ["console", "otlp", "both"]},
        "collections": {"type": "integer", "description": "Readings of the metrics."},
        "exports": {"type": "integer"},
        "dropped": {"type": "integer"}
      }
    },
    "memory": {
      "type": "object",
      "required": ["rss", "heapTotal", "heapUsed"],
      "properties": {
        "rss": {"type": "integer"},
        "heapTotal": {"type": "integer"},
        "heapUsed": {"type": "integer"}
      }
    },
    "exports": {"type": "object"},
    "config": {"type": "object"},
    "infrastructure": {"type": "object"},
    "instruments": {"type": "object"}
  }
})json",
                         "MetricsReport"};

constexpr Parameter kParameters[] = {
    {Parameter::In::query,
     "view",
     "Which part of the JSON report; none: the standard view.",
     false,
     {R"json({"type":"string","enum":["operational","infrastructure","telemetry","exports","config","full"]})json"}}};

constexpr AnswerRow kAnswers[] = {
    {200, "The metrics.", "application/json", kReport},
    {200, {}, "application/openmetrics-text", {}},
    {200, {}, "text/plain", {}},
    http::problem(400, "There is no such view; the detail names those that there are."),
};

} // namespace

const http::Operation kMetrics{.method = http::Method::get,
                               .path = "/metrics",
                               .id = "getMetrics",
                               .tag = kTag,
                               .summary = "Metrics as JSON, Prometheus text or OpenMetrics",
                               .description = "`Accept` selects the format; what Prometheus sends gets its text.",
                               .parameters = kParameters,
                               .answers = kAnswers};

} // namespace authd::endpoints::operations
