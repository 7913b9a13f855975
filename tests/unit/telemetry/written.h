// SPDX-License-Identifier: Apache-2.0
// A log into memory, and what was written into it.
#pragma once

#include <memory>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

namespace authd::telemetry {

class Written {
 public:
  explicit Written(Level level = Level::info) : fd_(::memfd_create("log", MFD_CLOEXEC)) {
    Log::Options options;
    options.fd = fd_;
    options.level = level;
    log_ = std::make_unique<Log>(options);
  }
  ~Written() {
    log_.reset(); // which writes what it still holds
    ::close(fd_);
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  Log& log() { return *log_; }
  // Ends the log.
  std::string text() {
    log_.reset();
    std::string text(1 << 20, '\0');
    const ssize_t n = ::pread(fd_, text.data(), text.size(), 0);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
  }

 private:
  int fd_;
  std::unique_ptr<Log> log_;
};

inline std::size_t lines_in(const std::string& text) {
  std::size_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return lines;
}

} // namespace authd::telemetry
