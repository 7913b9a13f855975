// SPDX-License-Identifier: Apache-2.0
// An alternate stack for a thread's signal handlers: a stack overflow cannot be reported on the stack itself.
#pragma once

#include <memory>

namespace authd {

// For the thread that creates it, which must also destroy it. Does nothing if the thread already has an alternate stack
// (a sanitizer's), or without memory.
class SignalStack {
 public:
  SignalStack() noexcept;
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  std::unique_ptr<char[]> memory_; // null: not ours
};

} // namespace authd
