// SPDX-License-Identifier: Apache-2.0
// A program started with an environment of its own, its output captured line by line.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace authd::test {

using std::chrono::milliseconds;
using Environment = std::map<std::string, std::string>;

// [thread-safe]
class ChildProcess {
 public:
  // argv[0] is an absolute path. The child sees nothing of this process's environment but PATH and what
  // sanitizers read, so that a developer's variables cannot change a result.
  explicit ChildProcess(std::vector<std::string> argv, const Environment& environment = {},
                        std::string_view standard_input = {});
  ~ChildProcess(); // kills it if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Its exit code, 128 + signal if one ended it; nullopt: it still runs. Output is complete afterwards.
  std::optional<int> await_exit(milliseconds at_most);

  // The first line of standard output, from the beginning, for which `wanted` holds; waits for it.
  std::optional<std::string> await_line(const std::function<bool(const std::string&)>& wanted,
                                        milliseconds at_most) const;
  std::vector<std::string> output() const; // lines so far
  std::vector<std::string> errors() const;
  std::string everything() const; // both, for messages of failing tests

 private:
  struct Stream {
    std::vector<std::string> lines;
    std::thread reader;
  };
  void read_all(int fd, Stream& stream);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int open_streams_ = 2;
  std::array<Stream, 2> streams_;
};

} // namespace authd::test
