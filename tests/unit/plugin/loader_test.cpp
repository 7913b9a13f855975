// SPDX-License-Identifier: Apache-2.0
// Wrong plugins get one clear line, and what can be known before dlopen is known before dlopen.
#include "plugin/loader.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "fixtures.h"
#include "plugin/cache_tier.h"
#include "plugin/file_checks.h"
#include "plugin/gateway.h"

namespace authd::plugin {
namespace {

using test::built_plugin;
using test::CapturedLog;
using test::read_file;
using test::TemporaryFolder;
using test::text_value;
using test::write_file;

constexpr std::string_view kSecret = "correct-horse-battery";

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() { ::setenv("AUTHD_TEST_MARKER", marker_.c_str(), 1); }

  // Copies the plugin to where the strict checks pass.
  std::string install(std::string_view name) { return install(name, name); }
  std::string install(std::string_view name, std::string_view built) {
    const std::string path = folder_.file(std::string(name) + ".so");
    std::filesystem::copy_file(built_plugin(built), path);
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path;
  }

  auto load(const std::string& path, std::string_view pin = "", const char* kind = AUTHD_GATEWAY_V1) {
    config::PluginUse use;
    use.plugin = path;
    use.name = "under-test";
    use.settings.values.emplace("/token", text_value(std::string(kSecret), true));
    return Loader(policy_, {}, log_.get()).load(use, folder_.path(), pin, kind);
  }

  // The line of the refusal; also checks its code and that it is one line that names the file.
  std::string refusal_of(const std::string& path, RefusalCode code, std::string_view pin = "") {
    const auto instance = load(path, pin);
    if (instance) {
      ADD_FAILURE() << path << " was loaded";
      return {};
    }
    const std::string& line = instance.error().line;
    EXPECT_EQ(instance.error().code, code) << line;
    EXPECT_TRUE(line.ends_with("[" + code_of(code) + "]")) << line;
    EXPECT_TRUE(line.starts_with(path + ": ")) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    return line;
  }

  bool code_ran() const { return std::filesystem::exists(marker_); }

