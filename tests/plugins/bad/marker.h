// SPDX-License-Identifier: Apache-2.0
// Shows whether any code of a plugin ran: its constructors create the file that AUTHD_TEST_MARKER names.
#pragma once

#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace {

struct Marker {
  Marker() {
    const char* path = std::getenv("AUTHD_TEST_MARKER");
    const int fd = path != nullptr ? ::open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) ::close(fd);
  }
};
const Marker marker;

} // namespace
