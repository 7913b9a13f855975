// SPDX-License-Identifier: Apache-2.0
// Moves what was committed from the write-ahead log into the file: mostly on a thread of its own, beside the writer and
// the readers; once the log has grown too long, by the writer, which cuts it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "connection.h"

namespace authd::store_sqlite {

class Checkpoints {
 public:
  // `writer` tells how long the log is after its commits; it must not commit any more when this goes.
  Checkpoints(Connection& writer, std::string path);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // After each commit of the writer, on its thread.
  void committed();

 private:
  void run();
  void cut_log();

  Connection& writer_;
  const std::string path_;
  int pages_ = 0;        // of the log; the writer's thread's alone
  int pages_before_ = 0; // when a checkpoint was last asked for; likewise
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace authd::store_sqlite