  TemporaryFolder folder_;
  const std::string marker_ = folder_.file("code-ran");
  CapturedLog log_;
  TrustPolicy policy_;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace

// Without this the other tests' !code_ran() would prove nothing.
TEST_F(LoaderTest, RunsConstructorsOfAPluginThatPassed) {
  const auto instance = load(install("sample"));
  ASSERT_TRUE(instance.has_value()) << instance.error().line;
  EXPECT_TRUE(code_ran());
  EXPECT_EQ((*instance)->plugin_id(), "org.example.sample");
  EXPECT_EQ((*instance)->plugin_version(), "1.2.3");
  EXPECT_EQ((*instance)->name(), "under-test");
  EXPECT_EQ((*instance)->min_minor(), static_cast<unsigned>(AUTHD_ABI_MINOR));
  EXPECT_TRUE(contains(log_.text(), "plugin-loaded"));
}

TEST_F(LoaderTest, FindsABareNameInTheFolder) {
  install("sample");
  EXPECT_TRUE(load("sample").has_value());
}

TEST_F(LoaderTest, RefusesAMissingFile) {
  EXPECT_TRUE(contains(refusal_of(folder_.file("absent.so"), RefusalCode::unreadable), "No such file"));
}

TEST_F(LoaderTest, RefusesAFileThatIsNotElf) {
  const std::string path = folder_.file("script.so");
  write_file(path, "#!/bin/sh\necho no\n");
  EXPECT_TRUE(contains(refusal_of(path, RefusalCode::not_elf), "is not an ELF file"));
}

TEST_F(LoaderTest, RefusesAFileThatIsCutOff) {
  const std::string path = folder_.file("half.so");
  write_file(path, read_file(built_plugin("sample")).substr(0, 100));
  refusal_of(path, RefusalCode::not_elf);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAnExecutable) {
  std::string bytes = read_file(built_plugin("sample"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  write_file(folder_.file("program.so"), bytes);
  refusal_of(folder_.file("program.so"), RefusalCode::not_elf);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAnotherArchitecture) {
  std::string bytes = read_file(built_plugin("sample"));
  bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_S390;
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  write_file(folder_.file("mainframe.so"), bytes);
  EXPECT_TRUE(contains(refusal_of(folder_.file("mainframe.so"), RefusalCode::architecture), "built for s390x"));
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAnExecutableStack) {
  refusal_of(install("bad-executable-stack"), RefusalCode::executable_stack);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAPluginWithoutANote) {
  refusal_of(install("bad-no-note"), RefusalCode::no_note);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesANoteThatIsNoJson) {
  refusal_of(install("bad-bad-note"), RefusalCode::bad_note);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesTwoNotes) {
  EXPECT_TRUE(contains(refusal_of(install("bad-two-notes"), RefusalCode::not_elf), "more than one .note.authd"));
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAnAbiThatIsTooNew) {
  const std::string line = refusal_of(install("bad-abi-too-new"), RefusalCode::abi_version);
  const std::string minor = std::to_string(AUTHD_ABI_MINOR);
  EXPECT_TRUE(contains(line, "needs plugin ABI 1.99, this authd provides 1." + minor +
                                 ". Rebuild with AUTHD_TARGET_MINOR=" + minor +
                                 " or use an authd with ABI 1.99 or newer. [AP-012]"))
      << line;
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesWhatOthersMayWriteInProductionOnly) {
  const std::string path = install("sample");
  ::chmod(path.c_str(), 0757);
  EXPECT_TRUE(contains(refusal_of(path, RefusalCode::writable), "chmod go-w"));
  EXPECT_FALSE(code_ran());
  policy_.strict_permissions = false;
  EXPECT_TRUE(load(path).has_value());
  EXPECT_TRUE(contains(log_.text(), "plugin-not-trusted"));
}

TEST_F(LoaderTest, RefusesAFolderThatOthersMayWrite) {
  const std::string path = install("sample");
  ::chmod(folder_.path().c_str(), 0777);
  refusal_of(path, RefusalCode::folder_writable);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAnotherSha256ThanThePin) {
  const std::string path = install("sample");
  const std::string sum = sha256_hex(read_file(path));
  const std::string line = refusal_of(path, RefusalCode::pin_differs, std::string(64, '0'));
  EXPECT_TRUE(contains(line, sum)) << line;
  EXPECT_FALSE(code_ran());
  EXPECT_TRUE(load(path, sum).has_value());
}

TEST_F(LoaderTest, PrefersThePinBesideThePlugin) {
  config::PluginUse use;
  use.plugin = install("sample");
  use.sha256 = std::string(64, 'f');
  const std::string sum = sha256_hex(read_file(use.plugin));
  const auto instance = Loader(policy_, {}, log_.get()).load(use, "", sum, AUTHD_GATEWAY_V1);
  ASSERT_FALSE(instance.has_value());
  EXPECT_EQ(instance.error().code, RefusalCode::pin_differs);
}

TEST_F(LoaderTest, RefusesWhatIsNotPinnedWherePinsAreRequired) {
  policy_.require_pins = true;
  const std::string path = install("sample");
  EXPECT_TRUE(contains(refusal_of(path, RefusalCode::pin_missing), sha256_hex(read_file(path))));
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesAKindThatThePluginHasNot) {
  const auto instance = load(install("sample"), "", "authd.endpoint/1");
  ASSERT_FALSE(instance.has_value());
  EXPECT_EQ(instance.error().code, RefusalCode::no_component);
  EXPECT_FALSE(code_ran());
}

TEST_F(LoaderTest, RefusesUndefinedSymbolsBeforeTheyAreCalled) {
  const std::string line = refusal_of(install("bad-undefined-symbol"), RefusalCode::not_linkable);
  EXPECT_TRUE(contains(line, "authd_test_nowhere_defined")) << line;
}

TEST_F(LoaderTest, RefusesAPluginWithoutTheEntry) {
  EXPECT_TRUE(contains(refusal_of(install("bad-no-entry"), RefusalCode::no_entry), "authd_plugin_v1"));
}

TEST_F(LoaderTest, RefusesDescriptorsThatDifferFromTheNote) {
  EXPECT_TRUE(contains(refusal_of(install("bad-version-differs"), RefusalCode::note_differs),
                       "in version: \"2.0.0\" and \"1.0.0\""));
  EXPECT_TRUE(contains(refusal_of(install("bad-schema-differs"), RefusalCode::note_differs), "config_schema of bad"));
}

TEST_F(LoaderTest, RefusesDescriptorsThatMakeNoSense) {
  refusal_of(install("bad-no-descriptor"), RefusalCode::bad_descriptor);
  refusal_of(install("bad-entry-throws"), RefusalCode::bad_descriptor);
  EXPECT_TRUE(contains(refusal_of(install("bad-no-create"), RefusalCode::bad_descriptor), "without create"));
}

TEST_F(LoaderTest, RefusesAKindWithoutItsRequiredOperation) {
  EXPECT_TRUE(contains(refusal_of(install("bad-no-probe"), RefusalCode::operation_missing), "lacks probe"));
}

TEST_F(LoaderTest, RefusesAMissingService) {
  EXPECT_TRUE(contains(refusal_of(install("bad-needs-service"), RefusalCode::service_missing), "acme.teleport/1"));
}

// Each of its structs is longer than this host's, its two components among them.
TEST_F(LoaderTest, RunsAPluginBuiltWithTheHeadersOfALaterMinor) {
  const auto loaded = load(install("later-sample"));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().line;
  Call call;
  const auto found = Gateway(*loaded).get_secret(call, "alice");
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->front().secret.reveal(), kSecret);
  EXPECT_EQ(Gateway(*loaded).delete_secret(call, "alice", "2").error().retry_after, milliseconds(250));
  EXPECT_EQ((*loaded)->min_minor(), 0u); // of AUTHD_TARGET_MINOR
  const auto cache = load(install("later-sample-cache", "later-sample"), "", AUTHD_CACHE_V1);
  ASSERT_TRUE(cache.has_value()) << cache.error().line;
  std::string value;
  EXPECT_EQ(CacheTier(*cache).set(call, "k", "v", milliseconds(1), milliseconds(0)), CallStatus::ok);
  EXPECT_EQ(CacheTier(*cache).stats(call).entries, 1u);
}

TEST_F(LoaderTest, OffersTheServicesItWasGiven) {
  static const int table = 0;
  config::PluginUse use;
  use.plugin = install("bad-needs-service");
  const Services services{
      {"acme.teleport/1", [](const ServiceUser&) { return std::shared_ptr<const void>(&table, [](const void*) {}); }}};
  EXPECT_TRUE(Loader(policy_, services, log_.get()).load(use, "", "", AUTHD_GATEWAY_V1).has_value());
}

TEST_F(LoaderTest, SaysWhyCreateFailedWithoutTheSecretThatThePluginQuotes) {
  const std::string line = refusal_of(install("bad-create-fails"), RefusalCode::create_failed);
  EXPECT_TRUE(contains(line, "the token [redacted] is not to my taste")) << line;
  EXPECT_FALSE(contains(line, kSecret));
}

TEST_F(LoaderTest, SurvivesACreateThatThrows) {
  EXPECT_TRUE(contains(refusal_of(install("bad-create-throws"), RefusalCode::create_threw), "out of patience"));
}

TEST_F(LoaderTest, RunsAPluginThatIsWrittenInC) {
  const auto instance = load(install("plain-c"));
  ASSERT_TRUE(instance.has_value()) << instance.error().line;
  const Gateway gateway(*instance);
  Call call;
  const auto found = gateway.get_secret(call, "alice");
  ASSERT_TRUE(found.has_value()) << found.error().message;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().secret.reveal(), std::string_view("k\0y", 3));
  const auto missing = gateway.get_secret(call, "bob");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().status, CallStatus::not_found);
  EXPECT_EQ(missing.error().upstream_status, 404);
  EXPECT_EQ(missing.error().message, "only alice lives here");
}

// What a reload after an upgrade does: the dynamic linker would take the path for the file of before.
TEST_F(LoaderTest, LoadsTheFileThatTookAnothersPlace) {
  const std::string path = install("sample");
  const auto before = load(path);
  ASSERT_TRUE(before.has_value()) << before.error().line;
  std::filesystem::rename(install("plain-c"), path);
  const auto after = load(path);
  ASSERT_TRUE(after.has_value()) << after.error().line;
  EXPECT_EQ((*after)->plugin_id(), "plain-c");
  Call call;
  EXPECT_EQ(Gateway(*after).get_secret(call, "alice")->front().secret.reveal(), std::string_view("k\0y", 3));
  EXPECT_EQ(Gateway(*before).get_secret(call, "alice")->front().secret.reveal(), kSecret);
  std::filesystem::rename(install("bad-create-fails"), path);
  refusal_of(path, RefusalCode::create_failed);
}

TEST_F(LoaderTest, RefusesAFileThatWasWrittenOverWhileItIsMapped) {
  const std::string path = install("sample");
  ASSERT_TRUE(load(path).has_value());
  // Behind all that is mapped, or this process would run what was written.
  std::ofstream(path, std::ios::app) << "another build";
  EXPECT_TRUE(contains(refusal_of(path, RefusalCode::written_over), "Restart authd"));
  std::filesystem::rename(install("plain-c"), path);
  EXPECT_TRUE(load(path).has_value()) << "a file that was installed properly afterwards";
}

TEST_F(LoaderTest, RunsBothKindsOfOneFile) {
  const std::string path = install("sample");
  const CacheTier tier(*load(path, "", AUTHD_CACHE_V1));
  const Gateway gateway(*load(path));
  EXPECT_TRUE(tier.nonblocking());
  EXPECT_TRUE(gateway.can_create());
  Call call;
  std::string value;
  EXPECT_EQ(tier.set(call, "k", "v", milliseconds(1), milliseconds(0)), CallStatus::ok);
  EXPECT_EQ(tier.get(call, "k", value), CallStatus::ok);
  EXPECT_EQ(value, "v");
  EXPECT_EQ(tier.stats(call).entries, 1u);
  EXPECT_EQ(gateway.get_secret(call, "alice")->front().secret.reveal(), kSecret);
}

TEST_F(LoaderTest, KeepsSecretsOfTheSettingsOutOfLogAndFailures) {
  {
    const auto instance = load(install("sample"));
    ASSERT_TRUE((*instance)->start().has_value());
    const Gateway gateway(*instance);
    Call call;
    EXPECT_EQ(gateway.get_secret(call, "throws").error().message, "thrown over [redacted]");
    const auto denied = gateway.delete_secret(call, "alice", "9");
    EXPECT_EQ(denied.error().message, "token [redacted] may not");
    EXPECT_EQ(denied.error().upstream_status, 403);
    EXPECT_EQ(denied.error().retry_after, milliseconds(250));
  }
  const std::string log = log_.text();
  EXPECT_TRUE(contains(log, "token is [redacted]")) << log;
  EXPECT_FALSE(contains(log, kSecret)) << log;
}

} // namespace authd::plugin
