// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/telemetry.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerRow;
using http::problem;
using http::Schema;

constexpr http::Tag kHealthTag{"Health", "For load balancers, probes and people."};
constexpr http::Tag kDebugTag{"Debug", "For development: not in production, and for trusted peers only."};
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMaxBodyBytes = 4096;

constexpr Schema kTelemetryReport{R"json({
  "type": "object",
  "required": ["status", "mode", "endpoints", "exporters", "telemetry", "timestamp"],
  "properties": {
    "status": {"type": "string", "enum": ["healthy", "degraded"], "description": "degraded: a signal fails."},
    "mode": {"type": "string", "enum": ["console", "otlp", "both"]},
    "endpoints": {
      "type": "object",
      "description": "Where each signal goes; null: it is not exported.",
      "required": ["traces", "metrics", "logs"],
      "properties": {
        "traces": {"type": ["string", "null"]},
        "metrics": {"type": ["string", "null"]},
        "logs": {"type": ["string", "null"]}
      }
    },
    "exporters": {
      "type": "object",
      "required": ["traces", "metrics", "logs"],
      "properties": {
        "traces": {"type": "string", "enum": ["active", "inactive", "failing"]},
        "metrics": {"type": "string", "enum": ["active", "inactive", "failing"]},
        "logs": {"type": "string", "enum": ["active", "inactive", "failing"]}
      }
    },
    "telemetry": {
      "type": "object",
      "required": ["mode", "status", "configuration"],
      "properties": {
        "mode": {"type": "string"},
        "status": {
          "type": "object",
          "description": "By signal.",
          "additionalProperties": {
            "type": "object",
            "required": ["state", "lastSuccess", "waiting", "exported", "dropped"],
            "properties": {
              "state": {"type": "string", "enum": ["active", "inactive", "failing"]},
              "lastSuccess": {"type": ["string", "null"], "format": "date-time"},
              "waiting": {"type": "integer", "description": "Spans or log records in the queue."},
              "exported": {"type": "integer", "description": "Spans, data points or log records, since the start."},
              "dropped": {
                "type": "object",
                "description": "By reason, since the start.",
                "required": ["queue_full", "rejected", "failed", "shutdown"],
                "properties": {
                  "queue_full": {"type": "integer"},
                  "rejected": {"type": "integer", "description": "By the collector."},
                  "failed": {"type": "integer"},
                  "shutdown": {"type": "integer"}
                }
              },
              "error": {"type": "string", "description": "The last one, if there was one."}
            }
          }
        },
        "configuration": {
          "type": "object",
          "required": ["serviceName", "serviceVersion", "exportInterval", "timeout", "batchSize", "queueSize"],
          "properties": {
            "serviceName": {"type": "string"},
            "serviceVersion": {"type": "string"},
            "exportInterval": {"type": "integer", "description": "Milliseconds."},
            "timeout": {"type": "integer", "description": "Milliseconds."},
            "batchSize": {"type": "integer"},
            "queueSize": {"type": "integer"}
          }
        }
      }
    },
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                                  "TelemetryHealth"};

constexpr Schema kMetricsReport{R"json({
  "type": "object",
  "required": ["status", "metricsEnabled", "exportInterval", "lastExport", "counters", "circuitBreakers"],
  "properties": {
    "status": {"type": "string", "enum": ["healthy", "degraded"], "description": "degraded: exports of metrics fail."},
    "metricsEnabled": {"type": "boolean", "const": true},
    "exportInterval": {"type": "integer", "description": "Milliseconds."},
    "lastExport": {"type": ["string", "null"], "format": "date-time", "description": "null: there was none."},
    "counters": {
      "type": "object",
      "required": ["http_requests_total", "jwt_tokens_generated", "kong_operations", "cache_hits", "cache_misses"],
      "properties": {
        "http_requests_total": {"type": "integer"},
        "jwt_tokens_generated": {"type": "integer"},
        "kong_operations": {"type": "integer"},
        "cache_hits": {"type": "integer", "description": "Of all tiers."},
        "cache_misses": {"type": "integer", "description": "Of all tiers."}
      }
    },
    "circuitBreakers": {
      "type": "object",
      "additionalProperties": {"type": "string", "enum": ["closed", "open", "half-open"]}
    }
  }
})json",
                                "MetricsHealth"};

constexpr Schema kTestValues{R"json({
  "type": "object",
  "properties": {
    "count": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 10, "description": "How many values."},
    "type": {"type": "string", "description": "Ignored."}
  }
})json",
                             "TestValues"};

