// SPDX-License-Identifier: Apache-2.0
#include "file_watcher.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>

namespace authd::kong_declarative {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kQuietMs = 100;
constexpr milliseconds kLongestBurst(1000);
constexpr int kRetryMs = 1000;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// Signals are for the host's own threads; a fault of this one must reach the host's report of it, and SIGPROF its
// profiles.
template <class Body>
std::thread thread_without_signals(Body body) {
  sigset_t all, before;
  sigfillset(&all);
  for (const int open : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) sigdelset(&all, open);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

} // namespace

FileWatcher::FileWatcher(std::string folder, Callbacks callbacks)
    : folder_(std::move(folder)), callbacks_(std::move(callbacks)), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  if (inotify_ < 0 || stop_ < 0) {
    const int error = errno;
    close(inotify_);
    close(stop_);
    throw std::system_error(error, std::generic_category(), "inotify");
  }
  add_watch();
  thread_ = thread_without_signals([this] { run(); });
}

FileWatcher::~FileWatcher() {
  eventfd_write(stop_, 1);
  thread_.join();
  close(inotify_);
  close(stop_);
}

void FileWatcher::run() {
  bool stopping = false;
  if (watch_ >= 0)
    callbacks_.changed();
  else
    callbacks_.lost(folder_ + ": " + std::strerror(watch_error_));
  while (!stopping) {
    const bool event = wait(watch_ < 0 ? kRetryMs : -1, stopping);
    if (stopping) return;
    if (watch_ < 0) {
      if (add_watch()) callbacks_.changed();
    } else if (event) {
      const bool lost = drain() || await_quiet();
      callbacks_.changed();
      if (lost) callbacks_.lost(folder_ + ": the folder was removed");
    }
  }
}

bool FileWatcher::add_watch() {
  watch_ = inotify_add_watch(inotify_, folder_.c_str(), kEvents);
  watch_error_ = errno;
  return watch_ >= 0;
}

// True: the watch was lost meanwhile.
bool FileWatcher::await_quiet() {
  const auto deadline = steady_clock::now() + kLongestBurst;
  bool lost = false, stopping = false;
  while (steady_clock::now() < deadline && wait(kQuietMs, stopping) && !stopping) lost = drain() || lost;
  return lost;
}

// Takes all events there are. True: the folder itself was moved or removed, and with it the watch.
bool FileWatcher::drain() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  bool gone = false;
  for (ssize_t n = 0; (n = read(inotify_, buffer.data(), buffer.size())) > 0;) {
    for (const char* p = buffer.data(); p < buffer.data() + n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(p);
      gone = gone || (event->wd == watch_ && (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0);
      p += sizeof(inotify_event) + event->len;
    }
  }
  if (gone && watch_ >= 0) {
    inotify_rm_watch(inotify_, watch_);
    watch_ = -1;
  }
  return gone;
}

// Whether there are events; a timeout of -1 is none.
bool FileWatcher::wait(int timeout_ms, bool& stopping) const {
  std::array<pollfd, 2> fds{{{inotify_, POLLIN, 0}, {stop_, POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), timeout_ms) < 0 && errno == EINTR) continue;
  stopping = fds[1].revents != 0;
  return fds[0].revents != 0;
}

} // namespace authd::kong_declarative
