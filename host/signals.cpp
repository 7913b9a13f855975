// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace authd {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

sigset_t watched_signals() {
  sigset_t set = ending_signals();
  sigaddset(&set, SIGHUP);
  return set;
}

} // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN); // its default would end authd, for whom it means nothing
}

int wait_for_signal() {
  const sigset_t set = watched_signals();
  int received = 0;
  while (sigwait(&set, &received) != 0) {
  }
  return received;
}

ImpatienceWatch::ImpatienceWatch()
    : stop_fd_(eventfd(0, EFD_CLOEXEC)), thread_([this] { watch(); }) {}

ImpatienceWatch::~ImpatienceWatch() {
  const std::uint64_t one = 1;
  if (::write(stop_fd_, &one, sizeof(one)) != sizeof(one)) std::abort(); // an eventfd of ours cannot be full
  thread_.join();
  ::close(stop_fd_);
}

void ImpatienceWatch::watch() {
  const sigset_t set = ending_signals();
  const int signals = signalfd(-1, &set, SFD_CLOEXEC);
  pollfd both[2] = {{signals, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  while (::poll(both, 2, -1) < 0) {
  }
  if ((both[0].revents & POLLIN) != 0) ::_exit(EXIT_FAILURE);
  ::close(signals);
}

} // namespace authd
