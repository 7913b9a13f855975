// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <cerrno>
#include <system_error>

#include <sqlite3.h>

namespace authd::store_sqlite {
namespace {

using sdk::Status;

constexpr std::string_view kFull = "the disk is full: free space, or move the store to a larger disk";
constexpr std::string_view kReadOnly =
    "cannot be written: mount the disk writable, and let authd's user write the file and its folder";

std::string at(std::string_view path, std::string_view what) { return std::string(path).append(": ").append(what); }

bool is_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

Fault io_fault(int error, std::string_view path, int code) {
  if (is_full(error)) return {Status::unavailable, at(path, kFull)};
  if (error == EROFS) return {Status::unavailable, at(path, kReadOnly)};
  const std::string why = error != 0 ? std::generic_category().message(error) : "code " + std::to_string(code);
  return {Status::unavailable, at(path, "the disk fails (" + why +
                                            "): look at the kernel's log; if the disk is lost, "
                                            "restore a backup")};
}

} // namespace

Fault fault_of(sqlite3* db, int code, std::string_view path) {
  const int error = errno; // sqlite3_system_errno knows nothing of a write that failed
  switch (code & 0xFF) {
  case SQLITE_FULL:
    return {Status::unavailable, at(path, kFull)};
  case SQLITE_READONLY:
    return {Status::unavailable, at(path, kReadOnly)};
  case SQLITE_IOERR:
    return io_fault(error, path, code);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return {Status::corrupt, at(path, std::string("is damaged (") + sqlite3_errstr(code) +
                                          "): stop authd, keep the file, and restore a backup (docs/store.md)")};
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return {Status::unavailable, at(path, "cannot be opened: let authd's user read and write the file and its folder")};
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return {Status::timeout, at(path, "another process keeps it locked: look who has it open (fuser)")};
  case SQLITE_INTERRUPT:
    return {Status::timeout, at(path, "the deadline passed")};
  case SQLITE_NOMEM:
    return {Status::unavailable, at(path, "out of memory: give authd more")};
  default:
    return {Status::internal, at(path, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code))};
  }
}

Fault fault_of_errno(int error, std::string_view path) {
  if (is_full(error)) return {Status::unavailable, at(path, kFull)};
  if (error == EROFS) return {Status::unavailable, at(path, kReadOnly)};
  if (error == EACCES || error == EPERM)
    return {Status::unavailable, at(path, "authd's user may not use it: let that user read and write the file and its "
                                          "folder")};
  return {Status::unavailable, at(path, std::generic_category().message(error))};
}

bool is_outage(const Fault& fault) {
  return fault.status == Status::unavailable || fault.status == Status::corrupt || fault.status == Status::internal;
}

} // namespace authd::store_sqlite
