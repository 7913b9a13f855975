// SPDX-License-Identifier: Apache-2.0
#include "plugin/file_checks.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fixtures.h"

namespace authd::plugin {
namespace {

using test::TemporaryFolder;
using test::write_file;

constexpr uid_t kStranger = 4'000'000;

std::vector<uid_t> only_me(gid_t) { return {::geteuid()}; }
std::vector<uid_t> me_and_a_stranger(gid_t) { return {::geteuid(), kStranger}; }

class FileChecks : public testing::Test {
 protected:
  FileChecks() { write_file(path_, "content"); }

  std::vector<RefusalCode> violations(const UsersOfGroup& users = only_me) const {
    const auto file = read_plugin_file(path_, users);
    EXPECT_TRUE(file.has_value()) << file.error().line;
    std::vector<RefusalCode> codes;
    if (file)
      for (const auto& v : file->violations) codes.push_back(v.code);
    return codes;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.file("plugin.so");
};

using Codes = std::vector<RefusalCode>;

} // namespace

TEST_F(FileChecks, PassAFileOfOursBelowTheStickyTemporaryFolder) {
  const auto file = read_plugin_file(path_, only_me);
  ASSERT_TRUE(file.has_value()) << file.error().line;
  EXPECT_EQ(file->bytes, "content");
  EXPECT_TRUE(file->violations.empty()) << file->violations.front().line;
}

TEST_F(FileChecks, FindAFileThatAnybodyMayWrite) {
  ::chmod(path_.c_str(), 0646);
  EXPECT_EQ(violations(), Codes{RefusalCode::writable});
}

TEST_F(FileChecks, TellAPrivateGroupFromOneWithStrangers) {
  ::chmod(path_.c_str(), 0664);
  EXPECT_EQ(violations(only_me), Codes{});
  EXPECT_EQ(violations(me_and_a_stranger), Codes{RefusalCode::writable});
}

TEST_F(FileChecks, FindAFolderThatOthersMayWrite) {
  ::chmod(folder_.path().c_str(), 0777);
  EXPECT_EQ(violations(), Codes{RefusalCode::folder_writable});
  ::chmod(folder_.path().c_str(), 0775);
  EXPECT_EQ(violations(me_and_a_stranger), Codes{RefusalCode::folder_writable});
  EXPECT_EQ(violations(only_me), Codes{});
}

TEST_F(FileChecks, FindTheFolderOfALinkThatOthersMayWrite) {
  const TemporaryFolder links;
  const std::string link = links.file("link.so");
  std::filesystem::create_symlink(path_, link);
  ::chmod(links.path().c_str(), 0777);
  const auto file = read_plugin_file(link, only_me);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->path, path_);
  ASSERT_EQ(file->violations.size(), 1u);
  EXPECT_EQ(file->violations.front().code, RefusalCode::folder_writable);
}

TEST_F(FileChecks, FindAStrangersFileAndFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(::chown(path_.c_str(), kStranger, 0), 0);
  EXPECT_EQ(violations(), Codes{RefusalCode::owner});
  ASSERT_EQ(::chown(folder_.path().c_str(), kStranger, 0), 0);
  EXPECT_EQ(violations(), (Codes{RefusalCode::owner, RefusalCode::folder_owner}));
}

TEST_F(FileChecks, RefuseWhatIsNoRegularFile) {
  EXPECT_EQ(read_plugin_file(folder_.path()).error().code, RefusalCode::not_regular);
  const std::string pipe = folder_.file("pipe.so");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_plugin_file(pipe).error().code, RefusalCode::not_regular) << "and does not wait for a writer";
}

TEST_F(FileChecks, RefuseWhatIsNotThereAndWhatIsNoAbsolutePath) {
  EXPECT_EQ(read_plugin_file(folder_.file("absent.so")).error().code, RefusalCode::unreadable);
  EXPECT_EQ(read_plugin_file("plugin.so").error().code, RefusalCode::bad_name);
  EXPECT_EQ(read_plugin_file("./plugin.so").error().code, RefusalCode::bad_name);
  EXPECT_EQ(read_plugin_file("").error().code, RefusalCode::bad_name);
}

TEST(UsersOfGroup, KnowTheUsersWhosePrimaryGroupItIs) {
  const auto users = users_of_group(0);
  EXPECT_NE(std::find(users.begin(), users.end(), 0u), users.end());
  EXPECT_TRUE(users_of_group(3'999'999).empty());
}

TEST(Sha256, IsLowerCaseHex) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

} // namespace authd::plugin
