// SPDX-License-Identifier: Apache-2.0
// OTLP's JSON, read strictly: opentelemetry-proto 1.x, message by message.
#pragma once

#include <string>

#include <Poco/JSON/Object.h>

namespace authd::test {

// The body of a request to /v1/traces, /v1/metrics or /v1/logs, gunzip'd. Throws std::runtime_error that says where a
// member is unknown, of the wrong type, or where an id or enumeration is not as the JSON encoding has it.
// `message`: "ExportTraceServiceRequest", ...
Poco::JSON::Object::Ptr decode_otlp(const std::string& message, const std::string& body);

// Throws std::runtime_error for what is not one whole gzip member.
std::string gunzip(const std::string& bytes);

} // namespace authd::test
