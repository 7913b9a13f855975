// SPDX-License-Identifier: Apache-2.0
// Durable records as the host sees them: what the kind authd.store/1 keeps (sdk/include/authd/store.h), for modules
// (service authd.records/1) and for the host's own keys. Every operation may sleep: never on a reactor.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "plugin/record.h"

namespace authd::modules {

using plugin::Change;
using plugin::IndexValue;
using plugin::Record;

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
