// SPDX-License-Identifier: Apache-2.0
// Talks to the admin listener of a running authd, for the command line.
#pragma once

#include <string>

#include "base/clock.h"

namespace authd::cli {

struct AdminReply {
  int status = 0;
  std::string body;
};

// `listen` as admin.listen has it. `timeout`: of connecting and of each read; a reload may take a minute. Throws
// std::runtime_error that says what could not be reached and why.
AdminReply call_admin(const std::string& listen, const std::string& method, const std::string& path,
                      const std::string& body, seconds timeout = seconds(60));

} // namespace authd::cli
