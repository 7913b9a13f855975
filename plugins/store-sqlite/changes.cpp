// SPDX-License-Identifier: Apache-2.0
// Invariant: `idx` has exactly one entry for each index value of each record in `rec`, whether or not it has expired.
#include "changes.h"

#include <utility>

namespace authd::store_sqlite {
namespace {

using sdk::Status;
using sdk::StoredChange;
using sdk::StoredIndex;
using sdk::StoredRecord;

// Ordinary answers: they need no reason.
tl::unexpected<Fault> conflict() { return failed(Status::conflict, ""); }
tl::unexpected<Fault> not_found() { return failed(Status::not_found, ""); }

std::int64_t signed_of(std::uint64_t version) { return static_cast<std::int64_t>(version); }

} // namespace

Expected<void> Changes::apply(const StoredChange& change, std::vector<OwnedRecord>& found) {
  const StoredRecord& record = change.record;
  switch (change.op) {
  case AUTHD_CHANGE_INSERT:
    return insert(record, 1);
  case AUTHD_CHANGE_UPDATE:
    return update(change, found);
  case AUTHD_CHANGE_PUT:
    return put(change);
  case AUTHD_CHANGE_TAKE:
    return take(record, found);
  case AUTHD_CHANGE_REMOVE: {
    const auto removed = remove({record.type, record.id});
    return removed ? Expected<void>() : tl::unexpected(removed.error());
  }
  case AUTHD_CHANGE_REMOVE_BY:
    return remove_by(record);
  case AUTHD_CHANGE_EXPECT:
    return expect(record);
  default:
    return failed(Status::unsupported, "knows no change " + std::to_string(change.op));
  }
}

Expected<void> Changes::insert(const StoredRecord& record, std::uint64_t version) {
  if (auto ok = free_unique_values(record); !ok) return ok;
  const std::string index = encode_index(record.indexes());
  for (int tries = 0; tries < 2; ++tries) {
    auto statement = db_.prepare("INSERT INTO rec (kind, id, ver, exp, idx, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                                 "ON CONFLICT DO NOTHING");
    if (!statement) return tl::unexpected(statement.error());
    statement->text(record.type).blob(record.id).integer(signed_of(version)).integer(record.expires_at_ms);
    if (auto ok = statement->blob(index).blob(record.body).run(); !ok) return ok;
    if (db_.changes() == 1) return add_entries(record);
    const auto old = row_of({record.type, record.id});
    if (!old) return tl::unexpected(old.error());
    if (old->lives) return conflict();
    if (auto removed = remove({record.type, record.id}); !removed) return tl::unexpected(removed.error());
  }
  return failed(Status::internal, "a record that was removed is there");
}

Expected<void> Changes::update(const StoredChange& change, std::vector<OwnedRecord>& found) {
  auto old = row_of({change.record.type, change.record.id});
  if (!old) return tl::unexpected(old.error());
  if (!old->lives) return not_found();
  if (old->record.version != change.record.version) return conflict();
  const bool same = (change.flags & AUTHD_STORED_SAME_VERSION) != 0;
  if (auto ok = replace(*old, change.record, old->record.version + (same ? 0 : 1)); !ok) return ok;
  found.push_back(std::move(old->record));
  return {};
}

Expected<void> Changes::put(const StoredChange& change) {
  const auto old = row_of({change.record.type, change.record.id});
  if (!old) return tl::unexpected(old.error());
  const std::uint64_t next = old->lives ? old->record.version + 1 : 1;
  const std::uint64_t version = (change.flags & AUTHD_STORED_SAME_VERSION) != 0 ? change.record.version : next;
  return old->lives ? replace(*old, change.record, version) : insert(change.record, version);
}

Expected<void> Changes::take(const StoredRecord& record, std::vector<OwnedRecord>& found) {
  OwnedRecord taken;
  {
    auto statement =
        db_.prepare("DELETE FROM rec WHERE kind = ?1 AND id = ?2 AND exp > ?3 RETURNING ver, exp, idx, body");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->text(record.type).blob(record.id).integer(now_ms_).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return not_found();
    taken = {std::string(record.type),
             std::string(record.id),
             std::string(statement->bytes_at(3)),
             static_cast<std::uint64_t>(statement->integer_at(0)),
             statement->integer_at(1),
             std::string(statement->bytes_at(2))};
    if (auto ok = statement->run(); !ok) return ok;
  }
  if (auto ok = remove_entries({record.type, record.id}, taken.index); !ok) return ok;
  found.push_back(std::move(taken));
  return {};
}

Expected<void> Changes::remove_by(const StoredRecord& record) {
  if (record.index_count != 1) return failed(Status::invalid, "remove_by needs exactly one index value");
  std::vector<std::string> ids;
  {
    auto statement = db_.prepare("SELECT r.id FROM idx i CROSS JOIN rec r ON r.kind = i.kind AND r.id = i.id "
                                 "WHERE i.kind = ?1 AND i.name = ?2 AND i.value = ?3 AND r.exp > ?4 LIMIT ?5");
    if (!statement) return tl::unexpected(statement.error());
    statement->text(record.type).text(record.index[0].name).blob(record.index[0].value).integer(now_ms_);
    statement->integer(AUTHD_RECORD_MAX_REMOVED + 1);
    for (;;) {
      const auto row = statement->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) break;
      ids.emplace_back(statement->bytes_at(0));
    }
  }
  if (ids.size() > AUTHD_RECORD_MAX_REMOVED)
    return failed(Status::invalid, "more than 10,000 records have this index value: find and remove them in parts");
  for (const std::string& id : ids)
    if (auto removed = remove({record.type, id}); !removed) return tl::unexpected(removed.error());
  return {};
}

Expected<void> Changes::expect(const StoredRecord& record) {
  const auto row = row_of({record.type, record.id});
  if (!row) return tl::unexpected(row.error());
  if ((row->lives ? row->record.version : 0) != record.version) return conflict();
  return {};
}

Expected<std::size_t> Changes::remove_expired(std::size_t most) {
  std::vector<std::pair<std::string, std::string>> ids;
  {
    auto statement = db_.prepare("SELECT kind, id FROM rec WHERE exp <= ?1 AND exp < 9223372036854775807 "
                                 "ORDER BY exp LIMIT ?2");
    if (!statement) return tl::unexpected(statement.error());
    statement->integer(now_ms_).integer(static_cast<std::int64_t>(most));
    for (;;) {
      const auto row = statement->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) break;
      ids.emplace_back(statement->bytes_at(0), statement->bytes_at(1));
    }
  }
  for (const auto& [type, id] : ids)
    if (auto removed = remove({type, id}); !removed) return tl::unexpected(removed.error());
  return ids.size();
}

