// SPDX-License-Identifier: Apache-2.0
// The folder of profiles. Only files whose names authd could have given are seen: what else lies there is neither
// listed, nor read, nor removed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "profiling/recording.h"

namespace authd::profiling {

// "profile-<ms>-<8 hex digits>", ".cpu.pb.gz" and so on. No other text is taken for the name of a report, so none leads
// out of the folder, in whatever encoding.
struct ReportName {
  std::string session;
  Type type = Type::cpu;
  std::string_view format;       // "pprof", "cpuprofile", "heapprofile"
  std::string_view content_type; // of the file
};
std::optional<ReportName> parse_report_name(std::string_view name);

// Of a session, that of pprof first.
std::vector<std::string> report_names(std::string_view session, Type type);

struct ReportFile {
  std::string name;
  std::uint64_t bytes = 0;
  WallTime written;
};

// Everything throws std::runtime_error that names the folder or file and the reason. [may-block]
class ReportFolder {
 public:
  // Creates it with mode 0700, unless it is there; its parents must be. Refuses one that belongs to another user or
  // that others may write to.
  explicit ReportFolder(const std::string& path);
  ~ReportFolder();
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;

  std::vector<ReportFile> files() const; // by name
  // The names must be of reports. A symbolic link is never followed.
  void write(const std::string& name, std::string_view content) const;
  std::optional<std::string> read(const std::string& name) const; // nullopt: there is no such file
  void remove(const std::string& name) const;

 private:
  std::string path_;
  int fd_ = -1;
};

} // namespace authd::profiling
