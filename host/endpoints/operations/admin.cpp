// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/admin.h"

#include "endpoints/operations/api_answers.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerRow;
using http::problem;
using http::Schema;

constexpr http::Tag kTag{"Operations", "Caches, configuration and plugins of the running process."};
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMaxBodyBytes = 64 * 1024;

constexpr AnswerRow kForeign = problem(
    403,
    "HTTP_403: on a TCP listener, a foreign Origin, or a Host that is neither an IP address, localhost nor the host "
    "of admin.listen.");
constexpr AnswerRow kLaneFull = problem(503, "HTTP_503: too many operations are queued.", http::kRetryAfterField);
constexpr AnswerRow kSlow =
    problem(504, "HTTP_504: the operation takes longer than a minute; the log has its outcome.");

constexpr Schema kInvalidation{R"json({
  "type": "object",
  "description": "One of the two members.",
  "minProperties": 1,
  "maxProperties": 1,
  "properties": {
    "consumer": {"type": "string", "minLength": 1, "maxLength": 256, "description": "Id or username of one consumer."},
    "all": {"type": "boolean", "const": true, "description": "Every consumer."}
  }
})json",
                               "Invalidation"};

constexpr Schema kInvalidated{R"json({
  "type": "object",
  "required": ["invalidated", "resolved", "everywhere", "dropped"],
  "properties": {
    "invalidated": {"type": "integer", "description": "Copies dropped in this process."},
    "resolved": {"type": "boolean", "description": "Whether the gateway knew whom the name means."},
    "everywhere": {"type": "boolean", "description": "Whether each remote tier notified the other instances."},
    "dropped": {
      "type": "object",
      "description": "Copies per tier; null: the tier cannot tell.",
      "additionalProperties": {"type": ["integer", "null"]}
    }
  }
})json",
                              "Invalidated"};

constexpr Schema kCacheStatistics{R"json({
  "type": "object",
  "required": ["tiers"],
  "properties": {
    "tiers": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "remote", "circuitBreaker", "entries", "bytes", "capacity", "evictions"],
        "properties": {
          "name": {"type": "string"},
          "remote": {"type": "boolean", "description": "Whether other instances share it."},
          "circuitBreaker": {"type": "string", "enum": ["closed", "open", "half-open"]},
          "entries": {"type": ["integer", "null"], "description": "null: the tier cannot tell."},
          "bytes": {"type": ["integer", "null"]},
          "capacity": {"type": "integer", "description": "Of entries; 0: the tier states none."},
          "evictions": {"type": "integer"}
        }
      }
    }
  }
})json",
                                  "CacheStatistics"};

constexpr Schema kReloadOutcome{R"json({
  "type": "object",
  "required": ["reloaded", "messages"],
  "properties": {
    "reloaded": {"type": "boolean"},
    "messages": {"type": "array", "items": {"type": "string"}, "description": "What the log says of it."}
  }
})json",
                                "ReloadOutcome"};

constexpr Schema kPluginList{R"json({
  "type": "object",
  "required": ["plugins"],
  "properties": {
    "plugins": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "kind", "id", "version", "path", "sha256", "state"],
        "properties": {
          "name": {"type": "string"},
          "kind": {"type": "string", "description": "authd.gateway/1, authd.cache/1, ..."},
          "id": {"type": "string"},
          "version": {"type": "string"},
          "path": {"type": "string"},
          "sha256": {"type": "string"},
          "state": {"type": "string", "enum": ["running"]}
        }
      }
    }
  }
})json",
                             "PluginList"};

