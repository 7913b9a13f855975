// SPDX-License-Identifier: Apache-2.0
// Draws what GET /admin/status answers as text for a terminal.
#pragma once

#include <cstddef>
#include <string>

namespace authd::cli {

struct ViewOptions {
  std::size_t columns = 80; // longer lines are cut
  std::size_t rows = 0;     // further lines are left out; 0: none is
  bool colour = false;
};

// Lines that each end with \n. What the daemon says is shown inert: it cannot steer the terminal. Throws
// std::runtime_error when this is no such document.
std::string draw_status(const std::string& json, const ViewOptions& options);

} // namespace authd::cli
