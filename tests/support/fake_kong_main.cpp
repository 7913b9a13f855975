// SPDX-License-Identifier: Apache-2.0
// fake-kong: the recorded Admin API as a process of its own, for benchmarks and for trying authd out. It has
// every consumer and newcomer of numbered_consumers.h, and those that options name. SIGUSR1: says how often it has been
// asked for what.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <pthread.h>

#include "support/fake_kong.h"

namespace {

using authd::test::KongOperation;

void print_traffic(const authd::test::KongTraffic& traffic) {
  std::printf("fake-kong was asked for %zu lists, %zu creates, %zu probes, %zu in all\n", traffic[KongOperation::list],
              traffic[KongOperation::create], traffic[KongOperation::status], traffic.total());
  std::fflush(stdout);
}

// From long ago, so that one that is made now is the newer.
authd::test::KongCredential old_credential(const std::string& consumer) {
  authd::test::KongCredential credential;
  credential.key = consumer + "-key";
  credential.secret = consumer + "-secret-0123456789abcdef0123456789abcdef";
  credential.created_at = 1735689600;
  return credential;
}

} // namespace

int main(int argc, char** argv) {
  unsigned short port = 8001;
  unsigned delay_ms = 0;
  std::vector<std::string> consumers;
  std::vector<std::string> newcomers;
  CLI::App options("Answers as the Admin API of Kong Gateway 3.9 does");
  options.add_option("--port", port, "on 127.0.0.1; 0: any free one")->capture_default_str();
  options.add_option("--delay-ms", delay_ms, "before each answer")->capture_default_str();
  options.add_option("--consumer", consumers, "a username, with a credential");
  options.add_option("--newcomer", newcomers, "a username, without a credential");
  CLI11_PARSE(options, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  authd::test::FakeKong::Options kong_options;
  kong_options.port = port;
  kong_options.count_targets = false;
  kong_options.numbered = true;
  authd::test::FakeKong kong(kong_options);
  for (const std::string& username : newcomers) kong.add_consumer(username);
  for (const std::string& username : consumers) {
    kong.add_consumer(username);
    kong.add_credential(username, old_credential(username));
  }
  authd::test::KongFault slowness;
  slowness.delay = authd::test::milliseconds(delay_ms);
  kong.set_fault(slowness);
  std::printf("fake-kong listens on %s\n", kong.url().c_str());
  std::fflush(stdout);
  for (int received = SIGUSR1; received == SIGUSR1;) {
    sigwait(&signals, &received);
    if (received == SIGUSR1) print_traffic(kong.traffic());
  }
  return 0;
}
