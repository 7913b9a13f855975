// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/health.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerRow;
using http::Schema;

constexpr http::Tag kTag{"Health", "For load balancers, probes and people."};
constexpr std::string_view kJson = "application/json";

constexpr Schema kHealthReport{R"json({
  "type": "object",
  "required": ["status", "timestamp", "uptime", "version", "environment", "highAvailability", "dependencies", "waivers",
               "requestId"],
  "properties": {
    "status": {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
    "timestamp": {"type": "string", "format": "date-time"},
    "uptime": {"type": "integer", "description": "Seconds since this configuration took effect."},
    "version": {"type": "string", "description": "Of authd."},
    "environment": {"type": "string", "enum": ["development", "staging", "production", "test", "local"]},
    "highAvailability": {"type": "boolean"},
    "dependencies": {
      "type": "object",
      "properties": {
        "kong": {
          "type": "object",
          "required": ["status", "mode", "url", "responseTime", "circuitBreaker", "circuitBreakers"],
          "properties": {
            "status": {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
            "mode": {"type": "string", "description": "API_GATEWAY, KONNECT, or the id of another plugin."},
            "url": {"type": "string"},
            "responseTime": {"type": "integer", "description": "Milliseconds that the probe took."},
            "circuitBreaker": {"type": "string", "enum": ["closed", "open", "half-open"], "description": "For reading."},
            "circuitBreakers": {"type": "object", "additionalProperties": {"type": "string"}},
            "error": {"type": "string", "description": "Absent while it is healthy."}
          }
        },
        "cache": {
          "type": "object",
          "required": ["status", "type", "tiers", "staleCache"],
          "properties": {
            "status": {"type": "string", "enum": ["healthy", "degraded"]},
            "type": {"type": "string", "description": "Of the last tier: memory, redis, ..."},
            "tiers": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["name", "status", "entries", "bytes"],
                "properties": {
                  "name": {"type": "string"},
                  "status": {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
                  "entries": {"type": ["integer", "null"], "description": "null: the tier cannot tell."},
                  "bytes": {"type": ["integer", "null"]},
                  "error": {"type": "string"}
                }
              }
            },
            "staleCache": {
              "type": "object",
              "required": ["available"],
              "properties": {"available": {"type": "boolean", "description": "Whether copies could sign without Kong."}}
            }
          }
        },
        "telemetry": {
          "type": "object",
          "required": ["status", "mode", "endpoints"],
          "properties": {
            "status": {"type": "string"},
            "mode": {"type": "string", "enum": ["console", "otlp", "both"]},
            "endpoints": {
              "type": "object",
              "properties": {
                "traces": {"type": ["string", "null"]},
                "metrics": {"type": ["string", "null"]},
                "logs": {"type": ["string", "null"]}
              }
            }
          }
        }
      }
    },
    "waivers": {"type": "array", "items": {"type": "string"}, "description": "Production rules that are waived."},
    "requestId": {"type": "string"}
  }
})json",
                               "Health"};

constexpr Schema kLiveness{R"json({
  "type": "object",
  "required": ["status", "timestamp"],
  "properties": {
    "status": {"type": "string", "const": "ok"},
    "timestamp": {"type": "string", "format": "date-time"}
  }
})json",
                           "Liveness"};

constexpr Schema kReadiness{R"json({
  "type": "object",
  "required": ["ready", "timestamp", "checks", "responseTime", "requestId"],
  "properties": {
    "ready": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "checks": {
      "type": "object",
      "required": ["lifecycle", "gateway", "cache"],
      "properties": {
        "lifecycle": {"type": "string", "enum": ["running", "draining"]},
        "gateway": {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
        "cache": {"type": "string", "enum": ["healthy", "degraded", "empty"]}
      }
    },
    "responseTime": {"type": "number", "description": "Milliseconds."},
    "requestId": {"type": "string"}
  }
})json",
                            "Readiness"};

constexpr AnswerRow kHealthAnswers[] = {
    {200, "Healthy; or degraded: a dependency is down, but tokens are issued.", kJson, kHealthReport},
    {503, "Unhealthy: no token can be issued to anybody.", kJson, kHealthReport},
};
constexpr AnswerRow kLiveAnswers[] = {{200, "The process answers requests.", kJson, kLiveness}};
constexpr AnswerRow kReadyAnswers[] = {
    {200, "Tokens can be issued.", kJson, kReadiness},
    {503, "Tokens cannot be issued to anybody, or authd is draining.", kJson, kReadiness},
};

} // namespace

constinit const http::Operation kHealth{
    .path = "/health",
    .id = "getHealth",
    .tag = kTag,
    .summary = "Health of authd and its dependencies",
    .description = "The gateway is probed at most once a second, however often this is asked.",
    .answers = kHealthAnswers,
};

constinit const http::Operation kLive{
    .path = "/health/live",
    .id = "getLiveness",
    .tag = kTag,
    .summary = "Process liveness",
    .description = "For a liveness probe: asks nothing of any dependency.",
    .answers = kLiveAnswers,
};

constinit const http::Operation kReady{
    .path = "/health/ready",
    .id = "getReadiness",
    .tag = kTag,
    .summary = "Readiness to issue tokens",
    .description = "For a load balancer or a readiness probe.",
    .answers = kReadyAnswers,
};

} // namespace authd::endpoints::operations
