// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/answer.h"

#include <array>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

namespace authd::telemetry::otlp {
namespace {

using Poco::JSON::Object;

constexpr int kMostDepth = 16;

constexpr std::array<const char*, 3> kRejected{"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"};

// Null: not an object.
Object::Ptr parse(std::string_view body) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kMostDepth);
    const auto value = parser.parse(std::string(body));
    return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : nullptr;
  } catch (const Poco::Exception&) {
    return nullptr;
  }
}

// An int64 of ProtoJSON: text, or a number.
std::uint64_t count_at(const Object& object, const char* name) {
  try {
    return object.has(name) ? object.get(name).convert<std::uint64_t>() : 0;
  } catch (const Poco::Exception&) { // negative, or no number: nothing that could be counted
    return 0;
  }
}

std::string text_at(const Object& object, const char* name) {
  const auto value = object.get(name);
  return value.isString() ? value.extract<std::string>() : std::string();
}

} // namespace

std::optional<PartialSuccess> read_success(Signal signal, std::string_view body) {
  if (body.empty()) return PartialSuccess{};
  const Object::Ptr answer = parse(body);
  if (answer.isNull()) return std::nullopt;
  const Object::Ptr partial = answer->getObject("partialSuccess");
  if (partial.isNull()) return PartialSuccess{};
  return PartialSuccess{count_at(*partial, kRejected[static_cast<std::size_t>(signal)]),
                        text_at(*partial, "errorMessage")};
}

std::string read_status_message(std::string_view body) {
  const Object::Ptr status = parse(body);
  return status.isNull() ? std::string() : text_at(*status, "message");
}

} // namespace authd::telemetry::otlp