// Alive or not; one that is not there does not live.
Expected<Changes::Row> Changes::row_of(Id id) {
  auto statement = db_.prepare("SELECT ver, exp, idx, body FROM rec WHERE kind = ?1 AND id = ?2");
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->text(id.first).blob(id.second).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return Row{};
  return Row{statement->integer_at(1) > now_ms_,
             {std::string(id.first), std::string(id.second), std::string(statement->bytes_at(3)),
              static_cast<std::uint64_t>(statement->integer_at(0)), statement->integer_at(1),
              std::string(statement->bytes_at(2))}};
}

Expected<void> Changes::replace(const Row& old, const StoredRecord& record, std::uint64_t version) {
  if (auto ok = remove_entries({record.type, record.id}, old.record.index); !ok) return ok;
  if (auto ok = free_unique_values(record); !ok) return ok;
  const std::string index = encode_index(record.indexes());
  auto statement = db_.prepare("UPDATE rec SET ver = ?3, exp = ?4, idx = ?5, body = ?6 WHERE kind = ?1 AND id = ?2");
  if (!statement) return tl::unexpected(statement.error());
  statement->text(record.type).blob(record.id).integer(signed_of(version)).integer(record.expires_at_ms);
  if (auto ok = statement->blob(index).blob(record.body).run(); !ok) return ok;
  return add_entries(record);
}

Expected<bool> Changes::remove(Id id) {
  std::string index;
  {
    auto statement = db_.prepare("DELETE FROM rec WHERE kind = ?1 AND id = ?2 RETURNING idx");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->text(id.first).blob(id.second).step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return false;
    index = statement->bytes_at(0);
    if (auto ok = statement->run(); !ok) return tl::unexpected(ok.error());
  }
  if (auto ok = remove_entries(id, index); !ok) return tl::unexpected(ok.error());
  return true;
}

Expected<void> Changes::add_entries(const StoredRecord& record) {
  for (const StoredIndex& value : record.indexes()) {
    auto statement = db_.prepare("INSERT INTO idx (kind, name, value, id) VALUES (?1, ?2, ?3, ?4)");
    if (!statement) return tl::unexpected(statement.error());
    if (auto ok = statement->text(record.type).text(value.name).blob(value.value).blob(record.id).run(); !ok) return ok;
  }
  return {};
}

Expected<void> Changes::remove_entries(Id id, std::string_view index) {
  const auto values = decode_index(index);
  if (!values)
    return failed(Status::corrupt, db_.path() + ": a record's index values make no sense: stop authd, keep "
                                                "the file, and restore a backup (docs/store.md)");
  for (const StoredIndex& value : *values) {
    auto statement = db_.prepare("DELETE FROM idx WHERE kind = ?1 AND name = ?2 AND value = ?3 AND id = ?4");
    if (!statement) return tl::unexpected(statement.error());
    if (auto ok = statement->text(id.first).text(value.name).blob(value.value).blob(id.second).run(); !ok) return ok;
  }
  return {};
}

Expected<void> Changes::free_unique_values(const StoredRecord& record) {
  for (const StoredIndex& value : record.indexes())
    if (value.unique)
      if (auto ok = free_value(record, value); !ok) return ok;
  return {};
}

// A living record keeps its value; one that has expired goes, whether or not its removal was due.
Expected<void> Changes::free_value(const StoredRecord& record, const StoredIndex& value) {
  std::vector<std::string> expired;
  {
    auto statement = db_.prepare("SELECT r.id, r.exp FROM idx i CROSS JOIN rec r ON r.kind = i.kind AND r.id = i.id "
                                 "WHERE i.kind = ?1 AND i.name = ?2 AND i.value = ?3");
    if (!statement) return tl::unexpected(statement.error());
    statement->text(record.type).text(value.name).blob(value.value);
    for (;;) {
      const auto row = statement->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) break;
      if (statement->bytes_at(0) == record.id) continue;
      if (statement->integer_at(1) > now_ms_) return conflict();
      expired.emplace_back(statement->bytes_at(0));
    }
  }
  for (const std::string& id : expired)
    if (auto removed = remove({record.type, id}); !removed) return tl::unexpected(removed.error());
  return {};
}

} // namespace authd::store_sqlite
