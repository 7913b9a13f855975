// SPDX-License-Identifier: Apache-2.0
#include "backup.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

namespace authd::store_sqlite {
namespace {

using sdk::milliseconds;
using sdk::Status;

constexpr int kPagesPerStep = 256;

// A file that is being written, removed unless it was finished.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  ~Unfinished() { ::unlink(path_.c_str()); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  const std::string& path() const { return path_; }

  Expected<void> make() {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return tl::unexpected(fault_of_errno(errno, path_));
    ::close(fd);
    return {};
  }

  // link(2), because rename(2) would replace a file that has come there meanwhile.
  Expected<void> finish(const std::string& to) {
    if (::link(path_.c_str(), to.c_str()) == 0) return {};
    if (errno == EEXIST) return failed(Status::conflict, to + ": exists: name a new file");
    return tl::unexpected(fault_of_errno(errno, to));
  }

 private:
  const std::string path_;
};

Expected<void> sync(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(fault_of_errno(errno, path));
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return tl::unexpected(fault_of_errno(error, path));
  return {};
}

// The source must be in a read transaction, so that all steps see the same moment.
Expected<void> copy_pages(Connection& from, Connection& to, const Remaining& remaining) {
  const std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> backup(
      sqlite3_backup_init(to.raw(), "main", from.raw(), "main"), &sqlite3_backup_finish);
  if (!backup) return tl::unexpected(to.fault(sqlite3_errcode(to.raw())));
  for (;;) {
    if (remaining() <= milliseconds::zero())
      return failed(Status::timeout, to.path() + ": the deadline passed before the backup was whole");
    const int code = sqlite3_backup_step(backup.get(), kPagesPerStep);
    if (code == SQLITE_DONE) return {};
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
      std::this_thread::sleep_for(milliseconds(1));
    else if (code != SQLITE_OK)
      return tl::unexpected(to.fault(code));
  }
}

Expected<void> copy(const std::string& from, const std::string& to, const Remaining& remaining) {
  auto source = Connection::open(from, Connection::Access::read, remaining);
  if (!source) return tl::unexpected(source.error());
  if (auto ok = (*source)->execute("BEGIN; SELECT count(*) FROM sqlite_schema"); !ok) return ok;
  auto target = Connection::open(to, Connection::Access::write, nullptr);
  if (!target) return tl::unexpected(target.error());
  return copy_pages(**source, **target, remaining);
}

} // namespace

Expected<void> back_up(const std::string& from, const std::string& to, const Remaining& remaining) {
  struct stat status {};
  if (::lstat(to.c_str(), &status) == 0) return failed(Status::conflict, to + ": exists: name a new file");
  Unfinished file(to + ".unfinished");
  if (auto ok = file.make(); !ok) return ok;
  if (auto ok = copy(from, file.path(), remaining); !ok) return ok;
  if (auto ok = sync(file.path()); !ok) return ok;
  if (auto ok = file.finish(to); !ok) return ok;
  return sync(to.substr(0, to.rfind('/') + 1) + ".");
}

} // namespace authd::store_sqlite
