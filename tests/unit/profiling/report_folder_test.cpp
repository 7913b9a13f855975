// SPDX-License-Identifier: Apache-2.0
#include "profiling/report_folder.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/temp_dir.h"

namespace authd::profiling {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

const std::string kOurs = "profile-1700000000000-0123abcd.cpuprofile";

class Folder : public testing::Test {
 protected:
  std::string path() const { return (dir_.path() / "profiling").string(); }
  fs::path in(const std::string& name) const { return fs::path(path()) / name; }
  test::TempDir dir_;
};

TEST(ReportName, IsThatOfASession) {
  const auto name = parse_report_name(kOurs);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->session, "profile-1700000000000-0123abcd");
  EXPECT_EQ(name->type, Type::cpu);
  EXPECT_EQ(name->format, "cpuprofile");
  EXPECT_THAT(report_names("s", Type::heap), ElementsAre("s.heap.pb.gz", "s.heapprofile"));
}

TEST(ReportName, LeadsNowhereElse) {
  using namespace std::string_literals;
  for (const std::string& name : {""s,
                                  "."s,
                                  ".."s,
                                  "/etc/passwd"s,
                                  "../" + kOurs,
                                  "%2e%2e%2f" + kOurs,
                                  "..%2f" + kOurs,
                                  "./" + kOurs,
                                  "a/" + kOurs,
                                  "/" + kOurs,
                                  kOurs + "/",
                                  kOurs + "\0"s,
                                  kOurs + "\0.cpuprofile"s,
                                  kOurs + "%00",
                                  kOurs + ".part",
                                  "profile-1700000000000-0123abcd"s,
                                  "profile-1-../../x.cpuprofile"s,
                                  "profile-1-0123abcd/../x.cpuprofile"s,
                                  "profile--0123abcd.cpuprofile"s,
                                  "profile-1-0123ABCD.cpuprofile"s,
                                  "profile-1-0123abc.cpuprofile"s,
                                  "profile-123456789012345678901-0123abcd.cpuprofile"s,
                                  "profile-1-0123abcd.heap"s,
                                  "authd.toml"s}) {
    EXPECT_FALSE(parse_report_name(name)) << name;
  }
}

TEST_F(Folder, IsMadeForItsOwnerAlone) {
  const ReportFolder folder(path());
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_all);
  folder.write(kOurs, "{}");
  EXPECT_EQ(fs::status(in(kOurs)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(folder.read(kOurs), "{}");
  folder.write(kOurs, "[]");
  EXPECT_EQ(folder.read(kOurs), "[]");
}

TEST_F(Folder, IsRefusedWhenOthersMayWriteToItOrItIsALink) {
  fs::create_directory(path());
  ::chmod(path().c_str(), 0777);
  EXPECT_THROW(ReportFolder{path()}, std::runtime_error);
  fs::remove(path());
  fs::create_directory_symlink(dir_.path(), path());
  EXPECT_THROW(ReportFolder{path()}, std::runtime_error);
  fs::remove(path());
  dir_.write("profiling", "a file");
  EXPECT_THROW(ReportFolder{path()}, std::runtime_error);
}

TEST_F(Folder, SaysWhatIsMissing) {
  try {
    const ReportFolder folder(path() + "/deeper");
    FAIL() << "it has no parent";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "profiling.output_dir: " + path() + "/deeper: No such file or directory");
  }
}

TEST_F(Folder, ListsAndRemovesItsOwnFilesOnly) {
  const ReportFolder folder(path());
  folder.write(kOurs, "{}");
  std::ofstream(in("notes.txt")) << "keep me";
  fs::create_directory(in("profile-1-0123abcd.cpuprofile"));
  const auto files = folder.files();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].name, kOurs);
  EXPECT_EQ(files[0].bytes, 2u);
  folder.remove(kOurs);
  EXPECT_TRUE(folder.files().empty());
  EXPECT_TRUE(fs::exists(in("notes.txt")));
}

TEST_F(Folder, FollowsNoLink) {
  const ReportFolder folder(path());
  const std::string secret = dir_.write("secret", "planted");
  fs::create_symlink(secret, in(kOurs));
  EXPECT_TRUE(folder.files().empty());
  EXPECT_EQ(folder.read(kOurs), std::nullopt);
  fs::create_symlink(secret, in(kOurs + ".part"));
  folder.write(kOurs, "{}");
  EXPECT_EQ(folder.read(kOurs), "{}");
  std::string kept;
  std::getline(std::ifstream(secret), kept);
  EXPECT_EQ(kept, "planted");
}

} // namespace
} // namespace authd::profiling
