// SPDX-License-Identifier: Apache-2.0
// The file of store-sqlite: disks that are full or cannot be written, files that are damaged, foreign, too new; logs
// that were cut; backups.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "../store/store_under_test.h"
#include "schema.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;
using sdk::milliseconds;
using testing::HasSubstr;

Change insert(const std::string& id, const std::string& body = {}) {
  return {AUTHD_CHANGE_INSERT, {"t", id, body, 0, INT64_MAX, {{"i", "v", false}}}};
}

milliseconds a_minute() { return milliseconds(60'000); }

// Another program that opens the file.
class Stranger {
 public:
  explicit Stranger(const std::string& path) { sqlite3_open(path.c_str(), &db_); }
  ~Stranger() { sqlite3_close(db_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  int run(const char* sql) const { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }

 private:
  sqlite3* db_ = nullptr;
};

// In a process of its own, so that its user and its limits are its own; what `body` returns comes back.
std::string in_another_process(const std::function<std::string()>& body) {
  int ends[2];
  if (::pipe(ends) != 0) return "pipe failed";
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string said = body();
    const ssize_t n = ::write(ends[1], said.data(), said.size());
    ::_exit(n == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return said;
}

// Root may write everything: it becomes somebody else first.
std::string why_an_ordinary_user_cannot_open(const std::string& folder) {
  return in_another_process([&]() -> std::string {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return "cannot become nobody";
    TestClock clock;
    StoreUnderTest store(settings_of_store(folder), clock);
    return store.open() == AUTHD_OK ? "opened" : store.why();
  });
}

class StoreFile : public testing::Test {
 protected:
  std::string path() const { return folder_.path() / "authd.db"; }
  void open() { ASSERT_EQ(store_.open(), AUTHD_OK) << store_.why(); }
  std::string why_not() { return store_.open() == AUTHD_OK ? "opened" : store_.why(); }

  const TempDir folder_;
  TestClock clock_;
  StoreUnderTest store_{settings_of_store(folder_.path()), clock_};
};

TEST_F(StoreFile, IsItsOwnersAlone) {
  open();
  ASSERT_EQ(store_.apply({insert("a")}).status, AUTHD_OK);
  for (const char* suffix : {"", "-wal"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
  store_.close();
  fs::permissions(path(), fs::perms(0644));
  open();
  EXPECT_THAT(store_.host().everything_logged(), HasSubstr("store-readable: " + path()));
}

TEST_F(StoreFile, LeavesNoLogBehindWhenItIsClosed) {
  open();
  ASSERT_EQ(store_.apply({insert("a")}).status, AUTHD_OK);
  ASSERT_EQ(store_.get("t", "a").status, AUTHD_OK);
  store_.close();
  EXPECT_FALSE(fs::exists(path() + "-wal"));
}

TEST_F(StoreFile, ThatIsFullRefusesAndLosesNothing) {
  StoreUnderTest small({{"/path", path()}, {"/max_size", std::int64_t{1 << 20}}}, clock_);
  ASSERT_EQ(small.open(), AUTHD_OK) << small.why();
  std::size_t written = 0;
  Outcome refused;
  for (; written < 1000; ++written) {
    refused =
        small.apply({insert(std::to_string(written), std::string(8000, 'x')), insert("b" + std::to_string(written))});
    if (refused.status != AUTHD_OK) break;
  }
  EXPECT_EQ(refused.status, AUTHD_UNAVAILABLE);
  EXPECT_THAT(refused.message, HasSubstr(path() + ": the disk is full: free space"));
  EXPECT_GT(written, 50u);
  EXPECT_EQ(small.everything().size(), 2 * written) << "neither half a batch nor one that was OK";
  EXPECT_TRUE(small.host().wait_for_log("store-failed", 1));
  for (int i = 0; i < 10; ++i) {
    const Outcome removed = small.apply({{AUTHD_CHANGE_TAKE, {"t", std::to_string(i)}}});
    ASSERT_EQ(removed.status, AUTHD_OK) << removed;
  }
  EXPECT_EQ(small.apply({insert("again", std::string(8000, 'x'))}).status, AUTHD_OK);
  EXPECT_TRUE(small.host().wait_for_log("store-recovered", 1));
}

// The limit makes the write of the log fail half way, as a disk does that has become full.
TEST_F(StoreFile, OnADiskThatBecomesFullLosesNothing) {
  const std::string said = in_another_process([&]() -> std::string {
    std::signal(SIGXFSZ, SIG_IGN);
    if (store_.open() != AUTHD_OK) return store_.why();
    std::size_t written = 0;
    for (; written < 20; ++written)
      if (store_.apply({insert(std::to_string(written), std::string(3000, 'x'))}).status != AUTHD_OK)
        return "too early";
    const rlimit lower{200'000, RLIM_INFINITY}, none{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &lower);
    Outcome refused;
    for (; written < 1000; ++written)
      if (refused = store_.apply({insert(std::to_string(written), std::string(3000, 'x'))}); refused.status != AUTHD_OK)
        break;
    const std::size_t seen = store_.everything().size();
    ::setrlimit(RLIMIT_FSIZE, &none);
    const bool recovered = store_.apply({insert("after")}).status == AUTHD_OK;
    store_.close();
    return refused.message + (seen == written ? "; all seen" : "; lost some") + (recovered ? "; recovered" : "");
  });
  EXPECT_EQ(said, path() + ": the disk is full: free space, or move the store to a larger disk; all seen; recovered");
  open();
  EXPECT_EQ(store_.get("t", "after").status, AUTHD_OK);
  EXPECT_EQ(store_.check().status, AUTHD_OK);
}

TEST_F(StoreFile, ThatMayNotBeWrittenIsRefused) {
  open();
  store_.close();
  fs::permissions(folder_.path(), fs::perms(0777));
  if (::geteuid() == 0) {
    fs::permissions(path(), fs::perms(0666));
    EXPECT_THAT(why_an_ordinary_user_cannot_open(folder_.path()),
                HasSubstr(path() + ": belongs to user 0, and authd runs as user 65534: chown it"));
    ASSERT_EQ(::chown(path().c_str(), 65534, 65534), 0);
  }
  fs::permissions(path(), fs::perms(0400));
  EXPECT_THAT(why_an_ordinary_user_cannot_open(folder_.path()),
              HasSubstr(path() + ": authd's user may not use it: let that user read and write the file"));
  fs::permissions(path(), fs::perms(0600));
  EXPECT_THAT(why_an_ordinary_user_cannot_open(folder_.path()), HasSubstr("opened"));
}

TEST_F(StoreFile, InAFolderThatMayNotBeWrittenIsRefused) {
  const std::string folder = folder_.path() / "inner";
  fs::create_directory(folder);
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder, fs::perms(0555));
  EXPECT_THAT(why_an_ordinary_user_cannot_open(folder), HasSubstr("authd's user may not use it"));
  EXPECT_THAT(why_an_ordinary_user_cannot_open(folder + "/missing"), HasSubstr("its folder does not exist: create it"));
}

TEST_F(StoreFile, ThatIsNoDatabaseIsRefused) {
  folder_.write("authd.db", std::string(10'000, 'x'));
  EXPECT_THAT(why_not(), HasSubstr(path() + ": is damaged"));
  EXPECT_THAT(store_.why(), HasSubstr("restore a backup"));
  EXPECT_EQ(fs::file_size(path()), 10'000u) << "it is kept as it is";
}

TEST_F(StoreFile, OfAnotherProgramIsRefused) {
  ASSERT_EQ(Stranger(path()).run("CREATE TABLE mine (x)"), SQLITE_OK);
  EXPECT_THAT(why_not(), HasSubstr("is a database of another program: name another file"));
}

TEST_F(StoreFile, OfANewerAuthdIsRefused) {
  open();
  store_.close();
  ASSERT_EQ(Stranger(path()).run("PRAGMA user_version = 99"), SQLITE_OK);
  EXPECT_THAT(why_not(), HasSubstr("has version 99 of the schema, and this authd knows 1: use the newer authd"));
}

TEST_F(StoreFile, ThatIsDamagedInTheMiddleIsFound) {
  open();
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(store_.apply({insert(std::to_string(i), std::string(3000, 'x'))}).status, AUTHD_OK);
  EXPECT_THAT(store_.check().message, HasSubstr("300 records"));
  store_.close();
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 2; page < 100; page += 3) {
      file.seekp(page * 4096);
      file << std::string(4096, '\x7E');
    }
  }
  if (store_.open() != AUTHD_OK) {
    EXPECT_THAT(store_.why(), HasSubstr("is damaged"));
    return;
  }
  const Outcome checked = store_.check();
  EXPECT_EQ(checked.status, AUTHD_CORRUPT);
  EXPECT_THAT(checked.message, HasSubstr(path() + ": is damaged"));
  bool told = false;
  for (int i = 0; i < 300; ++i) {
    const Outcome got = store_.get("t", std::to_string(i));
    told = told || got.status == AUTHD_CORRUPT;
    EXPECT_TRUE(got.status == AUTHD_OK || got.status == AUTHD_NOT_FOUND || got.status == AUTHD_CORRUPT) << got;
  }
  EXPECT_TRUE(told);
}

// An entry that lost its record, as no page check finds it.
TEST_F(StoreFile, WhoseIndexDiffersIsFound) {
  open();
  ASSERT_EQ(store_.apply({insert("a"), insert("b")}).status, AUTHD_OK);
  ASSERT_EQ(Stranger(path()).run("DELETE FROM idx WHERE id = x'61'"), SQLITE_OK);
  EXPECT_THAT(store_.check().message, HasSubstr("the index differs from the records"));
}

TEST_F(StoreFile, ThatAnotherProcessLocksIsWaitedForUntilTheDeadline) {
  open();
  const Stranger stranger(path());
  ASSERT_EQ(stranger.run("BEGIN IMMEDIATE"), SQLITE_OK);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  std::thread late([&] {
    const Outcome outcome = store_.apply({insert("late")}, 0);
    EXPECT_EQ(outcome.status, AUTHD_TIMEOUT);
  });
  late.join();
  std::thread patient([&] { EXPECT_EQ(store_.apply({insert("patient")}).status, AUTHD_OK); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(store_.get("t", "late").status, AUTHD_NOT_FOUND) << "readers do not wait";
  ASSERT_EQ(stranger.run("COMMIT"), SQLITE_OK);
  patient.join();
  const auto used_us = [](const rusage& r) { return r.ru_utime.tv_sec * 1'000'000 + r.ru_utime.tv_usec; };
  EXPECT_LT(used_us(after) - used_us(before), 250'000) << "it spins";
  EXPECT_EQ(store_.get("t", "patient").status, AUTHD_OK);
  EXPECT_EQ(store_.get("t", "late").status, AUTHD_NOT_FOUND);
}

// Batch n puts both counters and leaves a trace; wherever the log is cut, what is left is what there was after some n.
class StoreLog : public StoreFile, public testing::WithParamInterface<bool> {
 protected:
  static constexpr int kBatches = 60;

  void write_batches() {
    for (int n = 1; n <= kBatches; ++n) {
      const std::string text = std::to_string(n);
      const std::string body(static_cast<std::size_t>(n % 7) * 900, 'x');
      ASSERT_EQ(store_
                    .apply({{AUTHD_CHANGE_PUT, {"t", "a", text, 0, INT64_MAX, {{"is", text, true}}}},
                            insert("trace" + text, body),
                            {AUTHD_CHANGE_PUT, {"t", "b", text}}})
                    .status,
                AUTHD_OK);
    }
  }

  // How many batches there are in what was left.
  int batches_in(const std::string& folder) {
    StoreUnderTest left(settings_of_store(folder), clock_);
    if (left.open() != AUTHD_OK) ADD_FAILURE() << left.why();
    const Outcome a = left.get("t", "a"), b = left.get("t", "b");
    const int n = a.status == AUTHD_OK ? std::stoi(a.found[0].body) : 0;
    EXPECT_EQ(b.status == AUTHD_OK ? std::stoi(b.found[0].body) : 0, n) << "half a batch";
    EXPECT_EQ(left.find({"t", "i", "v"}).found.size(), static_cast<std::size_t>(n));
    EXPECT_EQ(left.find({"t", "is", std::to_string(n)}).found.size(), n > 0 ? 1u : 0u);
    const Outcome checked = left.check();
    EXPECT_EQ(checked.status, AUTHD_OK) << checked.message;
    return n;
  }
};

TEST_P(StoreLog, ThatWasCutLeavesAPrefixOfTheBatches) {
  open();
  write_batches();
  const auto bytes = fs::file_size(path() + "-wal");
  std::mt19937 random(GetParam() ? 7 : 11);
  std::vector<std::pair<std::uintmax_t, int>> left;
  for (int i = 0; i < 40 && !HasFailure(); ++i) {
    const auto at = i == 0 ? bytes : random() % bytes;
    SCOPED_TRACE("at " + std::to_string(at));
    const TempDir copy;
    fs::copy_file(path(), copy.path() / "authd.db");
    fs::copy_file(path() + "-wal", copy.path() / "authd.db-wal");
    if (GetParam() && i > 0) { // one byte is another
      std::fstream file(copy.path() / "authd.db-wal", std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const int byte = file.get();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte ^ 0x55));
    } else {
      fs::resize_file(copy.path() / "authd.db-wal", at);
    }
    left.emplace_back(at, batches_in(copy.path()));
  }
  EXPECT_EQ(left.front().second, kBatches);
  std::sort(left.begin(), left.end());
  for (std::size_t i = 1; i < left.size(); ++i) EXPECT_LE(left[i - 1].second, left[i].second) << "not a prefix";
}

INSTANTIATE_TEST_SUITE_P(CutOrChanged, StoreLog, testing::Bool());

TEST_F(StoreFile, ABackupIsAStoreOfItsOwn) {
  open();
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(store_.apply({insert(std::to_string(i), std::string(3000, 'x'))}).status, AUTHD_OK);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int n = 1; !done; ++n) {
      const std::string text = std::to_string(n);
      store_.apply({{AUTHD_CHANGE_PUT, {"t", "a", text}}, insert("n" + text), {AUTHD_CHANGE_PUT, {"t", "b", text}}});
    }
  });
  const TempDir copy;
  const Outcome made = store_.backup(copy.path() / "authd.db");
  done = true;
  writer.join();
  ASSERT_EQ(made.status, AUTHD_OK) << made.message;
  EXPECT_EQ(std::distance(fs::directory_iterator(copy.path()), {}), 1) << "nothing unfinished is left";
  StoreUnderTest other(settings_of_store(copy.path()), clock_);
  ASSERT_EQ(other.open(), AUTHD_OK) << other.why();
  EXPECT_EQ(other.check().status, AUTHD_OK);
  const Outcome a = other.get("t", "a"), b = other.get("t", "b");
  const std::size_t n = a.found.empty() ? 0 : std::stoul(a.found[0].body);
  EXPECT_EQ(b.found.empty() ? 0 : std::stoul(b.found[0].body), n);
  EXPECT_EQ(other.everything().size(), 500 + n + (n > 0 ? 2 : 0));
}

TEST_F(StoreFile, ABackupToWhereNothingMayBeWrittenSaysSo) {
  open();
  EXPECT_THAT(store_.backup(folder_.path() / "missing/copy").message, HasSubstr("missing/copy"));
}

using store_sqlite::open_for_writing;

// What is killed with kill -9 leaves all that it wrote to the kernel; a power cut only what was synced.
TEST_F(StoreFile, IsSyncedAtEachCommit) {
  const auto writer = open_for_writing(path(), &a_minute);
  ASSERT_TRUE(writer) << writer.error().message;
  EXPECT_EQ(*(*writer)->number("PRAGMA synchronous"), 2) << "FULL";
}

TEST_F(StoreFile, IsMigratedAfterABackup) {
  open();
  ASSERT_EQ(store_.apply({insert("kept")}).status, AUTHD_OK);
  store_.close();
  const char* const steps[] = {store_sqlite::schema_steps()[0], "CREATE TABLE added (x)"};
  {
    const auto migrated = open_for_writing(path(), &a_minute, steps);
    ASSERT_TRUE(migrated) << migrated.error().message;
    EXPECT_EQ(*(*migrated)->number("PRAGMA user_version"), 2);
    EXPECT_EQ(*(*migrated)->number("SELECT count(*) FROM added"), 0);
    EXPECT_EQ(*(*migrated)->number("SELECT count(*) FROM rec"), 1);
  }
  EXPECT_THAT(why_not(), HasSubstr("has version 2 of the schema, and this authd knows 1"));
  ASSERT_TRUE(fs::exists(path() + ".v1.backup"));
  fs::rename(path() + ".v1.backup", path());
  open();
  EXPECT_EQ(store_.get("t", "kept").status, AUTHD_OK) << "the backup is what the older authd can go on with";
}

TEST_F(StoreFile, WhoseMigrationFailsStaysAsItWas) {
  open();
  ASSERT_EQ(store_.apply({insert("kept")}).status, AUTHD_OK);
  store_.close();
  const char* const steps[] = {store_sqlite::schema_steps()[0], "CREATE TABLE added (x); no SQL"};
  EXPECT_FALSE(open_for_writing(path(), &a_minute, steps));
  open();
  EXPECT_EQ(store_.get("t", "kept").status, AUTHD_OK);
}

// Much is written while a reader holds the log; afterwards the log is cut.
TEST_F(StoreFile, HasALogThatDoesNotGrowForEver) {
  open();
  std::uintmax_t longest = 0;
  for (int i = 0; i < 220; ++i) {
    std::vector<Change> changes;
    for (int k = 0; k < 16; ++k)
      changes.push_back(
          {AUTHD_CHANGE_PUT, {"t", std::to_string(k), std::string(AUTHD_RECORD_MAX_BODY, static_cast<char>(i))}});
    ASSERT_EQ(store_.apply(changes).status, AUTHD_OK);
    longest = std::max(longest, fs::file_size(path() + "-wal"));
  }
  EXPECT_LT(longest, 80u << 20) << "220 MiB were written";
}

} // namespace
} // namespace authd::test
