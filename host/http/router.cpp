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
    if (other.method == added.method && same_shape(other.path, added.path)) wrong = "there is one already";
    if (other.description->id == added.id) wrong = "its id is taken: " + std::string(added.id);
  }
  if (!wrong.empty()) {
    throw std::logic_error(std::string(name_of(added.method)).append(" ").append(added.path) + ": " + wrong);
  }
  if (is_pattern(added.path)) patterns_.add(added.path, routes_.size());
  routes_.push_back(std::move(route));
}

// Sorted; empty for an unknown path.
std::vector<std::string_view> Router::methods_of(std::string_view path) const {
  std::vector<std::string_view> names;
  const auto add = [&](const Route& route) {
    names.push_back(name_of(route.method));
    if (route.method == Method::get) names.push_back("HEAD");
  };
  for (const Route& route : routes_)
    if (route.path == path) add(route);
  if (const auto match = patterns_.find(path); match && names.empty())
    for (const std::size_t i : match->values) add(routes_[i]);
  if (!names.empty()) names.push_back("OPTIONS");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// A scan of two dozen paths, most of different lengths, is as fast as hashing one.
Router::Found Router::find(Method method, std::string_view path) const {
  if (method == Method::options) return {};
  bool known = false; // with another method: a pattern that also matches does not take it over
  for (const Route& route : routes_) {
    if (route.path != path || is_pattern(route.path)) continue;
    if (serves(route, method)) return {&route, {}};
    known = true;
  }
  if (known || patterns_.empty()) return {};
  const auto match = patterns_.find(path);
  if (!match) return {};
  for (const std::size_t i : match->values)
    if (serves(routes_[i], method)) return {&routes_[i], *match};
  return {};
}

std::size_t Router::max_body_bytes(Method method, std::string_view path) const {
  const Route* route = find(method, path).route;
  if (route == nullptr && others_.max_body_bytes && !knows(path)) return others_.max_body_bytes(method, path);
  return route == nullptr ? 0 : route->max_body_bytes;
}

void Router::dispatch(Exchange& exchange) const {
  const Request& request = exchange.request();
  if (const Found found = find(request.method, request.path); found.route != nullptr) {
    exchange.outcome().route = found.route->path;
    if (found.route->handler) return found.route->handler(exchange);
    return found.route->pattern_handler(exchange, found.match.sent());
  }
  const std::vector<std::string_view> allowed = methods_of(request.path);
  if (allowed.empty() && others_.dispatch && others_.dispatch(exchange)) return;
  if (request.method == Method::options) return respond_options(exchange, allowed);
  if (allowed.empty()) return respond_http_problem(exchange, 404, "Path not found");
  respond_http_problem(exchange, 405, "This path does not support this method", allowed);
}

} // namespace authd::http
