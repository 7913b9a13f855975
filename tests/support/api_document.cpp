// SPDX-License-Identifier: Apache-2.0
#include "support/api_document.h"

#include <algorithm>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <Poco/String.h>

#include "support/matches.h"

namespace authd::test {
namespace {

using Poco::Dynamic::Var;
using Object = Poco::JSON::Object;
using Array = Poco::JSON::Array;

// Those that something is said of: "AUTH_004: ...".
std::set<std::string> codes_in(const std::string& description) {
  std::set<std::string> codes;
  for (const auto& match : matches("(AUTH|HTTP)_[0-9]{3}(?=:)", description)) codes.insert(match[0]);
  return codes;
}

std::vector<std::string> media_types_of(const Object& response) {
  const auto content = response.getObject("content");
  return content ? content->getNames() : std::vector<std::string>{""};
}

std::string type_of(const Var& value) {
  if (value.type() == typeid(Object::Ptr)) return "object";
  if (value.type() == typeid(Array::Ptr)) return "array";
  if (value.isEmpty()) return "null";
  if (value.isString()) return "string";
  if (value.isBoolean()) return "boolean";
  return value.isInteger() ? "integer" : "number";
}

// Of `type`, which is one name or a list of names.
bool allows(const Var& types, const std::string& type) {
  if (types.isString()) return types.toString() == type || (types.toString() == "number" && type == "integer");
  const auto list = types.extract<Array::Ptr>();
  return std::any_of(list->begin(), list->end(), [&](const Var& one) { return allows(one, type); });
}

} // namespace

std::string PromisedAnswer::text() const { return method + " " + path + " " + std::to_string(status) + " " + code; }

ApiDocument::ApiDocument(const std::string& json)
    : document_(Poco::JSON::Parser().parse(json).extract<Object::Ptr>()) {}

Object::Ptr ApiDocument::resolved(Object::Ptr object) const {
  if (!object->has("$ref")) return object;
  Object::Ptr at = document_;
  std::string path = object->getValue<std::string>("$ref").substr(2); // "#/"
  for (std::size_t slash = 0; slash != std::string::npos; path.erase(0, slash + 1)) {
    slash = path.find('/');
    at = at->getObject(path.substr(0, slash));
    if (slash == std::string::npos) break;
  }
  return at;
}

std::vector<PromisedAnswer> ApiDocument::answers() const {
  std::vector<PromisedAnswer> all;
  const auto paths = document_->getObject("paths");
  for (const std::string& path : paths->getNames()) {
    for (const std::string& method : paths->getObject(path)->getNames()) {
      const auto responses = paths->getObject(path)->getObject(method)->getObject("responses");
      for (const std::string& status : responses->getNames()) {
        if (status == "default") continue;
        const Object::Ptr response = resolved(responses->getObject(status));
        for (const std::string& type : media_types_of(*response)) {
          std::set<std::string> codes{""};
          if (type == "application/problem+json") codes = codes_in(response->getValue<std::string>("description"));
          for (const std::string& code : codes)
            all.push_back({Poco::toUpper(method), path, std::stoi(status), code, type, response});
        }
      }
    }
  }
  return all;
}

std::vector<std::string> ApiDocument::differences(const PromisedAnswer& promised, const HttpReply& reply) const {
  std::vector<std::string> all;
  if (reply.status != promised.status) all.push_back("status " + std::to_string(reply.status));
  if (promised.response->has("headers")) {
    const auto fields = promised.response->getObject("headers");
    for (const std::string& name : fields->getNames())
      if (fields->getObject(name)->has("required") && reply.count(name) == 0) all.push_back("no " + name);
  }
  const std::string field = reply.header("Content-Type");
  const std::string type = field.substr(0, field.find(';'));
  if (type != promised.media_type) all.push_back("type " + type);
  if (type.empty() && !reply.body.empty()) all.push_back("a body without a type");
  if (all.empty() && type.ends_with("json")) {
    const auto content = promised.response->getObject("content");
    compare(Poco::JSON::Parser().parse(reply.body), content->getObject(type)->getObject("schema"), "", all);
  }
  return all;
}

void ApiDocument::compare(const Var& value, Object::Ptr schema, const std::string& where,
                          std::vector<std::string>& differences) const {
  schema = resolved(schema);
  const std::string type = type_of(value);
  if (schema->has("anyOf")) {
    for (const Var& one : *schema->getArray("anyOf")) {
      std::vector<std::string> wrong;
      compare(value, one.extract<Object::Ptr>(), where, wrong);
      if (wrong.empty()) return;
    }
    differences.push_back(where + ": none of anyOf");
  }
  if (schema->has("type") && !allows(schema->get("type"), type)) {
    differences.push_back(where + ": is of type " + type);
    return;
  }
  if (schema->has("const") && schema->get("const") != value) differences.push_back(where + ": another constant");
  if (schema->has("enum")) {
    const auto allowed = schema->getArray("enum");
    if (std::none_of(allowed->begin(), allowed->end(), [&](const Var& one) { return one == value; }))
      differences.push_back(where + ": not in the enumeration: " + value.toString());
  }
  if (type == "object") compare_object(*value.extract<Object::Ptr>(), *schema, where, differences);
  if (type == "array" && schema->has("items")) {
    for (const Var& item : *value.extract<Array::Ptr>())
      compare(item, schema->getObject("items"), where + "[]", differences);
  }
}

void ApiDocument::compare_object(const Object& value, const Object& schema, const std::string& where,
                                 std::vector<std::string>& differences) const {
  if (schema.has("required")) {
    for (const Var& name : *schema.getArray("required"))
      if (!value.has(name.toString())) differences.push_back(where + ": lacks " + name.toString());
  }
  const Object::Ptr properties = schema.getObject("properties");
  const Object::Ptr others = schema.getObject("additionalProperties");
  for (const std::string& name : value.getNames()) {
    const bool is_known = properties && properties->has(name);
    if (!is_known && !others && properties) differences.push_back(where + ": does not describe " + name);
    if (!is_known && !others) continue;
    compare(value.get(name), is_known ? properties->getObject(name) : others, where + "." + name, differences);
  }
}

} // namespace authd::test
