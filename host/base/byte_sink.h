// SPDX-License-Identifier: Apache-2.0
// What authd_out points to: a bounded string of the host.
#pragma once

#include <cstddef>
#include <string>

#include "authd/abi.h"

struct authd_out {
  std::string& target; // appended to
  std::size_t limit;   // in bytes; more is refused
  bool overflow = false;
  bool cuts = false; // truncates instead of refusing, for texts that people read
};
