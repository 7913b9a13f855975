// SPDX-License-Identifier: Apache-2.0
#include "checkpoints.h"

#include <chrono>
#include <utility>

#include <sqlite3.h>

namespace authd::store_sqlite {
namespace {

using sdk::milliseconds;

constexpr int kPagesBetween = 4096;         // of 4 KiB
constexpr int kLongestLog = 16 * 1024;      // pages: 64 MiB
constexpr milliseconds kWaitForReaders{50}; // while the writer cuts the log; else it is cut after a later commit

} // namespace

Checkpoints::Checkpoints(Connection& writer, std::string path)
    : writer_(writer), path_(std::move(path)), thread_([this] { run(); }) {
  const auto count = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Checkpoints*>(self)->pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(writer_.raw(), count, this);
}

Checkpoints::~Checkpoints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpoints::committed() {
  if (pages_ < pages_before_) pages_before_ = 0; // the log has begun anew
  if (pages_ > kLongestLog) {
    cut_log();
  } else if (pages_ >= pages_before_ + kPagesBetween) {
    pages_before_ = pages_;
    const std::lock_guard lock(mutex_);
    wanted_ = true;
    changed_.notify_one();
  }
}

// Most of it has been moved already, by run(). Where readers still need the log it stays for now.
void Checkpoints::cut_log() {
  const auto until = std::chrono::steady_clock::now() + kWaitForReaders;
  writer_.wait_while(
      [until] { return std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now()); });
  if (sqlite3_wal_checkpoint_v2(writer_.raw(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) == SQLITE_OK)
    pages_ = 0;
  writer_.wait_while(nullptr);
}

// A failure is not lost: the log stays until a later one succeeds.
void Checkpoints::run() {
  std::unique_ptr<Connection> connection;
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    if (connection == nullptr)
      if (auto opened = Connection::open(path_, Connection::Access::write, nullptr)) connection = std::move(*opened);
    if (connection != nullptr)
      sqlite3_wal_checkpoint_v2(connection->raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
}

} // namespace authd::store_sqlite