constexpr Schema kStatusSchema{R"json({
  "type": "object",
  "required": ["version", "environment", "uptime", "rate", "latency", "reactors", "tiers", "breakers", "lane",
               "plugins", "errors"],
  "properties": {
    "version": {"type": "string", "description": "Of authd."},
    "environment": {"type": "string"},
    "uptime": {"type": "integer", "description": "Seconds."},
    "rate": {
      "type": "object",
      "description": "Per second, over the last ten seconds.",
      "required": ["requests", "tokens", "errors"],
      "properties": {
        "requests": {"type": "number"},
        "tokens": {"type": "number"},
        "errors": {"type": "number", "description": "Answers of 400 and above."}
      }
    },
    "latency": {
      "type": "object",
      "description": "Milliseconds, over the last ten seconds.",
      "required": ["p50", "p95", "p99"],
      "properties": {"p50": {"type": "number"}, "p95": {"type": "number"}, "p99": {"type": "number"}}
    },
    "reactors": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["connections", "requests", "loopDelay"],
        "properties": {
          "connections": {"type": "integer", "description": "Open now."},
          "requests": {"type": "integer", "description": "Since the start."},
          "loopDelay": {"type": "number", "description": "Milliseconds, p99 of the last ten seconds."}
        }
      }
    },
    "tiers": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "state", "hits", "misses", "hitRate", "entries", "bytes"],
        "properties": {
          "name": {"type": "string"},
          "state": {"type": "string", "enum": ["healthy", "degraded", "unhealthy"]},
          "hits": {"type": "integer"},
          "misses": {"type": "integer"},
          "hitRate": {"type": "number", "minimum": 0, "maximum": 1},
          "entries": {"type": ["integer", "null"], "description": "null: the tier cannot tell."},
          "bytes": {"type": ["integer", "null"]}
        }
      }
    },
    "breakers": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "state", "since", "history"],
        "properties": {
          "name": {"type": "string"},
          "state": {"type": "string", "enum": ["closed", "open", "half-open"]},
          "since": {"type": "string", "format": "date-time"},
          "history": {
            "type": "array",
            "description": "The last changes, oldest first.",
            "items": {
              "type": "object",
              "required": ["at", "from", "to"],
              "properties": {
                "at": {"type": "string", "format": "date-time"},
                "from": {"type": "string"},
                "to": {"type": "string"}
              }
            }
          }
        }
      }
    },
    "lane": {
      "type": "object",
      "description": "Of blocking calls to the gateway and to blocking tiers.",
      "required": ["workers", "depth", "rejected"],
      "properties": {
        "workers": {"type": "integer"},
        "depth": {"type": "integer", "description": "Jobs that wait."},
        "rejected": {"type": "integer", "description": "Since the start."}
      }
    },
    "plugins": {"type": "array", "items": {"type": "object"}, "description": "As in GET /admin/plugins."},
    "errors": {
      "type": "array",
      "description": "The last kinds of errors.",
      "items": {
        "type": "object",
        "required": ["at", "code", "message", "count"],
        "properties": {
          "at": {"type": "string", "format": "date-time", "description": "The last time."},
          "code": {"type": "string"},
          "message": {"type": "string"},
          "count": {"type": "integer"}
        }
      }
    }
  }
})json",
                               "Status"};

constexpr Schema kKeyList{R"json({
  "type": "object",
  "required": ["keys"],
  "properties": {
    "keys": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["kid", "algorithm", "state", "since", "created", "emergency", "signerId", "held"],
        "properties": {
          "kid": {"type": "string"},
          "algorithm": {"type": "string", "enum": ["ES256", "RS256", "EdDSA"]},
          "state": {"type": "string", "enum": ["next", "active", "retained", "gone"]},
          "since": {"type": "string", "format": "date-time", "description": "When that state began."},
          "created": {"type": "string", "format": "date-time"},
          "emergency": {"type": "boolean", "description": "Whether it was dropped before its time."},
          "signerId": {"type": "string", "description": "What the signer calls it."},
          "held": {"type": "boolean", "description": "Whether this instance's signer has it."}
        }
      }
    }
  }
})json",
                          "SigningKeys"};

constexpr Schema kRotation{R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "algorithm": {"type": "string", "enum": ["ES256", "RS256", "EdDSA"], "description": "Absent: all of them."},
    "emergency": {"type": "boolean", "default": false,
                  "description": "Drop every key at once, with all tokens that it signed."}
  }
})json",
                           "Rotation"};

constexpr AnswerRow kNoSigner = problem(404, "HTTP_404: there is no [signer].");
constexpr AnswerRow kKeysAnswers[] = {
    {200, "Active keys first; those that have ended, for 30 days.", kJson, kKeyList}, kForeign, kNoSigner};
constexpr AnswerRow kRotateAnswers[] = {
    {200, "The keys after it.", kJson, kKeyList},
    problem(400, "AUTH_007: the body is no such object. HTTP_400: an algorithm that authd does not sign with."),
    kForeign,
    kNoSigner,
    problem(409, "HTTP_409: the next key is published already, or another instance rotates."),
    problem(415, "HTTP_415: on a TCP listener, a Content-Type other than application/json."),
    problem(503, "HTTP_503: the store or the signer cannot, or too many operations are queued.",
            http::kRetryAfterField),
    kSlow,
};

