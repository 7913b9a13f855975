// SPDX-License-Identifier: Apache-2.0
// `authd status` and `authd ui`: the running authd as its admin listener shows it, in a terminal and in a browser.
#pragma once

#include <cstdint>
#include <string>

namespace authd::cli {

struct StatusOptions {
  bool once = false;
  bool json = false; // the document, once
  unsigned interval_s = 1;
};

// `listen` as admin.listen has it. Returns the exit code: 1 when authd does not answer at first. Without `once` on a
// terminal it goes on until Ctrl-C ends the process with 0, and waits for an authd that restarts.
int show_status(const std::string& listen, const StatusOptions& options);

// Serves the status page on a port of 127.0.0.1 until Ctrl-C; `port` 0: any. Of a listener that browsers can reach it
// prints the URL alone.
int serve_status_page(const std::string& listen, std::uint16_t port);

} // namespace authd::cli
