// SPDX-License-Identifier: Apache-2.0
#include "sqlite_store.h"

#include <algorithm>
#include <utility>

#include <sys/stat.h>

#include "backup.h"
#include "schema.h"

namespace authd::store_sqlite {
namespace {

using sdk::Status;
using sdk::StoredIndex;
using sdk::StoredRecord;

constexpr std::int64_t kPageBytes = 4096;

// Above every value that begins with the prefix; values are shorter than what stands in when there is none.
std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (end.empty()) return std::string(AUTHD_RECORD_MAX_VALUE + 1, '\xFF');
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Fault senseless(const std::string& path) {
  return {Status::corrupt, path + ": a record's index values make no sense: stop authd, keep the file, and restore a "
                                  "backup (docs/store.md)"};
}

// Rows of kind, id, ver, exp, idx, body, until there are no more or `put` refuses.
Expected<std::size_t> put_rows(Statement& rows, const std::string& path, const SqliteStore::Put& put) {
  for (std::size_t n = 0;; ++n) {
    const auto row = rows.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return n;
    const auto index = decode_index(rows.bytes_at(4));
    if (!index) return tl::unexpected(senseless(path));
    StoredRecord record{rows.bytes_at(0),   rows.bytes_at(1),
                        rows.bytes_at(5),   static_cast<std::uint64_t>(rows.integer_at(2)),
                        rows.integer_at(3), {},
                        index->size()};
    std::copy(index->begin(), index->end(), record.index.begin());
    if (const Status status = put(record); status != Status::ok) return failed(status, "");
  }
}

Expected<void> without_count(Expected<std::size_t> rows) {
  if (!rows) return tl::unexpected(rows.error());
  return {};
}

Expected<Statement> all_of_type(Connection& db, std::string_view type, const sdk::StoredSearch& search,
                                std::int64_t now) {
  auto rows = db.prepare("SELECT kind, id, ver, exp, idx, body FROM rec WHERE kind = ?1 AND id > ?2 AND exp > ?3 "
                         "ORDER BY id LIMIT ?4");
  if (rows) rows->text(type).blob(search.after).integer(now).integer(search.limit);
  return rows;
}

Expected<Statement> those_with_value(Connection& db, std::string_view type, const sdk::StoredSearch& search,
                                     std::int64_t now) {
  auto rows = db.prepare("SELECT r.kind, r.id, r.ver, r.exp, r.idx, r.body FROM idx i CROSS JOIN rec r "
                         "ON r.kind = i.kind AND r.id = i.id WHERE i.kind = ?1 AND i.name = ?2 AND i.value = ?3 "
                         "AND i.id > ?4 AND r.exp > ?5 ORDER BY i.id LIMIT ?6");
  if (rows)
    rows->text(type)
        .text(search.index->name)
        .blob(search.index->value)
        .blob(search.after)
        .integer(now)
        .integer(search.limit);
  return rows;
}

// The ids are sorted before any body is read.
Expected<Statement> those_with_prefix(Connection& db, std::string_view type, const sdk::StoredSearch& search,
                                      const std::string& end, std::int64_t now) {
  auto rows = db.prepare("SELECT r.kind, r.id, r.ver, r.exp, r.idx, r.body FROM "
                         "(SELECT i.id FROM idx i CROSS JOIN rec e ON e.kind = i.kind AND e.id = i.id "
                         "WHERE i.kind = ?1 AND i.name = ?2 AND i.value >= ?3 AND i.value < ?4 AND i.id > ?5 "
                         "AND e.exp > ?6 ORDER BY i.id LIMIT ?7) f "
                         "CROSS JOIN rec r ON r.kind = ?1 AND r.id = f.id ORDER BY r.id");
  if (rows)
    rows->text(type)
        .text(search.index->name)
        .blob(search.index->value)
        .blob(end)
        .blob(search.after)
        .integer(now)
        .integer(search.limit);
  return rows;
}

} // namespace

SqliteStore::SqliteStore(std::unique_ptr<Connection> connection, Clock clock, Writer::Report report)
    : path_(connection->path()), clock_(clock), writer_(std::move(connection), std::move(clock), std::move(report)),
      readers_(path_) {}

Expected<std::unique_ptr<SqliteStore>> SqliteStore::open(const Options& options, Clock clock, Writer::Report report,
                                                         const Remaining& remaining) {
  auto connection = open_for_writing(options.path, remaining);
  if (!connection) return tl::unexpected(connection.error());
  if (options.most_bytes > 0) {
    const std::string limit =
        "PRAGMA max_page_count=" + std::to_string(std::max<std::int64_t>(options.most_bytes / kPageBytes, 1));
    if (auto ok = (*connection)->execute(limit.c_str()); !ok) return tl::unexpected(ok.error());
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*connection), std::move(clock), std::move(report)));
}

