// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>

namespace authd::test {
namespace {

const std::string* value_of(const Record& record, const std::string& name) {
  const auto at =
      std::find_if(record.index.begin(), record.index.end(), [&](const Value& v) { return v.name == name; });
  return at != record.index.end() ? &at->value : nullptr;
}

bool matches(const Record& record, const Search& search) {
  if (record.type != search.type || record.id <= search.after) return false;
  if (search.name.empty()) return true;
  const std::string* value = value_of(record, search.name);
  return value != nullptr && (search.prefix ? value->starts_with(search.value) : *value == search.value);
}

} // namespace

void Model::drop_expired(Records& records, std::int64_t now_ms) {
  std::erase_if(records, [&](const auto& entry) { return entry.second.expires_at_ms <= now_ms; });
}

bool Model::has_taken_value(const Records& records, const Record& record) {
  for (const auto& [key, other] : records)
    for (const Value& v : record.index)
      if (v.unique && other.type == record.type && other.id != record.id)
        if (const std::string* value = value_of(other, v.name); value != nullptr && *value == v.value) return true;
  return false;
}

// Within `records` none has expired.
authd_status Model::apply_one(Records& records, const Change& change, std::vector<Record>& found) {
  const Key key{change.record.type, change.record.id};
  const auto at = records.find(key);
  const bool there = at != records.end();
  const bool same = (change.flags & AUTHD_STORED_SAME_VERSION) != 0;
  Record next = change.record;
  switch (change.op) {
  case AUTHD_CHANGE_INSERT:
    if (there || has_taken_value(records, next)) return AUTHD_CONFLICT;
    next.version = 1;
    records[key] = next;
    return AUTHD_OK;
  case AUTHD_CHANGE_UPDATE:
    if (!there) return AUTHD_NOT_FOUND;
    if (at->second.version != next.version || has_taken_value(records, next)) return AUTHD_CONFLICT;
    found.push_back(at->second);
    if (!same) ++next.version;
    records[key] = next;
    return AUTHD_OK;
  case AUTHD_CHANGE_PUT:
    if (has_taken_value(records, next)) return AUTHD_CONFLICT;
    if (!same) next.version = there ? at->second.version + 1 : 1;
    records[key] = next;
    return AUTHD_OK;
  case AUTHD_CHANGE_TAKE:
    if (!there) return AUTHD_NOT_FOUND;
    found.push_back(at->second);
    records.erase(at);
    return AUTHD_OK;
  case AUTHD_CHANGE_REMOVE:
    records.erase(key);
    return AUTHD_OK;
  case AUTHD_CHANGE_REMOVE_BY:
    return remove_by(records, change.record);
  default:
    return (there ? at->second.version : 0) == next.version ? AUTHD_OK : AUTHD_CONFLICT;
  }
}

authd_status Model::remove_by(Records& records, const Record& record) {
  const Search search{record.type, record.index.front().name, record.index.front().value};
  const auto wanted = [&](const auto& entry) { return matches(entry.second, search); };
  if (std::count_if(records.begin(), records.end(), wanted) > AUTHD_RECORD_MAX_REMOVED) return AUTHD_INVALID;
  std::erase_if(records, wanted);
  return AUTHD_OK;
}

// A record that is put with an expiry in the past is gone for the next change already.
Outcome Model::apply(const std::vector<Change>& changes, std::int64_t now_ms) {
  Records copy = records_;
  Outcome outcome;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    drop_expired(copy, now_ms);
    const authd_status status = apply_one(copy, changes[i], outcome.found);
    if (status != AUTHD_OK) return {status, i};
  }
  records_ = std::move(copy);
  return outcome;
}

Outcome Model::get(const std::string& type, const std::string& id, std::int64_t now_ms) const {
  const auto at = records_.find({type, id});
  if (at == records_.end() || at->second.expires_at_ms <= now_ms) return {AUTHD_NOT_FOUND};
  return {AUTHD_OK, 0, {at->second}};
}

Outcome Model::find(const Search& search, std::int64_t now_ms) const {
  Outcome outcome;
  for (const auto& [key, record] : records_)
    if (record.expires_at_ms > now_ms && matches(record, search) && outcome.found.size() < search.limit)
      outcome.found.push_back(record);
  return outcome;
}

Outcome Model::scan(const std::string& after_type, const std::string& after_id, std::uint32_t limit,
                    std::int64_t now_ms) const {
  Outcome outcome;
  for (auto at = records_.upper_bound({after_type, after_id}); at != records_.end(); ++at)
    if (at->second.expires_at_ms > now_ms && outcome.found.size() < limit) outcome.found.push_back(at->second);
  return outcome;
}

std::uint64_t Model::version_of(const std::string& type, const std::string& id) const {
  const auto at = records_.find({type, id});
  return at != records_.end() ? at->second.version : 0;
}

} // namespace authd::test
