// SPDX-License-Identifier: Apache-2.0
#include "support/otlp_decoder.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <zlib.h>

namespace authd::test {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

// "string", "bool", "uint32", "int64", "uint64", "double", "enum", "traceId", "spanId", else a message; "*": repeated.
using Message = std::map<std::string, std::string>;

const std::map<std::string, Message>& messages() {
  static const std::map<std::string, Message> all{
      {"ExportTraceServiceRequest", {{"resourceSpans", "ResourceSpans*"}}},
      {"ExportMetricsServiceRequest", {{"resourceMetrics", "ResourceMetrics*"}}},
      {"ExportLogsServiceRequest", {{"resourceLogs", "ResourceLogs*"}}},
      {"ResourceSpans", {{"resource", "Resource"}, {"scopeSpans", "ScopeSpans*"}, {"schemaUrl", "string"}}},
      {"ResourceMetrics", {{"resource", "Resource"}, {"scopeMetrics", "ScopeMetrics*"}, {"schemaUrl", "string"}}},
      {"ResourceLogs", {{"resource", "Resource"}, {"scopeLogs", "ScopeLogs*"}, {"schemaUrl", "string"}}},
      {"Resource", {{"attributes", "KeyValue*"}, {"droppedAttributesCount", "uint32"}}},
      {"ScopeSpans", {{"scope", "Scope"}, {"spans", "Span*"}, {"schemaUrl", "string"}}},
      {"ScopeMetrics", {{"scope", "Scope"}, {"metrics", "Metric*"}, {"schemaUrl", "string"}}},
      {"ScopeLogs", {{"scope", "Scope"}, {"logRecords", "LogRecord*"}, {"schemaUrl", "string"}}},
      {"Scope",
       {{"name", "string"}, {"version", "string"}, {"attributes", "KeyValue*"}, {"droppedAttributesCount", "uint32"}}},
      {"KeyValue", {{"key", "string"}, {"value", "AnyValue"}}},
      {"AnyValue",
       {{"stringValue", "string"}, {"boolValue", "bool"}, {"intValue", "int64"}, {"doubleValue", "double"}}},
      {"Span",
       {{"traceId", "traceId"},
        {"spanId", "spanId"},
        {"traceState", "string"},
        {"parentSpanId", "spanId"},
        {"name", "string"},
        {"kind", "enum"},
        {"startTimeUnixNano", "uint64"},
        {"endTimeUnixNano", "uint64"},
        {"attributes", "KeyValue*"},
        {"droppedAttributesCount", "uint32"},
        {"events", "Event*"},
        {"droppedEventsCount", "uint32"},
        {"status", "Status"}}},
      {"Event", {{"timeUnixNano", "uint64"}, {"name", "string"}, {"attributes", "KeyValue*"}}},
      {"Status", {{"message", "string"}, {"code", "enum"}}},
      {"LogRecord",
       {{"timeUnixNano", "uint64"},
        {"observedTimeUnixNano", "uint64"},
        {"severityNumber", "enum"},
        {"severityText", "string"},
        {"body", "AnyValue"},
        {"attributes", "KeyValue*"},
        {"droppedAttributesCount", "uint32"},
        {"flags", "uint32"},
        {"traceId", "traceId"},
        {"spanId", "spanId"}}},
      {"Metric",
       {{"name", "string"},
        {"description", "string"},
        {"unit", "string"},
        {"gauge", "Gauge"},
        {"sum", "Sum"},
        {"histogram", "Histogram"}}},
      {"Gauge", {{"dataPoints", "NumberDataPoint*"}}},
      {"Sum", {{"dataPoints", "NumberDataPoint*"}, {"aggregationTemporality", "enum"}, {"isMonotonic", "bool"}}},
      {"Histogram", {{"dataPoints", "HistogramDataPoint*"}, {"aggregationTemporality", "enum"}}},
      {"NumberDataPoint",
       {{"attributes", "KeyValue*"},
        {"startTimeUnixNano", "uint64"},
        {"timeUnixNano", "uint64"},
        {"asDouble", "double"},
        {"asInt", "int64"},
        {"flags", "uint32"}}},
      {"HistogramDataPoint",
       {{"attributes", "KeyValue*"},
        {"startTimeUnixNano", "uint64"},
        {"timeUnixNano", "uint64"},
        {"count", "uint64"},
        {"sum", "double"},
        {"bucketCounts", "uint64*"},
        {"explicitBounds", "double*"},
        {"flags", "uint32"},
        {"min", "double"},
        {"max", "double"}}},
  };
  return all;
}

[[noreturn]] void refuse(const std::string& at, const std::string& what) { throw std::runtime_error(at + " " + what); }

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check_hex(const Var& value, std::size_t digits, const std::string& at) {
  const std::string text = value.isString() ? value.extract<std::string>() : "";
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (text.size() != digits || !is_hex) refuse(at, "is not " + std::to_string(digits) + " lower-case hex digits");
  if (text.find_first_not_of('0') == std::string::npos) refuse(at, "is an id of zeros");
}

// 64-bit integers are text in ProtoJSON. It would take numbers, too, but they would lose digits on the way.
void check_integer(const Var& value, bool is_signed, const std::string& at) {
  if (!value.isString()) refuse(at, "is not an integer as text");
  std::string text = value.extract<std::string>();
  if (is_signed && !text.empty() && text[0] == '-') text.erase(0, 1);
  if (!is_digits(text)) refuse(at, "is not a decimal integer: " + text);
}

void check_small_integer(const Var& value, const std::string& at) {
  if (!value.isInteger() || value.isBoolean() || value.convert<std::int64_t>() < 0 ||
      value.convert<std::int64_t>() > 0xffffffffLL)
    refuse(at, "is not a 32-bit number");
}

void check(const std::string& type, const Var& value, const std::string& at);

void check_message(const std::string& name, const Var& value, const std::string& at) {
  if (value.type() != typeid(Object::Ptr)) refuse(at, "is not an object");
  const auto object = value.extract<Object::Ptr>();
  const Message& fields = messages().at(name);
  for (const auto& [member, inner] : *object) {
    const auto field = fields.find(member);
    if (field == fields.end()) refuse(at + "." + member, "is not a member of " + name);
    check(field->second, inner, at + "." + member);
  }
  if (name == "AnyValue" && object->size() != 1) refuse(at, "has not exactly one value");
  if (name == "Metric" && object->has("gauge") + object->has("sum") + object->has("histogram") != 1)
    refuse(at, "has not exactly one kind of data");
  if (name == "NumberDataPoint" && object->has("asInt") + object->has("asDouble") != 1)
    refuse(at, "has not exactly one value");
}

void check_each(const std::string& type, const Var& value, const std::string& at) {
  if (value.type() != typeid(Array::Ptr)) refuse(at, "is not an array");
  const auto array = value.extract<Array::Ptr>();
  for (std::size_t i = 0; i < array->size(); ++i)
    check(type, array->get(static_cast<unsigned>(i)), at + "[" + std::to_string(i) + "]");
}

void check(const std::string& type, const Var& value, const std::string& at) {
  if (type.back() == '*') return check_each(type.substr(0, type.size() - 1), value, at);
  if (value.isEmpty()) refuse(at, "is null");
  if (type == "string") {
    if (!value.isString()) refuse(at, "is not a string");
  } else if (type == "bool") {
    if (!value.isBoolean()) refuse(at, "is not true or false");
  } else if (type == "double") {
    if (!value.isNumeric() || value.isBoolean()) refuse(at, "is not a number");
  } else if (type == "uint32" || type == "enum") {
    check_small_integer(value, at);
  } else if (type == "int64" || type == "uint64") {
    check_integer(value, type == "int64", at);
  } else if (type == "traceId") {
    check_hex(value, 32, at);
  } else if (type == "spanId") {
    check_hex(value, 16, at);
  } else {
    check_message(type, value, at);
  }
}

} // namespace

Object::Ptr decode_otlp(const std::string& message, const std::string& body) {
  const Var value = Poco::JSON::Parser().parse(body);
  check_message(message, value, message);
  return value.extract<Object::Ptr>();
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  if (::inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) throw std::runtime_error("zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK) {
    char part[16 * 1024];
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    result = ::inflate(&stream, Z_NO_FLUSH);
    out.append(part, sizeof part - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  if (!whole) throw std::runtime_error("not one whole gzip member");
  return out;
}

} // namespace authd::test
