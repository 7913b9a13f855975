// SPDX-License-Identifier: Apache-2.0
// What each change of authd.store/1 does to the tables. Requires a write transaction; what makes a batch all or none is
// the caller's savepoint around it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "authd/store.hpp"
#include "connection.h"
#include "owned_record.h"

namespace authd::store_sqlite {

class Changes {
 public:
  // At this moment (wall clock), for all that expires.
  Changes(Connection& db, std::int64_t now_ms) : db_(db), now_ms_(now_ms) {}

  // What takes removed and what updates found is appended to `found`. A fault with conflict, not_found or invalid is
  // the change's own; any other is the file's.
  Expected<void> apply(const sdk::StoredChange& change, std::vector<OwnedRecord>& found);

  // Removes up to so many records that have expired; how many it removed.
  Expected<std::size_t> remove_expired(std::size_t most);

 private:
  struct Row {
    bool lives = false;
    OwnedRecord record;
  };
  using Id = std::pair<std::string_view, std::string_view>; // type and id

  Expected<void> insert(const sdk::StoredRecord& record, std::uint64_t version);
  Expected<void> update(const sdk::StoredChange& change, std::vector<OwnedRecord>& found);
  Expected<void> put(const sdk::StoredChange& change);
  Expected<void> take(const sdk::StoredRecord& record, std::vector<OwnedRecord>& found);
  Expected<void> remove_by(const sdk::StoredRecord& record);
  Expected<void> expect(const sdk::StoredRecord& record);

  Expected<Row> row_of(Id id);
  Expected<void> replace(const Row& old, const sdk::StoredRecord& record, std::uint64_t version);
  Expected<bool> remove(Id id); // whatever its expiry; whether it was there
  Expected<void> add_entries(const sdk::StoredRecord& record);
  Expected<void> remove_entries(Id id, std::string_view index);
  Expected<void> free_unique_values(const sdk::StoredRecord& record);
  Expected<void> free_value(const sdk::StoredRecord& record, const sdk::StoredIndex& value);

  Connection& db_;
  const std::int64_t now_ms_;
};

} // namespace authd::store_sqlite
