// SPDX-License-Identifier: Apache-2.0
// Plugin files that authd refuses: one clear line, exit 78, and none of their code run before the check.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include "scene.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;

std::string built(const std::string& name) { return std::string(AUTHD_TEST_PLUGINS) + "/bad-" + name + ".so"; }

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class WrongPlugin : public testing::Test {
 protected:
  Finished start_with(const std::string& plugin, const std::function<void(Settings&)>& change = {}) {
    Settings settings("");
    settings.set("gateway", "admin_url", "").set_text("gateway", "plugin", plugin);
    if (change) change(settings);
    const std::string file = dir_.write("authd.toml", settings.toml());
    return run_authd({"--config", file}, {{"AUTHD_TEST_MARKER", marker().string()}});
  }
  fs::path marker() const { return dir_.path() / "constructor-ran"; }

  // One line that names the file and the code; `before_dlopen`: its constructors have not run.
  void expect_refusal(const Finished& finished, const std::string& plugin, const std::string& code,
                      bool before_dlopen = true) const {
    EXPECT_EQ(finished.exit_code, 78);
    ASSERT_EQ(finished.errors.size(), 1u) << (finished.errors.empty() ? "" : finished.errors.back());
    const std::string& line = finished.errors[0];
    EXPECT_NE(line.find(fs::path(plugin).filename().string()), std::string::npos) << line;
    EXPECT_NE(line.find("[" + code + "]"), std::string::npos) << line;
    EXPECT_EQ(fs::exists(marker()), !before_dlopen) << line;
    EXPECT_TRUE(std::none_of(finished.output.begin(), finished.output.end(),
                             [](const std::string& text) { return text.find("\"ready\"") != std::string::npos; }));
  }

  TempDir dir_;
};

TEST_F(WrongPlugin, ThatIsNotElf) {
  const std::string file = dir_.write("poem.so", "Roses are red\n");
  expect_refusal(start_with(file), file, "AP-010");
}

TEST_F(WrongPlugin, ThatIsCutShort) {
  const std::string file = dir_.write("short.so", bytes_of(built("create-fails")).substr(0, 500));
  const Finished finished = start_with(file);
  EXPECT_EQ(finished.exit_code, 78);
  EXPECT_EQ(finished.errors.size(), 1u);
  EXPECT_FALSE(fs::exists(marker()));
}

TEST_F(WrongPlugin, ThatIsBuiltForAnotherMachine) {
  std::string bytes = bytes_of(built("create-fails"));
  ASSERT_GT(bytes.size(), 64u);
  bytes[18] = static_cast<char>(0xf3); // e_machine: EM_RISCV
  const std::string file = dir_.write("riscv.so", bytes);
  expect_refusal(start_with(file), file, "AP-011");
}

TEST_F(WrongPlugin, ThatHasNoNote) { expect_refusal(start_with(built("no-note")), built("no-note"), "AP-014"); }

TEST_F(WrongPlugin, ThatNeedsANewerAbi) {
  expect_refusal(start_with(built("abi-too-new")), built("abi-too-new"), "AP-012");
}

TEST_F(WrongPlugin, ThatLacksItsEntry) {
  expect_refusal(start_with(built("no-entry")), built("no-entry"), "AP-017", false);
}

TEST_F(WrongPlugin, WhoseCreateFails) {
  expect_refusal(start_with(built("create-fails")), built("create-fails"), "AP-023", false);
}

// Each where it was written, and none with the password that it holds.
TEST_F(WrongPlugin, WhoseCreateFindsSeveralSettingsWrong) {
  Settings settings("http://user:hunter22@kong:8001");
  settings.set_text("gateway", "admin_token_header", "a b");
  const std::string file = dir_.write("authd.toml", settings.toml());
  Finished finished = run_authd({"--config", file}, {{"KONG_ADMIN_TOKEN", "blank in it"}});
  EXPECT_EQ(finished.exit_code, 78);
  std::sort(finished.errors.begin(), finished.errors.end());
  ASSERT_EQ(finished.errors.size(), 3u);
  EXPECT_EQ(finished.errors[0],
            file + ":10:13: gateway.admin_url: must not hold a user or password; use admin_token [AP-023]");
  EXPECT_EQ(finished.errors[1], file + ":9:22: gateway.admin_token_header: is not the name of a header [AP-023]");
  EXPECT_EQ(finished.errors[2], "KONG_ADMIN_TOKEN: gateway.admin_token: must be visible ASCII without blanks [AP-023]");
}

TEST_F(WrongPlugin, WhoseCreateThrows) {
  expect_refusal(start_with(built("create-throws")), built("create-throws"), "AP-024", false);
}

TEST_F(WrongPlugin, ThatIsNotThere) {
  expect_refusal(start_with("/no/such/plugin.so"), "/no/such/plugin.so", "AP-002");
}

TEST_F(WrongPlugin, WhoseDigestIsNotThePinnedOne) {
  const Finished finished =
      start_with(built("create-fails"), [](Settings& s) { s.set_text("gateway", "sha256", std::string(64, '0')); });
  expect_refusal(finished, built("create-fails"), "AP-008");
}

TEST_F(WrongPlugin, ThatAnybodyMayWriteInProduction) {
  const std::string file = dir_.write("open.so", bytes_of(built("create-fails")));
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  const Finished finished = start_with(file, [](Settings& s) {
    s.set_text("server", "environment", "production").set("server", "port", "3000");
    s.set("security", "trusted_gateways", R"(["10.0.0.0/8"])");
  });
  expect_refusal(finished, file, "AP-005");
}

TEST_F(WrongPlugin, ThatAnybodyMayWriteIsLoadedOutsideProduction) {
  const std::string file = dir_.write("open.so", bytes_of(built("create-fails")));
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  expect_refusal(start_with(file), file, "AP-023", false); // it got as far as its create
}

} // namespace
} // namespace authd::test
