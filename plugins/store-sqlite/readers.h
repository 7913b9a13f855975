// SPDX-License-Identifier: Apache-2.0
// Connections that read, one for each thread that reads at the same time. A reader never waits for the writer.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connection.h"

namespace authd::store_sqlite {

class Readers {
 public:
  // A connection in use; given back when this goes.
  class Lease {
   public:
    Lease(Readers& readers, std::unique_ptr<Connection> connection)
        : readers_(&readers), connection_(std::move(connection)) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Readers* readers_;
    std::unique_ptr<Connection> connection_; // null: moved from
  };

  explicit Readers(std::string path) : path_(std::move(path)) {}
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Its statements end when nothing of this remains. [thread-safe]
  Expected<Lease> lease(const Remaining& remaining);

 private:
  std::unique_ptr<Connection> idle();

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

} // namespace authd::store_sqlite