Expected<void> SqliteStore::get(std::string_view type, std::string_view id, const Remaining& remaining,
                                const Put& put) {
  auto db = readers_.lease(remaining);
  if (!db) return tl::unexpected(db.error());
  auto rows = (*db)->prepare("SELECT kind, id, ver, exp, idx, body FROM rec WHERE kind = ?1 AND id = ?2 AND exp > ?3");
  if (!rows) return tl::unexpected(rows.error());
  rows->text(type).blob(id).integer(clock_());
  const auto found = put_rows(*rows, path_, put);
  if (!found) return tl::unexpected(found.error());
  return *found > 0 ? Expected<void>() : failed(Status::not_found, "");
}

Expected<void> SqliteStore::find(std::string_view type, const sdk::StoredSearch& search, const Remaining& remaining,
                                 const Put& put) {
  auto db = readers_.lease(remaining);
  if (!db) return tl::unexpected(db.error());
  const std::string end = search.index && search.prefix ? end_of_prefix(search.index->value) : std::string();
  auto rows = !search.index   ? all_of_type(**db, type, search, clock_())
              : search.prefix ? those_with_prefix(**db, type, search, end, clock_())
                              : those_with_value(**db, type, search, clock_());
  if (!rows) return tl::unexpected(rows.error());
  return without_count(put_rows(*rows, path_, put));
}

Expected<void> SqliteStore::scan(std::string_view after_type, std::string_view after_id, std::uint32_t limit,
                                 const Remaining& remaining, const Put& put) {
  auto db = readers_.lease(remaining);
  if (!db) return tl::unexpected(db.error());
  auto rows = (*db)->prepare("SELECT kind, id, ver, exp, idx, body FROM rec WHERE (kind, id) > (?1, ?2) AND exp > ?3 "
                             "ORDER BY kind, id LIMIT ?4");
  if (!rows) return tl::unexpected(rows.error());
  rows->text(after_type).blob(after_id).integer(clock_()).integer(limit);
  return without_count(put_rows(*rows, path_, put));
}

// SQLite looks at its pages; the rest is the invariant of changes.cpp.
Expected<std::uint64_t> SqliteStore::check(const Remaining& remaining) {
  auto db = readers_.lease(remaining);
  if (!db) return tl::unexpected(db.error());
  const auto damaged = [this](std::string_view what) {
    return failed(Status::corrupt, path_ + ": is damaged (" + std::string(what) +
                                       "): stop authd, keep the file, and restore a backup (docs/store.md)");
  };
  auto found = (*db)->prepare("PRAGMA integrity_check(1)");
  if (!found) return tl::unexpected(found.error());
  const auto row = found->step();
  if (!row) return tl::unexpected(row.error());
  if (*row && found->bytes_at(0) != "ok") return damaged(found->bytes_at(0));
  auto rows = (*db)->prepare("SELECT kind, id, ver, exp, idx, body FROM rec");
  if (!rows) return tl::unexpected(rows.error());
  std::uint64_t values = 0;
  const auto records = put_rows(*rows, path_, [&](const StoredRecord& record) {
    values += record.index_count;
    return Status::ok;
  });
  if (!records) return tl::unexpected(records.error());
  const auto entries = (*db)->number("SELECT count(*) FROM idx i CROSS JOIN rec r ON r.kind = i.kind AND r.id = i.id");
  if (!entries) return tl::unexpected(entries.error());
  const auto all = (*db)->number("SELECT count(*) FROM idx");
  if (!all) return tl::unexpected(all.error());
  if (static_cast<std::uint64_t>(*entries) != values || *entries != *all)
    return damaged("the index differs from the records");
  return *records;
}

Expected<void> SqliteStore::backup(const std::string& to, const Remaining& remaining) {
  return back_up(path_, to, remaining);
}

Expected<std::uint64_t> SqliteStore::count_expired(const Remaining& remaining) {
  auto db = readers_.lease(remaining);
  if (!db) return tl::unexpected(db.error());
  auto count = (*db)->prepare("SELECT count(*) FROM (SELECT 1 FROM rec WHERE exp <= ?1 AND exp < 9223372036854775807 "
                              "LIMIT 100000)");
  if (!count) return tl::unexpected(count.error());
  const auto row = count->integer(clock_()).step();
  if (!row) return tl::unexpected(row.error());
  return static_cast<std::uint64_t>(count->integer_at(0));
}

std::uint64_t SqliteStore::bytes() const {
  std::uint64_t sum = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat status {};
    if (::stat((path_ + suffix).c_str(), &status) == 0) sum += static_cast<std::uint64_t>(status.st_size);
  }
  return sum;
}

} // namespace authd::store_sqlite
