// SPDX-License-Identifier: Apache-2.0
#include "declarative_file.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace authd::kong_declarative {
namespace {

constexpr off_t kLargest = 64 * 1024 * 1024;
constexpr std::size_t kProblemsShown = 5;

class Descriptor {
 public:
  // O_NONBLOCK: a named pipe must not hold up the start.
  explicit Descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string cannot_be_read(const std::string& path, const std::string& why) {
  return path + ": cannot be read: " + why;
}

std::variant<std::string, Unusable> read_whole(const std::string& path) {
  const Descriptor file(path);
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return Unusable{cannot_be_read(path, std::strerror(errno))};
  if (!S_ISREG(status.st_mode)) return Unusable{cannot_be_read(path, "not a regular file")};
  if (status.st_size > kLargest) return Unusable{cannot_be_read(path, "larger than 64 MiB")};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = read(file.get(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unusable{cannot_be_read(path, std::strerror(errno))};
    if (n == 0) break; // it is being shortened; the writer's end is another change
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

std::string describe(const std::string& path, const std::vector<Problem>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < kProblemsShown; ++i) {
    if (i != 0) text += "; ";
    text += path + (problems[i].line == 0 ? "" : ":" + std::to_string(problems[i].line)) + ": " + problems[i].what;
  }
  if (problems.size() > kProblemsShown) text += " (and " + std::to_string(problems.size() - kProblemsShown) + " more)";
  return text;
}

// yaml-cpp's tree takes some thirty times the file's size and is gone by now, but glibc keeps its pages: for a
// file of 10,000 consumers 60 MB that would stay resident for as long as authd runs.
void return_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

} // namespace

std::optional<FileState> state_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileState{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                   nanoseconds(status.st_ctim)};
}

std::variant<Parsed, Unusable> load(const std::string& path, const Environment& environment) {
  auto read = read_whole(path);
  if (auto* unusable = std::get_if<Unusable>(&read)) return std::move(*unusable);
  auto& text = std::get<std::string>(read);
  auto parsed = parse(text, environment);
  explicit_bzero(text.data(), text.size());
  std::string().swap(text);
  return_free_memory();
  if (auto* problems = std::get_if<std::vector<Problem>>(&parsed)) return Unusable{describe(path, *problems)};
  return std::get<Parsed>(std::move(parsed));
}

} // namespace authd::kong_declarative
