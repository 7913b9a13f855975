// SPDX-License-Identifier: Apache-2.0
// The route table: exact, case-sensitive paths, and patterns (path_patterns.h), which are asked when there is no exact
// one. HEAD is served wherever GET is; OPTIONS on any path is 204; an unknown path is 404, a known path with another
// method 405 with Allow.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "http/operation.h"
#include "http/path_patterns.h"

namespace authd::http {

using Handler = std::function<void(Exchange&)>;
// With what stands in the places of the pattern's parameters, as sent; valid until it returns.
using PatternHandler = std::function<void(Exchange&, std::span<const std::string_view>)>;

// There is none without a description, so nothing can be served that the API document does not have.
struct Route {
  // The operation must outlive the router.
  Route(const Operation& operation, Handler h)
      : method(operation.method), path(operation.path), handler(std::move(h)), max_body_bytes(operation.body.max_bytes),
        description(&operation) {}
  Route(const Operation&& operation, Handler h) = delete;
  // Of a module: the operation's path may be a pattern.
  Route(const Operation& operation, PatternHandler h)
      : method(operation.method), path(operation.path), pattern_handler(std::move(h)),
        max_body_bytes(operation.body.max_bytes), description(&operation) {}

  Method method;
  std::string_view path;
  Handler handler;                // or
  PatternHandler pattern_handler; // this one
  std::size_t max_body_bytes;     // of a request; more: 413. 0: takes none; a body is read and dropped
  const Operation* description;
};

class Router {
 public:
  // Throws std::logic_error when the description is incomplete, or path and method or the id are taken. A pattern's
  // parameters may have other names and take the same place.
  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }
  // Asked for paths that this router does not know.
  struct Others {
    std::function<std::size_t(Method, std::string_view path)> max_body_bytes;
    std::function<bool(Exchange&)> dispatch; // false: does not know it either, and has not answered
  };
  void set_others(Others others) { others_ = std::move(others); }
  // Whether there is a route for the path, whatever the method.
  bool knows(std::string_view path) const { return !methods_of(path).empty(); }
  // Answers or defers. An exception from a handler passes through: the server answers AUTH_008 and logs it, as for
  // continuations. Does not allocate before it calls the handler.
  void dispatch(Exchange& exchange) const;
  // Of the route that would be called; 0 if there is none.
  std::size_t max_body_bytes(Method method, std::string_view path) const;

 private:
  struct Found {
    const Route* route = nullptr;
    PathPatterns::Match match; // of a pattern
  };
  Found find(Method method, std::string_view path) const;
  std::vector<std::string_view> methods_of(std::string_view path) const;

  std::vector<Route> routes_;
  Others others_;
  PathPatterns patterns_; // of those routes that have one, by position
};

} // namespace authd::http
