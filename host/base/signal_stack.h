// SPDX-License-Identifier: Apache-2.0
// Where a thread's signal handlers run: a thread that has used up its own stack could not say so on it.
#pragma once

#include <memory>

namespace authd {

// Serves the thread that makes it, which must destroy it too. Does nothing where the thread has such a stack
// already (a sanitizer's), or for want of memory.
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
