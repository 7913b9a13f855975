// SPDX-License-Identifier: Apache-2.0
// GET /: the API document of the listener, as Accept asks: spec/token-service.md, "GET /".
#pragma once

#include <array>
#include <ctime>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "endpoints/api_document.h"
#include "http/router.h"

namespace authd::endpoints {

class ApiEndpoint {
 public:
  // Describes whatever the router serves when it is first asked. The router must outlive it; `since`: when what is
  // described took effect.
  ApiEndpoint(ApiInfo info, const http::Router& router, WallTime since);

  // Adds the public listener's GET /.
  void add_to(http::Router& router);
  // 200 or 304. [thread-safe]
  void answer(http::Exchange& exchange) const;

 private:
  struct Representation {
    std::once_flag made;
    std::string body;
    std::string etag; // with its quotes
  };

  const Representation& representation(ApiFormat format) const;

  const ApiInfo info_;
  const http::Router& router_;
  const std::time_t last_modified_;
  // Made when it is first asked for: most processes are never asked.
  mutable std::array<Representation, 3> representations_;
};

} // namespace authd::endpoints
