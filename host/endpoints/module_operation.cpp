// SPDX-License-Identifier: Apache-2.0
#include "endpoints/module_operation.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "authd/endpoint.h"
#include "http/path_patterns.h"

namespace authd::endpoints {
namespace {

using Poco::JSON::Object;

constexpr std::size_t kMostBody = 1024 * 1024;
constexpr std::string_view kExtension = "x-authd";

struct Refused {
  std::string why;
};

std::optional<http::Method> method_named(std::string_view name) {
  using http::Method;
  for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::del})
    if (http::name_of(method) == name) return method;
  return std::nullopt;
}

Dialect dialect_named(const std::string& name) {
  if (name == "problem") return Dialect::problem;
  if (name == "oauth") return Dialect::oauth;
  if (name == "scim") return Dialect::scim;
  if (name == "html") return Dialect::html;
  throw Refused{fmt::format("x-authd.dialect \"{}\" is not problem, oauth, scim or html", name)};
}

bool audience_is_admin(const std::string& name) {
  if (name != "public" && name != "admin")
    throw Refused{fmt::format("x-authd.audience \"{}\" is not public or admin", name)};
  return name == "admin";
}

std::size_t body_limit(const Object& extension) {
  const auto bytes = extension.optValue<std::int64_t>("max_body", 65536);
  if (bytes < 0 || bytes > static_cast<std::int64_t>(kMostBody))
    throw Refused{fmt::format("x-authd.max_body {} is not 0 to {}", bytes, kMostBody)};
  return static_cast<std::size_t>(bytes);
}

void check_members(const Object& extension) {
  for (const std::string& name : extension.getNames())
    if (name != "max_body" && name != "dialect" && name != "audience")
      throw Refused{fmt::format("x-authd has an unknown member \"{}\"", name)};
}

// "createInvite", or what the method and the path make.
std::string id_of(const Object& operation, const std::string& instance, const plugin::DeclaredRoute& route) {
  std::string id = operation.optValue<std::string>("operationId", "");
  if (!id.empty()) return id;
  id = fmt::format("{} {} {}", instance, route.method, route.path);
  std::replace_if(
      id.begin(), id.end(), [](char c) { return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'); },
      '_');
  return id;
}

// "{rest*}" is "{rest}" to OpenAPI, which has no such thing.
std::string described_path(std::string path) {
  if (path.ends_with("*}")) path.erase(path.size() - 2, 1);
  return path;
}

// Each parameter of the path must be there: OpenAPI 3.1.1, section 4.8.12.
void add_parameters(Object& operation, std::string_view path) {
  Poco::JSON::Array::Ptr parameters = operation.getArray("parameters");
  if (parameters.isNull()) parameters = new Poco::JSON::Array;
  for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
    const std::string name(path.substr(at + 1, path.find('}', at) - at - 1));
    const bool known = std::any_of(parameters->begin(), parameters->end(), [&](const Poco::Dynamic::Var& entry) {
      const Object::Ptr parameter = entry.extract<Object::Ptr>();
      return parameter->optValue<std::string>("name", "") == name &&
             parameter->optValue<std::string>("in", "") == "path";
    });
    if (known) continue;
    Object::Ptr schema = new Object;
    schema->set("type", "string");
    Object::Ptr parameter = new Object(Poco::JSON_PRESERVE_KEY_ORDER);
    parameter->set("name", name);
    parameter->set("in", "path");
    parameter->set("required", true);
    parameter->set("schema", schema);
    parameters->add(parameter);
  }
  if (parameters->size() != 0) operation.set("parameters", parameters);
}

std::string text_of(const Object& operation) {
  std::ostringstream out;
  operation.stringify(out);
  return out.str();
}

std::string full_path(const plugin::DeclaredRoute& route, const config::Endpoint& settings) {
  if (std::string fault = http::pattern_fault(route.path); !fault.empty()) throw Refused{"its path " + fault};
  if ((route.flags & AUTHD_ROUTE_ROOT) != 0) return route.path;
  return route.path == "/" && !settings.mount.empty() ? settings.mount : settings.mount + route.path;
}

