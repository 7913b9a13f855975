// SPDX-License-Identifier: Apache-2.0
#include "profiling/cpu_sampler.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "profiling/sample_buffer.h"

namespace authd::profiling {
namespace {

namespace fs = std::filesystem;

// Not a divisor of common ticks, so that work that is done by a timer is not always seen at the same place.
constexpr std::int64_t kPeriodNs = 4'900'000;
// A minute of eight busy CPUs at twenty frames; touched as it fills.
constexpr std::size_t kBufferBytes = 32 * 1024 * 1024;

std::atomic<SampleBuffer*> g_buffer{nullptr};
std::atomic<int> g_handlers{0}; // running now

std::uintptr_t interrupted_at(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return registers.pc;
#else
#error "which register holds the program counter?"
#endif
}

// Frames before that which was interrupted are the handler's own.
struct Walk {
  std::uintptr_t start;
  std::array<std::uintptr_t, SampleBuffer::kMostFrames> frames;
  std::size_t count = 0;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  int is_exact = 0;
  const auto address = static_cast<std::uintptr_t>(_Unwind_GetIPInfo(context, &is_exact));
  if (address == 0 || walk.count == walk.frames.size()) return _URC_END_OF_STACK;
  if (walk.count == 0 && address != walk.start) return _URC_NO_REASON;
  // A return address may already belong to the next function.
  walk.frames[walk.count] = walk.count == 0 || is_exact != 0 ? address : address - 1;
  ++walk.count;
  return _URC_NO_REASON;
}

// libgcc finds the tables of a frame without a lock since gcc 12 and glibc 2.35 (_dl_find_object), which makes
// unwinding safe here.
void take_sample(SampleBuffer& buffer, std::uint32_t periods, const void* context) {
  Walk walk;
  walk.start = interrupted_at(context);
  _Unwind_Backtrace(take_frame, &walk);
  if (walk.count == 0) {
    walk.frames[0] = walk.start;
    walk.count = 1;
  }
  buffer.record(::gettid(), periods, {walk.frames.data(), walk.count});
}

void on_sigprof(int /*number*/, siginfo_t* info, void* context) {
  const int before = errno;
  g_handlers.fetch_add(1);
  if (SampleBuffer* buffer = g_buffer.load(); buffer != nullptr && info->si_code == SI_TIMER) {
    take_sample(*buffer, 1U + static_cast<std::uint32_t>(info->si_overrun), context);
  }
  g_handlers.fetch_sub(1);
  errno = before;
}

void install_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_sigprof;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&action.sa_mask, fault);
  if (::sigaction(SIGPROF, &action, nullptr) != 0) throw std::runtime_error("cannot install a handler for SIGPROF");
}

// The CPU clock of any thread: clock_getcpuclockid(3) has it for processes, pthread_getcpuclockid(3) for threads of
// which one has the handle. The bits are the kernel's, include/linux/posix-timers.h: PERTHREAD and SCHED.
clockid_t cpu_clock_of(pid_t tid) { return static_cast<clockid_t>(~static_cast<unsigned>(tid) << 3 | 6U); }

fs::path task(pid_t tid) { return fs::path("/proc/self/task") / std::to_string(tid); }

std::string name_of_thread(pid_t tid) {
  std::string name;
  std::getline(std::ifstream(task(tid) / "comm"), name);
  return name.empty() ? "thread " + std::to_string(tid) : name;
}

// Not a lasting answer while the thread starts: then all signals are blocked (pthread_create of glibc).
bool blocks_sigprof(pid_t tid) {
  constexpr std::string_view kKey = "SigBlk:";
  std::ifstream status(task(tid) / "status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kKey)) continue;
    return (std::stoull(line.substr(kKey.size()), nullptr, 16) >> (SIGPROF - 1) & 1U) != 0;
  }
  return false;
}

std::vector<pid_t> threads_now() {
  std::vector<pid_t> tids;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/task")) {
    tids.push_back(std::stoi(entry.path().filename().string()));
  }
  return tids;
}

bool start_timer(pid_t tid, timer_t& timer) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = tid; // glibc 2.36 has no other name for it
  if (::timer_create(cpu_clock_of(tid), &event, &timer) != 0) return false;
  const itimerspec period{{0, kPeriodNs}, {0, kPeriodNs}};
  if (::timer_settime(timer, 0, &period, nullptr) == 0) return true;
  ::timer_delete(timer);
  return false;
}

} // namespace

CpuSampler::CpuSampler() = default;

CpuSampler::~CpuSampler() {
  if (buffer_) stop();
}

void CpuSampler::start() {
  auto buffer = std::make_unique<SampleBuffer>(kBufferBytes);
  SampleBuffer* none = nullptr;
  if (!g_buffer.compare_exchange_strong(none, buffer.get())) throw std::runtime_error("another sampler is running");
  buffer_ = std::move(buffer);
  started_ = wall_now();
  ended_.clear();
  install_handler();
  keep_up();
}

void CpuSampler::keep_up() {
  std::map<pid_t, Thread> before;
  before.swap(threads_);
  for (const pid_t tid : threads_now()) {
    if (auto known = before.extract(tid)) {
      threads_.insert(std::move(known));
    } else {
      add(tid);
    }
  }
  for (const auto& [tid, thread] : before) {
    if (thread.sampled) ::timer_delete(thread.timer);
    ended_[tid] = thread.name;
  }
}

void CpuSampler::add(pid_t tid) {
  Thread thread;
  thread.name = name_of_thread(tid);
  thread.sampled = start_timer(tid, thread.timer);
  threads_.emplace(tid, std::move(thread));
}

void CpuSampler::remove_timers() {
  for (auto& [tid, thread] : threads_) {
    if (thread.sampled) ::timer_delete(thread.timer);
    thread.sampled = false;
  }
}

Recording CpuSampler::stop() {
  remove_timers();
  g_buffer.store(nullptr);
  while (g_handlers.load() != 0) std::this_thread::yield(); // they take microseconds
  // A new thread takes its name a little later.
  for (auto& [tid, thread] : threads_) thread.name = name_of_thread(tid);
  Recording recording{Type::cpu, started_, wall_now(), kPeriodNs, {}, static_cast<std::int64_t>(buffer_->lost()), {}};
  buffer_->for_each([&](pid_t tid, std::uint32_t periods, std::span<const std::uintptr_t> stack) {
    const auto at = threads_.find(tid);
    const std::string& thread = at != threads_.end() ? at->second.name : ended_[tid];
    recording.samples.push_back({{stack.begin(), stack.end()}, thread, periods, periods * kPeriodNs});
  });
  for (const auto& [tid, thread] : threads_) {
    if (blocks_sigprof(tid)) recording.blocked_threads.push_back(thread.name);
  }
  buffer_.reset();
  threads_.clear();
  return recording;
}

} // namespace authd::profiling
