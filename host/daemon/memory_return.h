// SPDX-License-Identifier: Apache-2.0
// Gives memory back to the system when a crowd of connections has left: the C library would keep what they used for as
// long as the process lives.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "http/server.h"

namespace authd::daemon {

class MemoryReturn {
 public:
  explicit MemoryReturn(const http::Server& server); // which must outlive it
  ~MemoryReturn();
  MemoryReturn(const MemoryReturn&) = delete;
  MemoryReturn& operator=(const MemoryReturn&) = delete;

 private:
  void run();

  const http::Server& server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace authd::daemon
