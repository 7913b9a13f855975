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

void SystemdNotifier::stopping() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  notify("STOPPING=1\nSTATUS=Draining\n");
}

void SystemdNotifier::status(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  const std::lock_guard lock(mutex_);
  if (stopping_ || line == status_) return;
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
  // Nobody listening is no reason for the daemon to fail.
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

Lifecycle::Lifecycle(Log& log) : exporter_([this] { return collect(); }, log) {}

telemetry::Snapshot Lifecycle::collect() const {
  telemetry::Snapshot snapshot{started_, wall_now(), {}};
  for (const telemetry::Instrument& instrument : telemetry::instruments())
    snapshot.families.push_back({&instrument, {}});
  test_values_.add_to(snapshot);
  add_to(snapshot, exporter_.statistics());
  return snapshot;
}

void Lifecycle::begin_drain() {
  const std::lock_guard lock(swapping_);
  draining_.store(true);
  service_manager_.stopping();
}

std::unique_lock<std::mutex> Lifecycle::permit_swap() {
  std::unique_lock lock(swapping_);
  if (draining_) lock.unlock();
  return lock;
}

} // namespace authd::daemon
