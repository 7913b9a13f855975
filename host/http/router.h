// SPDX-License-Identifier: Apache-2.0
// The route table: exact, case-sensitive paths. HEAD is served wherever GET is; OPTIONS on any path is
// 204; an unknown path is 404, a known path with another method 405 with Allow.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "http/operation.h"

namespace authd::http {

using Handler = std::function<void(Exchange&)>;

// There is none without a description, so nothing can be served that the API document does not have.
struct Route {
  // The operation must outlive the router.
  Route(const Operation& operation, Handler h)
      : method(operation.method), path(operation.path), handler(std::move(h)), max_body_bytes(operation.body.max_bytes),
        description(&operation) {}
  Route(const Operation&& operation, Handler h) = delete;

  Method method;
  std::string_view path;
  Handler handler;
  std::size_t max_body_bytes; // of a request; more: 413. 0: takes none; a body is read and dropped
  const Operation* description;
};

class Router {
 public:
  // Throws std::logic_error when the description is incomplete, or path and method or the id are taken.
  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }
  // Answers or defers. An exception from a handler passes through: the server answers AUTH_008 and logs it, as for
  // continuations. Does not allocate before it calls the handler.
  void dispatch(Exchange& exchange) const;
  // Of the route that would be called; 0 if there is none.
  std::size_t max_body_bytes(Method method, std::string_view path) const;

 private:
  const Route* find(Method method, std::string_view path) const;

  std::vector<Route> routes_;
};

} // namespace authd::http
