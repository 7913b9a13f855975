// SPDX-License-Identifier: Apache-2.0
#include "base/signal_stack.h"

#include <algorithm>
#include <csignal>
#include <new>

#include <unistd.h>

namespace authd {
namespace {

// The kernel saves the vector registers on it, so sysconf gives the minimum; the rest is for the handler.
std::size_t stack_size() {
  constexpr long kForTheHandler = 16L * 1024;
  return static_cast<std::size_t>(kForTheHandler + std::max(::sysconf(_SC_MINSIGSTKSZ), 0L));
}

} // namespace

SignalStack::SignalStack() noexcept {
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
  const std::size_t size = stack_size();
  memory_.reset(new (std::nothrow) char[size]);
  if (memory_ == nullptr) return;
  stack_t ours{};
  ours.ss_sp = memory_.get();
  ours.ss_size = size;
  if (::sigaltstack(&ours, nullptr) != 0) memory_.reset();
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
}

} // namespace authd
