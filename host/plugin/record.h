// SPDX-License-Identifier: Apache-2.0
// A durable record as the host has it, and what can be done to one: sdk/include/authd/records.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace authd::plugin {

struct IndexValue {
  std::string name;
  std::string value;
  bool unique = false; // no two living records of the type may have it
  bool operator==(const IndexValue&) const = default;
};

struct Record {
  std::string type;          // with the space it belongs to: "oauth/code"; "authd/key" for the host's own
  std::string id;            // 1 to 64 bytes
  std::string body;          // at most 64 KiB
  std::uint64_t version = 0; // 1 when it is inserted, one more at each change
  std::int64_t expires_at_ms = std::numeric_limits<std::int64_t>::max(); // since the epoch; max(): never
  std::vector<IndexValue> index = {};                                    // at most 4, no name twice
  bool operator==(const Record&) const = default;
};

struct Change {
  enum class Op : std::uint8_t {
    insert = 1,    // conflict if it exists, or if a unique index value is taken
    update = 2,    // conflict unless record.version is the stored one; not_found
    put = 3,       // insert or replace
    take = 4,      // removes; not_found unless it is there and alive: the atomic single use
    remove = 5,    // ok also when it was not there
    remove_by = 6, // every record whose index has the value of record.index[0]; at most 10,000
    expect = 7,    // changes nothing: conflict unless record.version is the stored one (0: absent)
  };
  Op op;
  Record record;
  bool same_version = false; // of update and put: record.version as it is, instead of the next one
};

} // namespace authd::plugin
