// SPDX-License-Identifier: Apache-2.0
// What modules keep: the store that is there without a setting, its key, kill -9, and `authd store`.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "scene.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr seconds kPatience{20};
const std::string kNotes = std::string("[[endpoint]]\nplugin = \"") + AUTHD_TEST_PLUGINS + "/notes.so\"\n";

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Storage : public testing::Test {
 protected:
  Environment environment() const { return {{"STATE_DIRECTORY", state_.path().string()}}; }
  std::string toml(const std::string& more = "") const { return Settings(kong_.url()).toml() + kNotes + more; }

  std::unique_ptr<AuthdProcess> started(const std::string& more = "") const {
    auto authd = std::make_unique<AuthdProcess>(toml(more), environment());
    authd->await_ready();
    return authd;
  }
  static HttpReply send(const AuthdProcess& authd, const std::string& method, const std::string& path,
                        const std::string& body = "") {
    HttpConnection connection(authd.port());
    connection.send(method + " " + path + " HTTP/1.1\r\nHost: authd.test\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.read(kPatience).value_or(HttpReply{});
  }
  Finished store(std::vector<std::string> command, const std::string& more = "") const {
    command.insert(command.begin(), {"--config", files_.write("authd.toml", toml(more)), "store"});
    return run_authd(std::move(command), environment());
  }

  std::string db() const { return state_.path() / "authd.db"; }
  std::string key() const { return db() + ".key"; }

  const TempDir state_, files_;
  FakeKong kong_;
};

TEST_F(Storage, OutlivesAKill) {
  {
    const auto authd = started();
    EXPECT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
    EXPECT_EQ(send(*authd, "POST", "/notes/a?bob", "another").status, 409);
    EXPECT_EQ(send(*authd, "POST", "/notes/b?alice", "the other").status, 201);
    EXPECT_EQ(send(*authd, "GET", "/owners/alice").body, "2");
    EXPECT_EQ(send(*authd, "DELETE", "/notes/b").body, "the other");
    EXPECT_EQ(send(*authd, "DELETE", "/notes/b").status, 404);
    authd->child().signal(SIGKILL);
    ASSERT_TRUE(authd->child().await_exit(kPatience));
  }
  const auto again = started();
  EXPECT_EQ(send(*again, "GET", "/notes/a").body, "the note");
  EXPECT_EQ(send(*again, "GET", "/notes/b").status, 404);
  EXPECT_EQ(send(*again, "GET", "/owners/alice").body, "1");
}

TEST_F(Storage, AnswersFirstPassesFromCopies) {
  const auto authd = started();
  ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
  EXPECT_EQ(send(*authd, "GET", "/notes/a").header("X-Pass"), "second");
  EXPECT_EQ(send(*authd, "GET", "/notes/a").header("X-Pass"), "first");
  ASSERT_EQ(send(*authd, "DELETE", "/notes/a").status, 200);
  EXPECT_EQ(send(*authd, "GET", "/notes/a").status, 404);
}

TEST_F(Storage, IsSealedByAKeyThatAuthdMade) {
  const auto authd = started();
  const auto warning = authd->await_event("configuration", kPatience, [](const LogLine& line) {
    return line.text.find("authd made a key") != std::string::npos;
  });
  ASSERT_TRUE(warning);
  EXPECT_THAT(warning->text, HasSubstr(key()));
  struct stat status {};
  ASSERT_EQ(::stat(key().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(content_of(key()).size(), 45u) << "32 bytes in base64 and an end of line";
  ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "nobody must read this").status, 201);
  EXPECT_THAT(content_of(db()) + content_of(db() + "-wal"), Not(HasSubstr("nobody must read this")));
}

TEST_F(Storage, StaysWhatItIsAtAReload) {
  const auto authd = started();
  ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
  ASSERT_TRUE(authd->reload(toml("\n[lookup]\nsuspect_grace = \"1s\"\n"), "reloaded"));
  EXPECT_EQ(send(*authd, "GET", "/notes/a").body, "the note");
  EXPECT_TRUE(authd->events("reload-incomplete").empty());
  ASSERT_TRUE(authd->reload(toml("\n[store]\npath = \"" + state_.path().string() + "/other.db\"\n"), "reloaded"));
  EXPECT_TRUE(authd->await_event("reload-incomplete", kPatience));
}

TEST_F(Storage, WithAnotherKeyRefusesToStart) {
  started().reset();
  std::ofstream(key()) << std::string(43, 'A') << "=\n";
  AuthdProcess authd(toml(), environment());
  EXPECT_EQ(authd.child().await_exit(kPatience), 78);
  EXPECT_THAT(authd.child().everything(), HasSubstr("none of them is the key that sealed what is in the store"));
}

TEST_F(Storage, WithAKeyThatOthersMayReadRefusesToStart) {
  started().reset();
  fs::permissions(key(), fs::perms(0644));
  AuthdProcess authd(toml(), environment());
  EXPECT_EQ(authd.child().await_exit(kPatience), 78);
  EXPECT_THAT(authd.child().everything(), HasSubstr(key() + ": others may read the master key: chmod 600"));
}

TEST_F(Storage, ThatIsDamagedRefusesToStart) {
  std::ofstream(db()) << std::string(20'000, 'x');
  fs::permissions(db(), fs::perms(0600));
  AuthdProcess authd(toml(), environment());
  EXPECT_EQ(authd.child().await_exit(kPatience), 78);
  EXPECT_THAT(authd.child().everything(), HasSubstr(db() + ": is damaged"));
}

TEST_F(Storage, InProductionNeedsMasterKeys) {
  Settings settings(kong_.url());
  settings.set_text("server", "environment", "production");
  const Finished checked =
      run_authd({"config", "check", files_.write("authd.toml", settings.toml() + kNotes)}, environment());
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.errors, Contains(HasSubstr("secrets.master_keys: is required in production")));
  EXPECT_FALSE(fs::exists(key()));
}

TEST_F(Storage, IsCheckedAndCopiedWhileItIsInUse) {
  EXPECT_THAT(store({"check"}).errors, ElementsAre(HasSubstr("there is no store yet")));
  const auto authd = started();
  ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
  const Finished checked = store({"check"});
  EXPECT_EQ(checked.exit_code, 0) << checked.errors.size();
  EXPECT_THAT(checked.output, ElementsAre(HasSubstr(db() + ": 2 records, "))); // the probe is one
  const std::string copy = files_.path() / "copy.db";
  EXPECT_EQ(store({"backup", copy}).exit_code, 0);
  EXPECT_EQ(store({"backup", copy}).exit_code, 1) << "it replaces nothing";
  ASSERT_EQ(send(*authd, "DELETE", "/notes/a").status, 200);
  fs::copy_file(key(), copy + ".key");
  const auto restored = started("\n[store]\npath = \"" + copy + "\"\n");
  EXPECT_EQ(send(*restored, "GET", "/notes/a").body, "the note");
}

TEST_F(Storage, IsExportedAndImported) {
  {
    const auto authd = started();
    ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
    ASSERT_EQ(send(*authd, "POST", "/notes/b?alice", "the other").status, 201);
  }
  const std::string sealed = files_.path() / "sealed", open = files_.path() / "open";
  ASSERT_EQ(store({"export", sealed}).exit_code, 0);
  ASSERT_EQ(store({"export", "--open", open}).exit_code, 0);
  EXPECT_EQ(store({"export", open}).exit_code, 1) << "it replaces nothing";
  EXPECT_THAT(content_of(open), HasSubstr(R"("body":"dGhlIG5vdGU")"));
  EXPECT_THAT(content_of(sealed), Not(HasSubstr("dGhlIG5vdGU")));
  EXPECT_THAT(store({"export"}).output, testing::SizeIs(3)) << "a head and two records";
  EXPECT_THAT(store({"import", sealed}).errors, ElementsAre(HasSubstr("the store has records already")));

  // Sealed: by the same key; open: by that of the other store.
  for (const std::string& from : {sealed, open}) {
    const std::string path = files_.path() / (from == open ? "from_open.db" : "from_sealed.db");
    const std::string elsewhere = "\n[store]\npath = \"" + path + "\"\n";
    if (from == sealed) fs::copy_file(key(), path + ".key");
    const Finished imported = store({"import", from}, elsewhere);
    EXPECT_THAT(imported.output, ElementsAre("2 records"));
    const auto authd = started(elsewhere);
    EXPECT_EQ(send(*authd, "GET", "/notes/b").body, "the other");
    EXPECT_EQ(send(*authd, "GET", "/owners/alice").body, "2");
  }
  std::ofstream(sealed, std::ios::app) << "{\"type\":\"x\"}\n";
  EXPECT_THAT(store({"import", sealed}, "\n[store]\npath = \"" + files_.path().string() + "/third.db\"\n").errors,
              ElementsAre(HasSubstr("line 4: ")));
}

TEST_F(Storage, IsSealedAnewForAnotherMasterKey) {
  const auto keys = [](const std::string& list) { return "\n[secrets]\nmaster_keys = [" + list + "]\n"; };
  const std::string a = "\"" + std::string(43, 'A') + "=\"", b = "\"" + std::string(42, 'B') + "A=\"";
  {
    const auto authd = started(keys(a));
    ASSERT_EQ(send(*authd, "POST", "/notes/a?alice", "the note").status, 201);
  }
  EXPECT_THAT(store({"check"}, keys(b)).errors, ElementsAre(HasSubstr("none of them is the key")));
  EXPECT_THAT(store({"reseal"}, keys(b)).errors, ElementsAre(HasSubstr("no master key opens")));
  EXPECT_THAT(store({"reseal"}, keys(b + ", " + a)).output, ElementsAre("2 records sealed by the first master key"));
  EXPECT_THAT(store({"reseal"}, keys(b + ", " + a)).output, ElementsAre("0 records sealed by the first master key"));
  EXPECT_EQ(store({"check"}, keys(b)).exit_code, 0);
  const auto authd = started(keys(b));
  EXPECT_EQ(send(*authd, "GET", "/notes/a").body, "the note");
}

} // namespace
} // namespace authd::test
