// SPDX-License-Identifier: Apache-2.0
#include "endpoints/api_document.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include "base/version.h"
#include "endpoints/api_page.h"
#include "endpoints/document_text.h"

namespace authd::endpoints {
namespace {

using Array = Poco::JSON::Array;
using Object = Poco::JSON::Object;
using Poco::Dynamic::Var;

constexpr std::string_view kOfEveryAnswer =
    "Every answer has `X-Request-Id`. Every refusal is `application/problem+json` (RFC 9457). Paths are exact; an "
    "unknown "
    "path is 404, a known one with another method 405 with `Allow`. `HEAD` works wherever `GET` does, and `OPTIONS` "
    "on any path is 204.";

Object::Ptr object() { return new Object(Poco::JSON_PRESERVE_KEY_ORDER); }
Array::Ptr array() { return new Array; }
Var text(std::string_view s) { return std::string(s); }

Var parse(std::string_view json) {
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
  return parser.parse(std::string(json));
}

Object::Ptr reference(std::string_view kind, std::string_view name) {
  auto to = object();
  to->set("$ref", std::string("#/components/").append(kind).append("/").append(name));
  return to;
}

void set_unless_empty(Object::Ptr to, const std::string& name, std::string_view value) {
  if (!value.empty()) to->set(name, text(value));
}

// What operations refer to by name.
class Components {
 public:
  Var schema(const http::Schema& schema) {
    if (schema.name.empty()) return parse(schema.json);
    add(schemas_, schema.name, schema.json);
    return reference("schemas", schema.name);
  }
  Object::Ptr security(std::span<const http::SecurityScheme> schemes) {
    auto needed = object();
    for (const http::SecurityScheme& scheme : schemes) {
      add(security_schemes_, scheme.name, scheme.json);
      needed->set(std::string(scheme.name), array());
    }
    return needed;
  }
  Object::Ptr response(const std::string& name, const Object::Ptr& response) {
    responses_->set(name, response);
    return reference("responses", name);
  }
  Object::Ptr take() const {
    auto all = object();
    all->set("schemas", schemas_);
    all->set("responses", responses_);
    if (security_schemes_->size() != 0) all->set("securitySchemes", security_schemes_);
    return all;
  }

 private:
  static void add(Object::Ptr to, std::string_view name, std::string_view json) {
    if (!to->has(std::string(name))) to->set(std::string(name), parse(json));
  }
  Object::Ptr schemas_ = object();
  Object::Ptr responses_ = object();
  Object::Ptr security_schemes_ = object();
};

std::string status_name(int status) { return status == 0 ? "default" : std::to_string(status); }

// Whether every answer of the status has the field. A row without a description is only another media type.
bool is_certain(std::string_view field, int status, std::span<const http::AnswerRow> rows) {
  return std::all_of(rows.begin(), rows.end(), [&](const http::AnswerRow& row) {
    const auto is_it = [&](const http::AnswerField& f) { return f.name == field; };
    return row.status != status || row.description.empty() || std::any_of(row.fields.begin(), row.fields.end(), is_it);
  });
}

// The answers of one operation by status, each made of all rows that it has.
class Responses {
 public:
  explicit Responses(Components& components) : components_(components) {}

  void add(std::span<const http::AnswerRow> rows) {
    for (const http::AnswerRow& row : rows) add_row(row, rows);
  }
  Object::Ptr of(const std::string& status) {
    if (!all_->has(status)) all_->set(status, object());
    return all_->getObject(status);
  }
  Object::Ptr all() const { return all_; }

 private:
  static Object::Ptr child(Object& of, const char* name) {
    if (!of.has(name)) of.set(name, object());
    return of.getObject(name);
  }
  void add_row(const http::AnswerRow& row, std::span<const http::AnswerRow> rows) {
    Object::Ptr response = of(status_name(row.status));
    const std::string before = response->optValue<std::string>("description", "");
    const char* between = before.empty() || row.description.empty() ? "" : "\n\n";
    response->set("description", before + between + std::string(row.description));
    add_fields(*response, row, rows);
    if (!row.media_type.empty()) add_media_type(*response, row);
  }
  void add_fields(Object& response, const http::AnswerRow& row, std::span<const http::AnswerRow> rows) {
    for (const http::AnswerField& field : row.fields) {
      auto header = object();
      header->set("description", text(field.description));
      if (!field.by_setting && is_certain(field.name, row.status, rows)) header->set("required", true);
      header->set("schema", components_.schema(field.schema));
      child(response, "headers")->set(std::string(field.name), header);
    }
  }
  void add_media_type(Object& response, const http::AnswerRow& row) {
    auto media_type = object();
    media_type->set("schema", components_.schema(row.schema));
    child(response, "content")->set(std::string(row.media_type), media_type);
  }

  Components& components_;
  Object::Ptr all_ = object();
};

std::vector<http::AnswerRow> by_status(std::span<const http::AnswerRow> rows) {
  std::vector<http::AnswerRow> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.status < b.status; });
  return sorted;
}

bool has_status(std::span<const http::AnswerRow> rows, int status) {
  return std::any_of(rows.begin(), rows.end(), [&](const http::AnswerRow& row) { return row.status == status; });
}

// The server's refusals are written once, and added to an operation's own answers where it has such.
Object::Ptr responses_of(const http::Operation& operation, Components& components) {
  std::vector<http::AnswerRow> own(operation.answers.begin(), operation.answers.end());
  std::vector<http::AnswerRow> of_server;
  for (const http::AnswerRow& row : http::server_answers()) {
    (has_status(operation.answers, row.status) ? own : of_server).push_back(row);
  }
  Responses responses(components);
  responses.add(by_status(own));
  Responses shared(components);
  shared.add(of_server);
  for (const std::string& status : shared.all()->getNames()) {
    const std::string name = status == "default" ? "Unexpected" : "Refused" + status;
    responses.all()->set(status, components.response(name, shared.of(status)));
  }
  return responses.all();
}

