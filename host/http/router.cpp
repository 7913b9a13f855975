// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/problem.h"

namespace authd::http {
namespace {

bool serves(const Route& route, Method method) {
  return route.method == method || (route.method == Method::get && method == Method::head);
}

// Sorted; empty for an unknown path.
std::vector<std::string_view> methods_of(const std::vector<Route>& routes, std::string_view path) {
  std::vector<std::string_view> names;
  for (const Route& route : routes) {
    if (route.path != path) continue;
    names.push_back(name_of(route.method));
    if (route.method == Method::get) names.push_back("HEAD");
  }
  if (!names.empty()) names.push_back("OPTIONS");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void respond_options(Exchange& exchange, const std::vector<std::string_view>& allowed) {
  if (allowed.empty()) return exchange.respond(204, "", "");
  const std::string allow = join_methods(allowed);
  exchange.respond(204, "", "", {{"Allow", allow}});
}

} // namespace

void Router::add(Route route) {
  const Operation& added = *route.description;
  std::string wrong = why_incomplete(added);
  for (const Route& other : routes_) {
    if (other.path == added.path && other.method == added.method) wrong = "there is one already";
    if (other.description->id == added.id) wrong = "its id is taken: " + std::string(added.id);
  }
  if (!wrong.empty()) {
    throw std::logic_error(std::string(name_of(added.method)).append(" ").append(added.path) + ": " + wrong);
  }
  routes_.push_back(std::move(route));
}

// A scan of two dozen paths, most of different lengths, is as fast as hashing one.
const Route* Router::find(Method method, std::string_view path) const {
  if (method == Method::options) return nullptr;
  for (const Route& route : routes_) {
    if (route.path == path && serves(route, method)) return &route;
  }
  return nullptr;
}

std::size_t Router::max_body_bytes(Method method, std::string_view path) const {
  const Route* route = find(method, path);
  return route == nullptr ? 0 : route->max_body_bytes;
}

void Router::dispatch(Exchange& exchange) const {
  const Request& request = exchange.request();
  if (const Route* route = find(request.method, request.path)) {
    exchange.outcome().route = route->path;
    return route->handler(exchange);
  }
  const std::vector<std::string_view> allowed = methods_of(routes_, request.path);
  if (request.method == Method::options) return respond_options(exchange, allowed);
  if (allowed.empty()) return respond_http_problem(exchange, 404, "Path not found");
  respond_http_problem(exchange, 405, "This path does not support this method", allowed);
}

} // namespace authd::http