constexpr Schema kRecorded{R"json({
  "type": "object",
  "required": ["success", "message", "metricsRecorded", "metrics", "timestamp"],
  "properties": {
    "success": {"type": "boolean", "const": true},
    "message": {"type": "string"},
    "metricsRecorded": {"type": "integer", "description": "By this request."},
    "metrics": {
      "type": "object",
      "required": ["counters", "histograms", "values"],
      "properties": {
        "counters": {"type": "array", "items": {"type": "string"}},
        "histograms": {"type": "array", "items": {"type": "string"}},
        "values": {
          "type": "object",
          "description": "Since the start.",
          "required": ["test_counter", "test_histogram"],
          "properties": {
            "test_counter": {"type": "integer"},
            "test_histogram": {
              "type": "object",
              "required": ["count", "sum"],
              "properties": {
                "count": {"type": "integer"},
                "sum": {"type": "number", "description": "Seconds."}
              }
            }
          }
        }
      }
    },
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                           "RecordedTestValues"};

constexpr Schema kExported{R"json({
  "type": "object",
  "required": ["success", "message", "exportedMetrics", "exported", "duration", "errors", "timestamp"],
  "properties": {
    "success": {"type": "boolean", "description": "Whether the collector took everything."},
    "message": {"type": "string"},
    "exportedMetrics": {"type": "integer", "description": "Metrics that the collector took."},
    "exported": {
      "type": "object",
      "required": ["metrics", "timestamp"],
      "properties": {
        "metrics": {"type": "integer"},
        "timestamp": {"type": "string", "format": "date-time"}
      }
    },
    "duration": {"type": "integer", "description": "Milliseconds."},
    "errors": {"type": "array", "items": {"type": "string"}},
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                           "Exported"};

constexpr Schema kStatistics{R"json({
  "type": "object",
  "required": ["exports", "lastExport", "errors"],
  "properties": {
    "exports": {
      "type": "object",
      "required": ["total", "successful", "failed", "successRate"],
      "properties": {
        "total": {"type": "integer"},
        "successful": {"type": "integer"},
        "failed": {"type": "integer"},
        "successRate": {"type": "number", "minimum": 0, "maximum": 1}
      }
    },
    "lastExport": {
      "type": "object",
      "description": "The last that succeeded; without one the timestamp is null and the other members are absent.",
      "required": ["timestamp"],
      "properties": {
        "timestamp": {"type": ["string", "null"], "format": "date-time"},
        "signal": {"type": "string", "enum": ["traces", "metrics", "logs"]},
        "items": {"type": "integer"},
        "duration": {"type": "integer", "description": "Milliseconds."}
      }
    },
    "errors": {
      "type": "array",
      "description": "The last one of each signal.",
      "items": {
        "type": "object",
        "required": ["signal", "message", "timestamp"],
        "properties": {
          "signal": {"type": "string"},
          "message": {"type": "string"},
          "timestamp": {"type": ["string", "null"], "format": "date-time"}
        }
      }
    }
  }
})json",
                             "ExportStatistics"};

constexpr AnswerRow kUntrusted = problem(403, "AUTH_015: the peer is not in security.trusted_gateways.");
constexpr AnswerRow kTelemetryAnswers[] = {{200, "Also while exports fail.", kJson, kTelemetryReport}};
constexpr AnswerRow kMetricsAnswers[] = {{200, "Also while exports fail.", kJson, kMetricsReport}};
constexpr AnswerRow kRecordAnswers[] = {
    {200, "The values are recorded.", kJson, kRecorded},
    problem(400, "AUTH_007: the body is not JSON, or its count is out of range."),
    kUntrusted,
};
constexpr AnswerRow kExportAnswers[] = {
    {200, "The export has ended, or takes longer than telemetry.timeout; the body has its outcome.", kJson, kExported},
    kUntrusted,
};
constexpr AnswerRow kStatisticsAnswers[] = {{200, "Since the start.", kJson, kStatistics}, kUntrusted};

} // namespace

constinit const http::Operation kTelemetryHealth{
    .path = "/health/telemetry",
    .id = "getTelemetryHealth",
    .tag = kHealthTag,
    .summary = "Whether telemetry arrives at the collector",
    .description = "Of each signal: whether it is exported, to where, what waits and what was dropped.",
    .answers = kTelemetryAnswers,
};

constinit const http::Operation kMetricsHealth{
    .path = "/health/metrics",
    .id = "getMetricsHealth",
    .tag = kHealthTag,
    .summary = "The most important counters, and when metrics were last exported",
    .description = {},
    .answers = kMetricsAnswers,
};

constinit const http::Operation kRecordTestValues{
    .method = http::Method::post,
    .path = "/debug/metrics/test",
    .id = "recordTestValues",
    .tag = kDebugTag,
    .summary = "Record test values",
    .description = "In `test_counter` and `test_histogram`, to see whether they arrive where metrics should.",
    .body = {kJson, "Without a body, ten values.", kTestValues, false, kMaxBodyBytes},
    .answers = kRecordAnswers,
};

constinit const http::Operation kExportNow{
    .method = http::Method::post,
    .path = "/debug/metrics/export",
    .id = "exportNow",
    .tag = kDebugTag,
    .summary = "Export telemetry now",
    .description = "All signals, without waiting for `telemetry.export_interval`.",
    .answers = kExportAnswers,
};

constinit const http::Operation kExportStats{
    .path = "/debug/metrics/stats",
    .id = "getExportStatistics",
    .tag = kDebugTag,
    .summary = "Statistics of the exports",
    .description = {},
    .answers = kStatisticsAnswers,
};

} // namespace authd::endpoints::operations
