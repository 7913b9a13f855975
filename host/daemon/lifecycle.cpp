// SPDX-License-Identifier: Apache-2.0
#include "daemon/lifecycle.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace authd::daemon {

SystemdNotifier::SystemdNotifier() {
  if (const char* path = std::getenv("NOTIFY_SOCKET")) socket_ = path;
}

void SystemdNotifier::ready() { notify_unless_stopping("READY=1\n"); }

void SystemdNotifier::reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch(); // CLOCK_MONOTONIC
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  notify_unless_stopping("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us) + '\n');
}

void SystemdNotifier::stopping(milliseconds at_most) {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(at_most).count();
  notify("STOPPING=1\nSTATUS=Draining\nEXTEND_TIMEOUT_USEC=" + std::to_string(us) + '\n');
}

// sd_watchdog_enabled(3): $WATCHDOG_PID, if set, says whom it is meant for.
std::optional<std::chrono::microseconds> SystemdNotifier::watchdog_interval() const {
  const char* interval = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (socket_.empty() || interval == nullptr) return std::nullopt;
  if (pid != nullptr && pid != std::to_string(::getpid())) return std::nullopt;
  const std::chrono::microseconds us{std::strtoll(interval, nullptr, 10)};
  return us.count() > 0 ? std::optional(us) : std::nullopt;
}

void SystemdNotifier::keep_alive() {
  const std::lock_guard lock(mutex_);
  notify("WATCHDOG=1\n");
}

void SystemdNotifier::status(std::string_view state) {
  std::string line(state);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  const std::lock_guard lock(mutex_);
  state_ = std::move(line);
  send_status();
}

void SystemdNotifier::rate(double tokens_per_s) {
  const std::lock_guard lock(mutex_);
  rate_ = tokens_per_s > 0 ? fmt::format("; {:.{}f} tokens/s", tokens_per_s, tokens_per_s < 10 ? 1 : 0) : "";
  send_status();
}

void SystemdNotifier::send_status() {
  std::string line = state_ + rate_;
  if (stopping_ || state_.empty() || line == status_) return;
  notify("STATUS=" + line + '\n');
  status_ = std::move(line);
}

void SystemdNotifier::notify_unless_stopping(std::string_view state) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) notify(state);
}

void SystemdNotifier::notify(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  socket_.copy(address.sun_path, socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0'; // abstract namespace
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // A missing listener is no reason for the daemon to fail.
  [[maybe_unused]] const ssize_t n =
      ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

Retirement::Retirement() : thread_([this] { work(); }) {}

Retirement::~Retirement() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Retirement::enqueue(Prepared job) noexcept {
  {
    const std::lock_guard lock(mutex_);
    jobs_.splice(jobs_.end(), job);
  }
  wake_.notify_one();
}

void Retirement::work() {
  pthread_setname_np(pthread_self(), "retirement");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::list<Job> job;
    job.splice(job.end(), jobs_, jobs_.begin());
    lock.unlock();
    job.front()();
    job.clear(); // what it captured ends outside the lock
    lock.lock();
  }
}

void Lifecycle::begin_drain(milliseconds at_most) {
  const std::lock_guard lock(swapping_);
  draining_.store(true);
  service_manager_.stopping(at_most);
}

std::unique_lock<std::mutex> Lifecycle::permit_swap() {
  std::unique_lock lock(swapping_);
  if (draining_) lock.unlock();
  return lock;
}

} // namespace authd::daemon
