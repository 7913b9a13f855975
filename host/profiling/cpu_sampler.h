// SPDX-License-Identifier: Apache-2.0
// Samples the stacks of threads by the CPU time that they use: a POSIX timer on the CPU clock of each thread sends
// SIGPROF to that thread. An idle thread costs nothing, and without a session there is neither a timer nor memory.
// (One timer for the process would not do: until Linux 6.4 its signal goes to the main thread first, whoever works.)
#pragma once

#include <csignal>
#include <ctime>
#include <map>
#include <memory>

#include "profiling/recording.h"

namespace authd::profiling {

class SampleBuffer;

// One at a time in the process: a signal handler has no other way to its buffer. The handler stays installed after the
// first session, because a late signal's default action would end the process.
class CpuSampler final : public Source {
 public:
  CpuSampler();
  ~CpuSampler() override;
  CpuSampler(const CpuSampler&) = delete;
  CpuSampler& operator=(const CpuSampler&) = delete;

  std::string obstacle() const override { return {}; }
  void start() override;
  void keep_up() override; // finds threads that are new
  Recording stop() override;

 private:
  struct Thread {
    timer_t timer{};
    bool sampled = false; // false: it has no timer
    std::string name;
  };
  void add(pid_t tid);
  void remove_timers();

  WallTime started_;
  std::map<pid_t, Thread> threads_;
  std::map<pid_t, std::string> ended_; // names of threads that ended during the session
  std::unique_ptr<SampleBuffer> buffer_;
};

} // namespace authd::profiling
