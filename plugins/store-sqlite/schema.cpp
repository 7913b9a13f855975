// SPDX-License-Identifier: Apache-2.0
#include "schema.h"

#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"

namespace authd::store_sqlite {
namespace {

using sdk::Status;

constexpr sdk::milliseconds kPause{5};
constexpr std::int64_t kApplication = 0x61757468; // "auth", of files that are ours

// An index of its own instead of columns: a record has any of its type's values or none. `idx` repeats them, so that
// whoever removes a record knows its entries.
constexpr const char* kFirst = R"(
CREATE TABLE rec (
  kind TEXT NOT NULL, id BLOB NOT NULL, ver INTEGER NOT NULL, exp INTEGER NOT NULL, idx BLOB NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
CREATE INDEX rec_exp ON rec (exp) WHERE exp < 9223372036854775807;
CREATE TABLE idx (
  kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, id BLOB NOT NULL,
  PRIMARY KEY (kind, name, value, id)) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1635087464;
)";
constexpr const char* kSteps[] = {kFirst};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// That the file is in its folder must be as durable as what is written to it.
Expected<void> sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(fault_of_errno(errno, folder));
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return tl::unexpected(fault_of_errno(error, folder));
  return {};
}

Expected<void> make(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return {};
  if (fd < 0 && errno == ENOENT)
    return failed(Status::unavailable, path + ": its folder does not exist: create it, owned by authd's user");
  if (fd < 0) return tl::unexpected(fault_of_errno(errno, path));
  ::close(fd);
  return sync_folder(path);
}

// The file is not opened here: closing it would drop the locks that another connection of this process holds.
Expected<void> check_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return errno == ENOENT ? make(path) : tl::unexpected(fault_of_errno(errno, path));
  if (!S_ISREG(status.st_mode)) return failed(Status::invalid, path + ": is no regular file: name another");
  if (::geteuid() != 0 && status.st_uid != ::geteuid())
    return failed(Status::unavailable, path + ": belongs to user " + std::to_string(status.st_uid) +
                                           ", and authd runs as user " + std::to_string(::geteuid()) + ": chown it");
  if (::access(path.c_str(), R_OK | W_OK) != 0) return tl::unexpected(fault_of_errno(errno, path));
  const std::string folder = folder_of(path); // where the log of the database is made
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return tl::unexpected(fault_of_errno(errno, folder));
  return {};
}

Expected<void> check_owner(Connection& db) {
  const auto application = db.number("PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  const auto tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*application == kApplication || *tables == 0) return {};
  return failed(Status::invalid, db.path() + ": is a database of another program: name another file");
}

Expected<void> turn_into_wal(Connection& db) {
  auto statement = db.prepare("PRAGMA journal_mode=WAL");
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  if (*row && statement->bytes_at(0) == "wal") return {};
  return failed(Status::unavailable, db.path() + ": cannot be used in WAL mode: move it to a local disk");
}

Expected<void> migrate_from(Connection& db, std::size_t version, std::span<const char* const> steps) {
  for (std::size_t at = version; at < steps.size(); ++at) {
    const std::string step = std::string(steps[at]) + "; PRAGMA user_version = " + std::to_string(at + 1);
    if (auto ok = db.execute(step.c_str()); !ok) return ok;
  }
  return {};
}

Expected<std::size_t> version_of(Connection& db, std::size_t newest) {
  const auto version = db.number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version >= 0 && static_cast<std::size_t>(*version) <= newest) return static_cast<std::size_t>(*version);
  return failed(Status::unsupported, db.path() + ": has version " + std::to_string(*version) +
                                         " of the schema, and this authd knows " + std::to_string(newest) +
                                         ": use the newer authd that wrote it, or restore the backup that it made");
}

Expected<void> back_up_version(Connection& db, std::size_t version, const Remaining& remaining) {
  const std::string to = db.path() + ".v" + std::to_string(version) + ".backup";
  ::unlink(to.c_str()); // of a migration that did not come to its end: the file is still of the old version
  return back_up(db.path(), to, remaining);
}

// Under the lock that keeps a second process from doing the same.
Expected<void> migrate(Connection& db, std::span<const char* const> steps, const Remaining& remaining) {
  auto version = version_of(db, steps.size());
  if (!version) return tl::unexpected(version.error());
  if (*version == steps.size()) return {};
  if (auto ok = db.execute("BEGIN IMMEDIATE"); !ok) return ok;
  version = version_of(db, steps.size());
  Expected<void> done = version ? Expected<void>() : tl::unexpected(version.error());
  if (done && *version > 0 && *version < steps.size()) done = back_up_version(db, *version, remaining);
  if (done) done = migrate_from(db, *version, steps);
  if (done) done = db.execute("COMMIT");
  if (!done && db.in_transaction()) (void)db.execute("ROLLBACK");
  return done;
}

Expected<std::unique_ptr<Connection>> try_to_open(const std::string& path, const Remaining& remaining,
                                                  std::span<const char* const> steps) {
  auto db = Connection::open(path, Connection::Access::write, remaining);
  if (!db) return db;
  if (auto ok = check_owner(**db); !ok) return tl::unexpected(ok.error());
  if (auto ok = turn_into_wal(**db); !ok) return tl::unexpected(ok.error());
  if (auto ok = migrate(**db, steps, remaining); !ok) return tl::unexpected(ok.error());
  (*db)->wait_while(nullptr);
  return db;
}

} // namespace

std::span<const char* const> schema_steps() { return kSteps; }

Expected<std::unique_ptr<Connection>> open_for_writing(const std::string& path, const Remaining& remaining,
                                                       std::span<const char* const> steps) {
  if (auto ok = check_file(path); !ok) return tl::unexpected(ok.error());
  for (;;) {
    auto db = try_to_open(path, remaining, steps);
    if (db || db.error().status != Status::timeout || remaining() <= kPause) return db;
    std::this_thread::sleep_for(kPause); // SQLite does not wait where two that wait would wait for each other
  }
}

std::string warning_about(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return {};
  return path + ": others may read it: chmod 600";
}

} // namespace authd::store_sqlite
