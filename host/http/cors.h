// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "http/exchange.h"

namespace authd::http {

// The CORS fields of every answer: token-service.md, "Common to every answer". Immutable.
class Cors {
 public:
  // "*" anywhere in the list allows every origin; a single origin is sent as it is; of several, the requesting one is
  // echoed. Empty: no CORS.
  Cors(std::vector<std::string> origins, bool credentials);

  // Whole field lines. Max-Age goes to preflights, which are OPTIONS.
  void append_fields(std::string& out, const Request& request) const;

 private:
  void append_matching_origin(std::string& out, const Request& request) const;

  std::vector<std::string> origins_; // only when there are several
  std::string fixed_;                // what does not depend on the request
  std::string credentials_;          // only beside an origin that is echoed
};

} // namespace authd::http
