// SPDX-License-Identifier: Apache-2.0
// A record with its bytes, for what outlives the statement that found it.
#pragma once

#include <cstdint>
#include <string>

#include "authd/store.hpp"
#include "index_text.h"

namespace authd::store_sqlite {

struct OwnedRecord {
  std::string type;
  std::string id;
  std::string body;
  std::uint64_t version = 0;
  std::int64_t expires_at_ms = INT64_MAX;
  std::string index; // as index_text.h has it

  // [borrowed] from this.
  sdk::StoredRecord view() const {
    sdk::StoredRecord record{type, id, body, version, expires_at_ms, {}, 0};
    if (const auto values = decode_index(index))
      for (const sdk::StoredIndex& v : *values) record.index[record.index_count++] = v;
    return record;
  }
};

} // namespace authd::store_sqlite
