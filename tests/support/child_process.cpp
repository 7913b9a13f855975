// SPDX-License-Identifier: Apache-2.0
#include "support/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace authd::test {
namespace {

using Pipe = std::array<int, 2>; // read end, write end

Pipe make_pipe() {
  Pipe ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe");
  return ends;
}

std::vector<std::string> child_environment(const Environment& wanted) {
  Environment all;
  for (const char* name : {"PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) all[name] = value;
  }
  for (const auto& [name, value] : wanted) all[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace

ChildProcess::ChildProcess(std::vector<std::string> argv, const Environment& environment,
                           std::string_view standard_input) {
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], 0);
  posix_spawn_file_actions_adddup2(&files, out[1], 1);
  posix_spawn_file_actions_adddup2(&files, err[1], 2);
  std::vector<std::string> variables = child_environment(environment);
  const int rc =
      ::posix_spawn(&pid_, argv.at(0).c_str(), &files, nullptr, pointers(argv).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  for (const int fd : {in[0], out[1], err[1]}) ::close(fd);
  if (rc != 0) throw std::system_error(rc, std::system_category(), "start " + argv[0]);
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  streams_[0].reader = std::thread([this, fd = out[0]] { read_all(fd, streams_[0]); });
  streams_[1].reader = std::thread([this, fd = err[0]] { read_all(fd, streams_[1]); });
  write_all(in[1], standard_input);
  ::close(in[1]);
}

ChildProcess::~ChildProcess() {
  if (!exit_code_) {
    signal(SIGKILL);
    await_exit(std::chrono::minutes(1));
  }
  for (Stream& stream : streams_) stream.reader.join();
  ::close(pidfd_);
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::await_exit(milliseconds at_most) {
  if (exit_code_) return exit_code_;
  pollfd ended{pidfd_, POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(at_most.count())) != 1) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_streams_ == 0; });
  return exit_code_;
}

void ChildProcess::read_all(int fd, Stream& stream) {
  std::string rest;
  std::array<char, 16384> bytes;
  ssize_t n = 0;
  while ((n = ::read(fd, bytes.data(), bytes.size())) > 0) {
    rest.append(bytes.data(), static_cast<std::size_t>(n));
    const std::lock_guard lock(mutex_);
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      stream.lines.push_back(rest.substr(0, end));
    }
    changed_.notify_all();
  }
  ::close(fd);
  const std::lock_guard lock(mutex_);
  if (!rest.empty()) stream.lines.push_back(rest);
  --open_streams_;
  changed_.notify_all();
}

std::optional<std::string> ChildProcess::await_line(const std::function<bool(const std::string&)>& wanted,
                                                    milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  const std::vector<std::string>& lines = streams_[0].lines;
  std::size_t next = 0;
  std::optional<std::string> found;
  changed_.wait_for(lock, at_most, [&] {
    for (; next < lines.size() && !found; ++next) {
      if (wanted(lines[next])) found = lines[next];
    }
    return found.has_value() || open_streams_ == 0;
  });
  return found;
}

std::vector<std::string> ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return streams_[0].lines;
}

std::vector<std::string> ChildProcess::errors() const {
  const std::lock_guard lock(mutex_);
  return streams_[1].lines;
}

std::string ChildProcess::everything() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const Stream& stream : streams_) {
    for (const std::string& line : stream.lines) out += line + "\n";
  }
  return out;
}

} // namespace authd::test