Array::Ptr parameters_of(const http::Operation& operation, Components& components) {
  auto all = array();
  for (const http::Parameter& row : operation.parameters) {
    auto parameter = object();
    parameter->set("name", text(row.name));
    parameter->set("in", text(row.in == http::Parameter::In::query ? "query" : "header"));
    parameter->set("description", text(row.description));
    if (row.required) parameter->set("required", true);
    parameter->set("schema", components.schema(row.schema));
    all->add(parameter);
  }
  return all;
}

Object::Ptr body_of(const http::RequestBody& row, Components& components) {
  auto media_type = object();
  media_type->set("schema", components.schema(row.schema));
  auto content = object();
  content->set(std::string(row.media_type), media_type);
  auto body = object();
  set_unless_empty(body, "description", row.description);
  body->set("required", row.required);
  body->set("content", content);
  return body;
}

// Of a module: as its note has it, with what the host knows of every answer.
Object::Ptr module_operation_object(const http::Operation& operation, Components& components) {
  auto described = parse(operation.json).extract<Object::Ptr>();
  auto tags = array();
  tags->add(text(operation.tag.name));
  described->set("operationId", text(operation.id));
  described->set("tags", tags);
  const Object::Ptr of_server = responses_of(operation, components);
  Object::Ptr own = described->getObject("responses");
  for (const std::string& status : of_server->getNames())
    if (!own->has(status)) own->set(status, of_server->get(status));
  return described;
}

Object::Ptr operation_object(const http::Operation& operation, Components& components) {
  if (!operation.json.empty()) return module_operation_object(operation, components);
  auto tags = array();
  tags->add(text(operation.tag.name));
  auto security = array();
  if (!operation.security.empty()) security->add(components.security(operation.security));
  auto described = object();
  described->set("operationId", text(operation.id));
  described->set("tags", tags);
  described->set("summary", text(operation.summary));
  set_unless_empty(described, "description", operation.description);
  described->set("security", security); // empty: none, whatever the default is
  if (!operation.parameters.empty()) described->set("parameters", parameters_of(operation, components));
  if (!operation.body.media_type.empty()) described->set("requestBody", body_of(operation.body, components));
  described->set("responses", responses_of(operation, components));
  return described;
}

std::string method_key(http::Method method) {
  std::string key(http::name_of(method));
  std::transform(key.begin(), key.end(), key.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  return key;
}

Object::Ptr paths_of(Operations operations, Components& components) {
  auto paths = object();
  for (const http::Operation* operation : operations) {
    std::string path(operation->path);
    if (path.ends_with("*}")) path.erase(path.size() - 2, 1); // OpenAPI knows no {rest*}
    if (!paths->has(path)) paths->set(path, object());
    paths->getObject(path)->set(method_key(operation->method), operation_object(*operation, components));
  }
  return paths;
}

Array::Ptr tags_of(Operations operations) {
  auto tags = array();
  std::vector<std::string_view> seen;
  for (const http::Operation* operation : operations) {
    if (std::find(seen.begin(), seen.end(), operation->tag.name) != seen.end()) continue;
    seen.push_back(operation->tag.name);
    auto tag = object();
    tag->set("name", text(operation->tag.name));
    tag->set("description", text(operation->tag.description));
    tags->add(tag);
  }
  return tags;
}

Object::Ptr info_object(const ApiInfo& info) {
  auto described = object();
  described->set("title", info.title);
  described->set("version", info.version);
  described->set("description", info.description);
  auto contact = object();
  set_unless_empty(contact, "name", info.contact_name);
  set_unless_empty(contact, "email", info.contact_email);
  if (contact->size() != 0) described->set("contact", contact);
  auto license = object();
  set_unless_empty(license, "name", info.license_name);
  set_unless_empty(license, "identifier", info.license_identifier);
  if (license->size() != 0) described->set("license", license);
  return described;
}

Array::Ptr servers_of(const ApiInfo& info) {
  auto server = object();
  server->set("url", info.base_url);
  auto servers = array();
  servers->add(server);
  return servers;
}

ApiInfo info_of(const config::Api& api, std::string_view summary) {
  ApiInfo info{api};
  if (info.description.empty()) info.description = std::string(summary).append(" ").append(kOfEveryAnswer);
  if (info.version.empty()) info.version = kVersion;
  if (info.license_name.empty()) info.license_name = info.license_identifier;
  return info;
}

} // namespace

ApiInfo info_of_public_listener(const config::Api& api) {
  return info_of(api,
                 "Short-lived tokens for the consumers of a Kong gateway, signed so that Kong's jwt plugin accepts "
                 "them.");
}

ApiInfo info_of_admin_listener(const config::Api& api) {
  config::Api own = api;
  own.title += ": operations";
  own.description.clear();
  return info_of(own, "Operations on a running authd, for whoever runs it. Never open to clients.");
}

Object::Ptr openapi(const ApiInfo& info, Operations operations) {
  Components components;
  auto document = object();
  document->set("openapi", "3.1.0");
  document->set("info", info_object(info));
  document->set("servers", servers_of(info));
  document->set("tags", tags_of(operations));
  document->set("paths", paths_of(operations, components));
  document->set("components", components.take());
  return document;
}

std::string render(const ApiInfo& info, Operations operations, ApiFormat format) {
  switch (format) {
  case ApiFormat::json:
    break;
  case ApiFormat::yaml:
    return to_yaml_text(openapi(info, operations));
  case ApiFormat::page:
    return api_page(info, operations);
  }
  return to_json_text(openapi(info, operations));
}

} // namespace authd::endpoints
