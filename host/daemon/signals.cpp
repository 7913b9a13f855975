// SPDX-License-Identifier: Apache-2.0
#include "daemon/signals.h"

#include <initializer_list>

#include <unistd.h>

namespace authd::daemon {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

} // namespace

sigset_t watched_signals() { return set_of({SIGTERM, SIGINT, SIGHUP}); }

std::string_view name_of_signal(int number) {
  switch (number) {
  case SIGTERM:
    return "SIGTERM";
  case SIGINT:
    return "SIGINT";
  default:
    return "SIGHUP";
  }
}

void hold_reloads() {
  const sigset_t set = set_of({SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN); // its default would end authd, for whom it means nothing
}

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void unblock_signals() {
  const sigset_t set = set_of({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void die_of(int signal) {
  std::signal(signal, SIG_DFL);
  const sigset_t set = set_of({signal});
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal); // the kernel spares process 1 of a container
}

} // namespace authd::daemon
