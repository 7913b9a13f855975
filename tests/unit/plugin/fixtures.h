// SPDX-License-Identifier: Apache-2.0
// What the tests of the plugin layer share: a log to read back, a folder to copy plugins into, settings.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"

namespace authd::plugin::test {

// A log whose lines can be read once it has been written out.
class CapturedLog {
 public:
  CapturedLog() : fd_(::memfd_create("log", MFD_CLOEXEC)) {
    Log::Options options;
    options.level = Level::debug;
    options.fd = fd_;
    log_.emplace(std::move(options));
  }
  ~CapturedLog() {
    log_.reset();
    ::close(fd_);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  Log& get() { return *log_; }
  // Ends the log: nothing may be written after it.
  std::string text() {
    log_.reset();
    std::string all(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t n = ::pread(fd_, all.data(), all.size(), 0);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }

 private:
  int fd_;
  std::optional<Log> log_;
};

// A folder of our own that passes the strict checks, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "authd-plugin-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  std::filesystem::permissions(path, std::filesystem::perms(0644));
}

// A plugin as the build made it: "bad-no-note", "sample".
inline std::string built_plugin(std::string_view name) {
  return std::string(AUTHD_TEST_PLUGINS) + "/" + std::string(name) + ".so";
}

inline config::PluginValue text_value(std::string text, bool secret = false) {
  config::PluginValue value;
  value.type = config::PluginValue::Type::string;
  value.text = Secret(std::move(text));
  value.secret = secret;
  return value;
}

inline config::PluginValue number_value(config::PluginValue::Type type, std::int64_t number) {
  config::PluginValue value;
  value.type = type;
  value.integer = number;
  return value;
}

} // namespace authd::plugin::test
