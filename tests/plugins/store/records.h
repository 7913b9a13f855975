// SPDX-License-Identifier: Apache-2.0
// Records and changes as the tests of a store write them.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "authd/store.h"

namespace authd::test {

struct Value {
  std::string name;
  std::string value;
  bool unique = false;
  bool operator==(const Value&) const = default;
};

struct Record {
  std::string type;
  std::string id;
  std::string body = {};
  std::uint64_t version = 0;
  std::int64_t expires_at_ms = INT64_MAX;
  std::vector<Value> index = {};
  bool operator==(const Record&) const = default;
};

struct Change {
  std::uint32_t op;
  Record record;
  std::uint32_t flags = 0;
};

struct Search {
  std::string type;
  std::string name = {}; // empty: every record of the type
  std::string value = {};
  bool prefix = false;
  std::string after = {};
  std::uint32_t limit = AUTHD_RECORD_MAX_FOUND;
};

struct Outcome {
  authd_status status = AUTHD_OK;
  std::size_t failed = 0;         // of apply, when it is not ok
  std::vector<Record> found = {}; // in order
  std::string message = {};       // not compared
  bool operator==(const Outcome& other) const {
    return status == other.status && (status == AUTHD_OK || failed == other.failed) && found == other.found;
  }
};

inline std::ostream& operator<<(std::ostream& to, const Record& r) {
  to << r.type << "/" << r.id << " v" << r.version << " until " << r.expires_at_ms << " [" << r.body.size() << " B]";
  for (const Value& v : r.index) to << " " << v.name << "=" << v.value << (v.unique ? "!" : "");
  return to;
}

inline std::ostream& operator<<(std::ostream& to, const Outcome& o) {
  to << "status " << o.status << " failed " << o.failed << " (" << o.message << ")";
  for (const Record& r : o.found) to << "\n  " << r;
  return to;
}

} // namespace authd::test
