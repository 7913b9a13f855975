// SPDX-License-Identifier: Apache-2.0
// One connection to a SQLite file, and its prepared statements. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "fault.h"

struct sqlite3;
struct sqlite3_stmt;

namespace authd::store_sqlite {

// Until when an operation may wait; what is left is asked again and again, because a call may be withdrawn.
using Remaining = std::function<sdk::milliseconds()>;

// A prepared statement in use: reset, and free for the next use, when this goes.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* statement, const std::string& path)
      : db_(db), statement_(statement), path_(path) {}
  ~Statement();
  Statement(Statement&& other) noexcept
      : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), path_(other.path_), bound_(other.bound_) {
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters from the left; what is bound must stay where it is until this goes.
  Statement& text(std::string_view value);
  Statement& blob(std::string_view value);
  Statement& integer(std::int64_t value);

  Expected<bool> step(); // whether there is a row
  Expected<void> run();  // to its end

  std::string_view bytes_at(int column) const; // [borrowed] until the next step
  std::int64_t integer_at(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  const std::string& path_;
  int bound_ = 0;
};

class Connection {
 public:
  enum class Access { read, write };

  // The file must exist. `remaining`: see wait_while.
  static Expected<std::unique_ptr<Connection>> open(const std::string& path, Access access, Remaining remaining);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Statements are kept by the address of their text: literals only. A statement must not be asked for again while it
  // is in use.
  Expected<Statement> prepare(const char* sql);
  Expected<void> execute(const char* sql);        // may be several statements; not kept
  Expected<void> run(const char* sql);            // one statement, kept; a literal
  Expected<std::int64_t> number(const char* sql); // the first column of the first row

  // While another one keeps the file locked, waits until nothing of this remains. null: gives up at once.
  void wait_while(Remaining remaining);
  // Statements end with a timeout when nothing of this remains.
  void stop_after(Remaining remaining);

  bool in_transaction() const;
  std::int64_t changes() const; // rows of the last statement
  Fault fault(int code) const;
  sqlite3* raw() const { return db_; }
  const std::string& path() const { return path_; }

 private:
  Connection(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  Expected<void> prepare_for(Access access);

  sqlite3* db_;
  const std::string path_;
  Remaining wait_;
  Remaining stop_;
  std::unordered_map<const void*, sqlite3_stmt*> statements_;
};

} // namespace authd::store_sqlite