constexpr AnswerRow kInvalidateAnswers[] = {
    {200, "What was dropped.", kJson, kInvalidated},
    problem(400, "AUTH_007: the body is neither of the two."),
    kForeign,
    problem(404, "HTTP_404: neither the gateway nor any tier knows this consumer."),
    problem(415, "HTTP_415: on a TCP listener, a Content-Type other than application/json."),
    kLaneFull,
    kSlow,
};
constexpr AnswerRow kCacheStatsAnswers[] = {{200, "One entry for each tier, fastest first.", kJson, kCacheStatistics},
                                            kForeign};
constexpr AnswerRow kReloadAnswers[] = {
    {200, "The new configuration is in effect.", kJson, kReloadOutcome},
    kForeign,
    {422, "The new configuration was refused; the old one stays in effect.", kJson, kReloadOutcome},
    kLaneFull,
    kSlow,
};
constexpr AnswerRow kPluginsAnswers[] = {{200, "Every plugin in use.", kJson, kPluginList}, kForeign};
constexpr AnswerRow kStatusAnswers[] = {{200, "As of now.", kJson, kStatusSchema}, kForeign};
constexpr AnswerRow kStatusPageAnswers[] = {{200, "The page.", "text/html", {}}, kForeign};
constexpr AnswerRow kForeignOnly[] = {kForeign};
constexpr auto kAdminDocumentAnswers = http::join(kDocumentAnswers, kForeignOnly);

} // namespace

constinit const http::Operation kInvalidate{
    .method = http::Method::post,
    .path = "/admin/cache/invalidate",
    .id = "invalidateCache",
    .tag = kTag,
    .summary = "Remove one consumer, or all, from every cache tier and instance",
    .body = {kJson, "Whose copies are dropped.", kInvalidation, true, kMaxBodyBytes},
    .answers = kInvalidateAnswers,
};

constinit const http::Operation kCacheStats{
    .path = "/admin/cache/stats",
    .id = "getCacheStatistics",
    .tag = kTag,
    .summary = "Cache statistics per tier",
    .answers = kCacheStatsAnswers,
};

constinit const http::Operation kReload{
    .method = http::Method::post,
    .path = "/admin/reload",
    .id = "reloadConfiguration",
    .tag = kTag,
    .summary = "Reload the configuration, like SIGHUP",
    .answers = kReloadAnswers,
};

constinit const http::Operation kPlugins{
    .path = "/admin/plugins",
    .id = "listPlugins",
    .tag = kTag,
    .summary = "Loaded plugins",
    .answers = kPluginsAnswers,
};

constinit const http::Operation kStatus{
    .path = "/admin/status",
    .id = "getStatus",
    .tag = kTag,
    .summary = "What the running authd does",
    .description = "Rates, latencies, reactors, tiers, breakers with their history, and the last errors.",
    .answers = kStatusAnswers,
};

constinit const http::Operation kStatusPage{
    .path = "/admin/ui",
    .id = "getStatusPage",
    .tag = kTag,
    .summary = "The status page",
    .description = "Draws `GET /admin/status`, for a browser.",
    .answers = kStatusPageAnswers,
};

constinit const http::Operation kKeys{
    .path = "/admin/keys",
    .id = "listKeys",
    .tag = kTag,
    .summary = "The keys that authd signs with",
    .answers = kKeysAnswers,
};

constinit const http::Operation kRotateKeys{
    .method = http::Method::post,
    .path = "/admin/keys/rotate",
    .id = "rotateKeys",
    .tag = kTag,
    .summary = "Publish the next key now, or drop all keys in an emergency",
    .body = {kJson, "Which keys.", kRotation, false, kMaxBodyBytes},
    .answers = kRotateAnswers,
};

constinit const http::Operation kAdminApiDocument{
    .path = "/",
    .id = "getAdminApiDocument",
    .tag = kDocumentTag,
    .summary = "This document",
    .description = kDocumentDescription,
    .parameters = kDocumentParameters,
    .answers = kAdminDocumentAnswers,
};

} // namespace authd::endpoints::operations
