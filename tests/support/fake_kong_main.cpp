// SPDX-License-Identifier: Apache-2.0
// fake-kong: the recorded Admin API as a process of its own, for benchmarks and for trying authd out.
// Consumers are named consumer-0, consumer-1, ..., each with one HS256 credential.
#include <csignal>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <pthread.h>

#include "support/fake_kong.h"

namespace {

void add_consumers(authd::test::FakeKong& kong, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const std::string name = "consumer-" + std::to_string(i);
    kong.add_consumer(name);
    kong.add_credential(name, {"key-" + std::to_string(i), "0123456789abcdef0123456789abcdef"});
  }
}

} // namespace

int main(int argc, char** argv) {
  unsigned short port = 8001;
  unsigned delay_ms = 0;
  unsigned consumers = 1000;
  CLI::App options("Answers as the Admin API of Kong Gateway 3.9 does");
  options.add_option("--port", port, "on 127.0.0.1; 0: any free one")->capture_default_str();
  options.add_option("--delay-ms", delay_ms, "before each answer")->capture_default_str();
  options.add_option("--consumers", consumers, "with one credential each")->capture_default_str();
  CLI11_PARSE(options, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  authd::test::FakeKong kong({port, false, false, false});
  add_consumers(kong, consumers);
  authd::test::KongFault slowness;
  slowness.delay = authd::test::milliseconds(delay_ms);
  kong.set_fault(slowness);
  std::printf("fake-kong listens on %s\n", kong.url().c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}
