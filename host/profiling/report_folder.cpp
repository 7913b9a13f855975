// SPDX-License-Identifier: Apache-2.0
#include "profiling/report_folder.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace authd::profiling {
namespace {

struct Format {
  Type type;
  std::string_view suffix;
  std::string_view name;
  std::string_view content_type;
};
constexpr Format kFormats[] = {
    {Type::cpu, ".cpu.pb.gz", "pprof", "application/gzip"},
    {Type::cpu, ".cpuprofile", "cpuprofile", "application/json"},
    {Type::heap, ".heap.pb.gz", "pprof", "application/gzip"},
    {Type::heap, ".heapprofile", "heapprofile", "application/json"},
};

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_session_id(std::string_view text) {
  constexpr std::string_view kPrefix = "profile-";
  if (!text.starts_with(kPrefix)) return false;
  const std::string_view rest = text.substr(kPrefix.size());
  const auto dash = rest.find('-');
  return dash != std::string_view::npos && dash < 20 && consists_of(rest.substr(0, dash), "0123456789") &&
         rest.size() - dash == 9 && consists_of(rest.substr(dash + 1), "0123456789abcdef");
}

[[noreturn]] void fail(const std::string& path, int error) {
  throw std::runtime_error(fmt::format("{}: {}", path, std::generic_category().message(error)));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  const int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool read_all(int fd, std::string& content) {
  char block[64 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, block, sizeof(block));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    content.append(block, static_cast<std::size_t>(n));
  }
}

std::string setting(const std::string& path) { return fmt::format("profiling.output_dir: {}", path); }

WallTime modified(const struct stat& status) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(status.st_mtim.tv_sec) +
                                                                 std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

} // namespace

std::optional<ReportName> parse_report_name(std::string_view name) {
  for (const Format& format : kFormats) {
    if (!name.ends_with(format.suffix)) continue;
    const std::string_view session = name.substr(0, name.size() - format.suffix.size());
    if (is_session_id(session)) return ReportName{std::string(session), format.type, format.name, format.content_type};
  }
  return std::nullopt;
}

std::vector<std::string> report_names(std::string_view session, Type type) {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    if (format.type == type) names.push_back(fmt::format("{}{}", session, format.suffix));
  }
  return names;
}

ReportFolder::ReportFolder(const std::string& path) : path_(path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail(setting(path), errno);
  fd_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd_ < 0) fail(setting(path), errno);
  struct stat status {};
  ::fstat(fd_, &status);
  if (status.st_uid == ::geteuid() && (status.st_mode & 022U) == 0) return;
  ::close(fd_);
  throw std::runtime_error(setting(path) + ": must belong to the user of authd, and others must not write to it");
}

ReportFolder::~ReportFolder() { ::close(fd_); }

std::vector<ReportFile> ReportFolder::files() const {
  std::vector<ReportFile> found;
  const File again(::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(again.is_open() ? ::fdopendir(::dup(again.fd())) : nullptr,
                                                   ::closedir);
  if (!folder) fail(path_, errno);
  while (const dirent* entry = ::readdir(folder.get())) {
    struct stat status {};
    if (!parse_report_name(entry->d_name) || ::fstatat(fd_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(status.st_mode)) continue;
    found.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), modified(status)});
  }
  std::sort(found.begin(), found.end(), [](const ReportFile& a, const ReportFile& b) { return a.name < b.name; });
  return found;
}

// Under another name first, so that a report is there as a whole or not at all.
void ReportFolder::write(const std::string& name, std::string_view content) const {
  const std::string part = name + ".part";
  ::unlinkat(fd_, part.c_str(), 0);
  const File file(::openat(fd_, part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) fail(path_ + '/' + part, errno);
  if (write_all(file.fd(), content) && ::renameat(fd_, part.c_str(), fd_, name.c_str()) == 0) return;
  const int error = errno;
  ::unlinkat(fd_, part.c_str(), 0);
  fail(path_ + '/' + name, error);
}

std::optional<std::string> ReportFolder::read(const std::string& name) const {
  const File file(::openat(fd_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && (errno == ENOENT || errno == ELOOP)) return std::nullopt;
  if (!file.is_open()) fail(path_ + '/' + name, errno);
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string content;
  if (!read_all(file.fd(), content)) fail(path_ + '/' + name, errno);
  return content;
}

void ReportFolder::remove(const std::string& name) const {
  if (::unlinkat(fd_, name.c_str(), 0) != 0 && errno != ENOENT) fail(path_ + '/' + name, errno);
}

} // namespace authd::profiling
