// SPDX-License-Identifier: Apache-2.0
// The route table: exact, case-sensitive paths. HEAD is served wherever GET is; OPTIONS on any path is
// 204; an unknown path is 404, a known path with another method 405 with Allow.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace authd::http {

using Handler = std::function<void(Exchange&)>;

struct Route {
  Method method;
  std::string path;
  std::string summary; // one line, for the API document
  Handler handler;
  std::size_t max_body_bytes = 0; // of a request; more: 413. 0: takes none; a body is read and dropped
};

class Router {
 public:
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
