// SPDX-License-Identifier: Apache-2.0
// The rules of authd.store/1 in the plainest form: a map, copied before each batch.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "records.h"

namespace authd::test {

class Model {
 public:
  Outcome apply(const std::vector<Change>& changes, std::int64_t now_ms);
  Outcome get(const std::string& type, const std::string& id, std::int64_t now_ms) const;
  Outcome find(const Search& search, std::int64_t now_ms) const;
  Outcome scan(const std::string& after_type, const std::string& after_id, std::uint32_t limit,
               std::int64_t now_ms) const;
  std::uint64_t version_of(const std::string& type, const std::string& id) const; // of a living one, else 0

 private:
  using Key = std::pair<std::string, std::string>;
  using Records = std::map<Key, Record>;

  static void drop_expired(Records& records, std::int64_t now_ms);
  static bool has_taken_value(const Records& records, const Record& record);
  static authd_status apply_one(Records& records, const Change& change, std::vector<Record>& found);
  static authd_status remove_by(Records& records, const Record& record);

  Records records_;
};

} // namespace authd::test
