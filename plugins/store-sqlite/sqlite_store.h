// SPDX-License-Identifier: Apache-2.0
// Records in one SQLite file, in WAL mode: readers beside one writer. Several processes may use the file. Everything is
// [thread-safe].
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "authd/store.hpp"
#include "readers.h"
#include "writer.h"

namespace authd::store_sqlite {

class SqliteStore {
 public:
  // What takes a record; other than ok: stop, and return that.
  using Put = std::function<sdk::Status(const sdk::StoredRecord&)>;
  struct Options {
    std::string path;
    std::int64_t most_bytes = 0; // of the file; 0: as large as the disk allows
  };

  // Makes the file, or brings it to the newest schema.
  static Expected<std::unique_ptr<SqliteStore>> open(const Options& options, Clock clock, Writer::Report report,
                                                     const Remaining& remaining);

  // Status::not_found: there is none that lives. A status of `put` is a fault without a message.
  Expected<void> get(std::string_view type, std::string_view id, const Remaining& remaining, const Put& put);
  Expected<void> find(std::string_view type, const sdk::StoredSearch& search, const Remaining& remaining,
                      const Put& put);
  Expected<void> scan(std::string_view after_type, std::string_view after_id, std::uint32_t limit,
                      const Remaining& remaining, const Put& put);
  Writer::Applied apply(std::span<const sdk::StoredChange> changes, const Remaining& remaining) {
    return writer_.apply(changes, remaining);
  }
  // How many records it has looked at. Status::corrupt: what is wrong.
  Expected<std::uint64_t> check(const Remaining& remaining);
  Expected<void> backup(const std::string& to, const Remaining& remaining);
  Expected<std::uint64_t> count_expired(const Remaining& remaining); // at most 100,000 are counted
  std::uint64_t bytes() const;                                       // of the file and its log
  Writer::Counts counts() const { return writer_.counts(); }
  Fault last_outage() const { return writer_.last_outage(); }

 private:
  SqliteStore(std::unique_ptr<Connection> connection, Clock clock, Writer::Report report);

  const std::string path_;
  const Clock clock_;
  Writer writer_;
  Readers readers_; // closed first: the last one to close the file empties its log
};

} // namespace authd::store_sqlite
