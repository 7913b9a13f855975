// SPDX-License-Identifier: Apache-2.0
// Durable records as the host sees them: what the kind authd.store/1 keeps (sdk/include/authd/store.h), for modules
// (service authd.records/1) and for the host's own keys. Every operation may sleep: never on a reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace authd::modules {

struct IndexValue {
  std::string name;
  std::string value;
  bool unique = false; // no two living records of the type may have it
};

struct Record {
  std::string type;          // with the space it belongs to: "oauth/code"; "authd/key" for the host's own
  std::string id;            // 1 to 64 bytes
  std::string body;          // at most 64 KiB
  std::uint64_t version = 0; // 1 when it is inserted, one more at each change
  std::int64_t expires_at_ms = std::numeric_limits<std::int64_t>::max(); // since the epoch; max(): never
  std::vector<IndexValue> index = {};                                    // at most 4
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
};

// An expired record is gone for every operation, at once.
class RecordStore {
 public:
  static constexpr std::size_t kMostChanges = 64;

  virtual ~RecordStore() = default;
  // CallStatus::not_found: there is none that lives.
  virtual Result<Record, CallFailure> get(Call& call, std::string_view type, std::string_view id) const = 0;
  // Those whose index has this value, or, with `prefix`, begins with it, by id, after `after`; at most `limit`
  // (1 to 1,000). With an empty index name: every record of the type.
  virtual Result<std::vector<Record>, CallFailure> find(Call& call, std::string_view type, const IndexValue& index,
                                                        bool prefix, std::string_view after,
                                                        std::size_t limit) const = 0;
  // All or none, isolated, durable when it returns; what take removed and what update found, in order. At most
  // kMostChanges. `failed`, if not null: the position of the change that was refused.
  virtual Result<std::vector<Record>, CallFailure> apply(Call& call, const std::vector<Change>& changes,
                                                         std::size_t* failed = nullptr) = 0;
};

} // namespace authd::modules