bool overlap(const http::Operation& a, const http::Operation& b) {
  return a.method == b.method && http::same_shape(a.path, b.path);
}

std::string place_of(const http::Operation& operation) {
  return fmt::format("{} {}", http::name_of(operation.method), operation.path);
}

} // namespace

Result<std::unique_ptr<const ModuleOperation>, std::string>
ModuleOperation::read(const plugin::DeclaredRoute& route, const config::Endpoint& settings) try {
  const auto method = method_named(route.method);
  if (!method) throw Refused{"its method is not GET, POST, PUT, PATCH or DELETE"};
  std::unique_ptr<ModuleOperation> made(new ModuleOperation);
  made->instance_ = settings.name;
  made->path_ = full_path(route, settings);
  made->first_pass_ = (route.flags & AUTHD_ROUTE_INLINE) != 0;
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
  Object::Ptr operation = parser.parse(route.operation).extract<Object::Ptr>();
  if (const Object::Ptr extension = operation->getObject(std::string(kExtension)); !extension.isNull()) {
    check_members(*extension);
    made->max_body_ = body_limit(*extension);
    made->dialect_ = dialect_named(extension->optValue<std::string>("dialect", "problem"));
    made->of_admin_ = audience_is_admin(extension->optValue<std::string>("audience", "public"));
    operation->remove(std::string(kExtension));
  }
  made->summary_ = operation->optValue<std::string>("summary", "");
  if (made->summary_.empty()) throw Refused{"its operation has no summary"};
  if (operation->getObject("responses").isNull()) throw Refused{"its operation has no responses"};
  made->id_ = id_of(*operation, settings.name, route);
  add_parameters(*operation, described_path(made->path_));
  made->json_ = text_of(*operation);
  made->tag_description_ = fmt::format("Served by the module {}.", settings.name);
  http::Operation& description = made->description_;
  description.method = *method;
  description.path = made->path_;
  description.id = made->id_;
  description.tag = {made->instance_, made->tag_description_};
  description.summary = made->summary_;
  description.json = made->json_;
  // A route that takes none refuses one: a byte is let in to be seen.
  description.body.max_bytes = std::max<std::size_t>(made->max_body_, 1);
  return std::unique_ptr<const ModuleOperation>(std::move(made));
} catch (const Refused& refused) {
  return tl::unexpected(fmt::format("{}: its route {} {}: {}", settings.name, route.method, route.path, refused.why));
} catch (const Poco::Exception& e) {
  return tl::unexpected(fmt::format("{}: its route {} {}: its operation cannot be read: {}", settings.name,
                                    route.method, route.path, e.displayText()));
}

Result<ModuleOperations, std::string> read_operations(const plugin::Declared& declared,
                                                      const config::Endpoint& settings) {
  ModuleOperations all;
  std::string lines;
  for (const plugin::DeclaredRoute& route : declared.routes) {
    auto operation = ModuleOperation::read(route, settings);
    if (operation)
      all.push_back(std::move(*operation));
    else
      lines += operation.error() + '\n';
  }
  if (!lines.empty()) return tl::unexpected(std::move(lines));
  return all;
}

std::vector<std::string> conflicts(std::span<const ModuleOperations* const> modules,
                                   std::span<const http::Operation* const> built_in) {
  struct Owned {
    const http::Operation* operation;
    std::string owner;
    bool of_admin;
  };
  std::vector<Owned> seen;
  for (const http::Operation* operation : built_in) seen.push_back({operation, "authd", false});
  std::vector<std::string> lines;
  for (const ModuleOperations* module : modules) {
    for (const auto& added : *module) {
      const http::Operation& operation = added->description();
      const auto same = std::find_if(seen.begin(), seen.end(), [&](const Owned& other) {
        return other.of_admin == added->is_of_admin() && overlap(*other.operation, operation);
      });
      if (same != seen.end())
        lines.push_back(fmt::format("{} of {} is served by {} already, as {}; give one of them another mount",
                                    place_of(operation), added->instance(), same->owner, place_of(*same->operation)));
      seen.push_back({&operation, added->instance(), added->is_of_admin()});
    }
  }
  return lines;
}

} // namespace authd::endpoints
