// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <sqlite3.h>

namespace authd::store_sqlite {
namespace {

using sdk::milliseconds;

constexpr int kStepsBetweenLooks = 20'000; // of SQLite's machine: about a millisecond
constexpr milliseconds kLongestPause{5};

// In the same order on every connection: the file's size is mapped up to 256 MB, nothing temporary goes to the disk,
// and no statement stops for a checkpoint, which has a thread of its own.
constexpr const char* kSettings = "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; "
                                  "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;";

// SQLite's own waiting knows one time-out, not deadlines.
int wait_for_lock(void* remaining, int tries) {
  const milliseconds left = (*static_cast<Remaining*>(remaining))();
  if (left <= milliseconds::zero()) return 0;
  std::this_thread::sleep_for(std::min({left, milliseconds(1 + tries), kLongestPause}));
  return 1;
}

int is_late(void* remaining) { return (*static_cast<Remaining*>(remaining))() <= milliseconds::zero() ? 1 : 0; }

} // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return; // moved from
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

// SQLite takes a NULL pointer for NULL, whatever the length.
Statement& Statement::text(std::string_view value) {
  sqlite3_bind_text64(statement_, ++bound_, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::blob(std::string_view value) {
  sqlite3_bind_blob64(statement_, ++bound_, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::integer(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Expected<bool> Statement::step() {
  errno = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(fault_of(db_, code, path_));
}

Expected<void> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
  }
}

std::string_view Statement::bytes_at(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int n = sqlite3_column_bytes(statement_, column);
  return bytes != nullptr ? std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(n)) : "";
}

std::int64_t Statement::integer_at(int column) const { return sqlite3_column_int64(statement_, column); }

Expected<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access, Remaining remaining) {
  sqlite3* db = nullptr;
  errno = 0;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    Fault fault = fault_of(db, code, path);
    sqlite3_close(db);
    return tl::unexpected(std::move(fault));
  }
  sqlite3_extended_result_codes(db, 1);
  std::unique_ptr<Connection> opened(new Connection(db, path));
  opened->wait_while(std::move(remaining));
  if (auto ok = opened->prepare_for(access); !ok) return tl::unexpected(ok.error());
  return opened;
}

// FULL: with NORMAL a power cut could bring back a code that was redeemed.
Expected<void> Connection::prepare_for(Access access) {
  auto ok = execute(kSettings);
  if (!ok) return ok;
  return execute(access == Access::read ? "PRAGMA query_only=ON" : "PRAGMA synchronous=FULL; PRAGMA cache_size=-16000");
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Expected<Statement> Connection::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(fault(code));
  }
  return Statement(db_, statement, path_);
}

Expected<void> Connection::execute(const char* sql) {
  errno = 0;
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(fault(code));
  return {};
}

Expected<void> Connection::run(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  return statement->run();
}

Expected<std::int64_t> Connection::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->integer_at(0) : 0;
}

void Connection::wait_while(Remaining remaining) {
  wait_ = std::move(remaining);
  sqlite3_busy_handler(db_, wait_ ? &wait_for_lock : nullptr, &wait_);
}

void Connection::stop_after(Remaining remaining) {
  stop_ = std::move(remaining);
  sqlite3_progress_handler(db_, kStepsBetweenLooks, stop_ ? &is_late : nullptr, &stop_);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }
Fault Connection::fault(int code) const { return fault_of(db_, code, path_); }

} // namespace authd::store_sqlite
