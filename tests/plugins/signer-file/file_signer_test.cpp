// SPDX-License-Identifier: Apache-2.0
// signer-file's built file over real files.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/services.h"
#include "authd/signer.h"
#include "plugin_host.h"
#include "temp_dir.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'800'000'000'000;

struct FixedClock : authd_clock_v1 {
  FixedClock()
      : authd_clock_v1{sizeof(authd_clock_v1), 0, nullptr,
                       [](const authd_clock_v1*) noexcept -> std::int64_t { return kNow; },
                       [](const authd_clock_v1*) noexcept -> std::int64_t { return 0; }} {}
};

// Seals by turning each byte over, behind the name of the master key: enough to tell sealed from plain.
struct FakeSecrets : authd_secrets_v1 {
  explicit FakeSecrets(std::string key)
      : authd_secrets_v1{sizeof(authd_secrets_v1), 0, nullptr, &on_seal, &on_open, nullptr, nullptr},
        master_key(std::move(key)) {}
  std::string master_key;

 private:
  static const std::string& key_of(const authd_secrets_v1* table) {
    return static_cast<const FakeSecrets*>(table)->master_key;
  }
  static std::string turned(std::string text) {
    for (char& c : text) c = static_cast<char>(c ^ 0x5a);
    return text;
  }
  static std::string text_of(authd_bytes b) { return {reinterpret_cast<const char*>(b.p), b.n}; }
  static authd_status on_seal(const authd_secrets_v1* table, const authd_call*, authd_str purpose, authd_bytes plain,
                              const authd_sink* out) noexcept {
    EXPECT_EQ(std::string(purpose.p, purpose.n), "signer-file");
    const std::string sealed = key_of(table) + turned(text_of(plain));
    return out->put(out, bytes(sealed));
  }
  static authd_status on_open(const authd_secrets_v1* table, const authd_call*, authd_str, authd_bytes sealed,
                              const authd_sink* out) noexcept {
    const std::string text = text_of(sealed);
    if (!text.starts_with(key_of(table))) return AUTHD_CORRUPT;
    const std::string plain = turned(text.substr(key_of(table).size()));
    return out->put(out, bytes(plain));
  }
};

struct SeenKey {
  std::string id, algorithm, spki;
  std::int64_t created_at_ms;
};

struct Keys {
  authd_key_sink sink{sizeof sink, 0, this, [](const authd_key_sink* self, const authd_public_key* key) noexcept {
                        static_cast<Keys*>(self->ctx)->all.push_back(
                            {std::string(key->id.p, key->id.n), std::string(key->algorithm.p, key->algorithm.n),
                             std::string(reinterpret_cast<const char*>(key->spki.p), key->spki.n), key->created_at_ms});
                        return static_cast<authd_status>(AUTHD_OK);
                      }};
  std::vector<SeenKey> all{};
};

class Signer {
 public:
  explicit Signer(Settings settings, FakeSecrets* secrets) : host_(PLUGIN_FILE, std::move(settings)) {
    host_.offer(AUTHD_CLOCK_V1, &clock_);
    if (secrets != nullptr) host_.offer(AUTHD_SECRETS_V1, secrets);
    created_ = host_.create();
    if (created_ == AUTHD_OK) started_ = host_.start();
  }

  bool runs() const { return created_ == AUTHD_OK && started_ == AUTHD_OK; }
  const std::vector<std::string>& problems() { return host_.lifecycle_call().problems; }

  std::string generate(std::string_view algorithm) {
    Keys made;
    EXPECT_EQ(ops().generate(host_.self(), call_.abi(), str(algorithm), &made.sink), AUTHD_OK) << call_.message;
    return made.all.empty() ? "" : made.all.front().id;
  }
  std::vector<SeenKey> keys() {
    Keys listed;
    EXPECT_EQ(ops().public_keys(host_.self(), call_.abi(), &listed.sink), AUTHD_OK) << call_.message;
    return listed.all;
  }
  authd_status sign(std::string_view id) {
    TestOut out;
    const authd_status status = ops().sign(host_.self(), call_.abi(), str(id), bytes("message"), out.abi());
    EXPECT_TRUE(status != AUTHD_OK || out.bytes.size() >= 64);
    return status;
  }
  authd_status remove(std::string_view id) { return ops().remove(host_.self(), call_.abi(), str(id)); }
  const authd_signer_ops& ops() { return host_.ops<authd_signer_ops>(); }
  PluginHost& host() { return host_; }
  TestCall& call() { return call_; }

 private:
  FixedClock clock_;
  PluginHost host_;
  TestCall call_;
  authd_status created_ = AUTHD_INTERNAL, started_ = AUTHD_INTERNAL;
};

class FileSigner : public testing::Test {
 protected:
  std::string dir() const { return folder_.path().string() + "/keys"; }
  Settings settings() const { return {{"/dir", dir()}}; }
  Signer sealed() { return Signer(settings(), &secrets_); }
  // The whole file.
  std::string text_of(const std::string& id) const {
    std::ifstream file(dir() + "/" + id + ".key");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(dir() + "/" + name) << text;
    ::chmod((dir() + "/" + name).c_str(), 0600);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777;
  }

  TempDir folder_;
  FakeSecrets secrets_{"master-1:"};
};

TEST_F(FileSigner, MakesSignsListsAndRemovesKeysOfEachAlgorithm) {
  Signer signer(settings(), &secrets_);
  ASSERT_TRUE(signer.runs());
  EXPECT_THAT(signer.keys(), IsEmpty());
  for (const std::string algorithm : {"ES256", "RS256", "EdDSA"}) {
    const std::string id = signer.generate(algorithm);
    EXPECT_THAT(id, testing::StartsWith(algorithm + "-1800000000000-"));
    EXPECT_EQ(signer.sign(id), AUTHD_OK);
    const auto keys = signer.keys();
    ASSERT_THAT(keys, SizeIs(1));
    EXPECT_EQ(keys[0].id, id);
    EXPECT_EQ(keys[0].algorithm, algorithm);
    EXPECT_EQ(keys[0].created_at_ms, kNow);
    EXPECT_EQ(signer.remove(id), AUTHD_OK);
    EXPECT_EQ(signer.remove(id), AUTHD_OK);
    EXPECT_EQ(signer.sign(id), AUTHD_NOT_FOUND);
    EXPECT_THAT(signer.keys(), IsEmpty());
  }
  Keys none;
  EXPECT_EQ(signer.ops().generate(signer.host().self(), signer.call().abi(), str("HS256"), &none.sink),
            AUTHD_UNSUPPORTED);
  EXPECT_EQ(signer.ops().flags, AUTHD_SIGNER_INLINE_ES256 | AUTHD_SIGNER_INLINE_EDDSA);
}

TEST_F(FileSigner, KeepsFilesThatNobodyElseReads) {
  Signer signer(settings(), &secrets_);
  const std::string id = signer.generate("ES256");
  EXPECT_EQ(mode_of(dir()), 0700u);
  EXPECT_EQ(mode_of(dir() + "/" + id + ".key"), 0600u);
  EXPECT_THAT(text_of(id), testing::StartsWith("-----BEGIN AUTHD SEALED PRIVATE KEY-----\n"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir()), fs::directory_iterator()), 1) << "no other file is left";
}

TEST_F(FileSigner, FindsItsKeysAgainAndThoseOfAnotherInstance) {
  Signer one(settings(), &secrets_), two(settings(), &secrets_);
  const std::string id = one.generate("ES256");
  EXPECT_EQ(two.sign(id), AUTHD_NOT_FOUND) << "until it has looked";
  EXPECT_THAT(two.keys(), SizeIs(1));
  EXPECT_EQ(two.sign(id), AUTHD_OK);
  Signer three(settings(), &secrets_);
  EXPECT_EQ(three.sign(id), AUTHD_OK);
  EXPECT_EQ(one.remove(id), AUTHD_OK);
  EXPECT_THAT(two.keys(), IsEmpty());
  EXPECT_EQ(two.sign(id), AUTHD_NOT_FOUND);
}

TEST_F(FileSigner, IsUnsealedOnlyWithoutMasterKeysAndWhereThatIsAllowed) {
  Signer refused(settings(), nullptr);
  EXPECT_FALSE(refused.runs());
  EXPECT_THAT(refused.problems(), ElementsAre(HasSubstr("keys cannot be sealed without master keys")));
  Settings allowed = settings();
  allowed["/allow_unsealed"] = true;
  std::string id;
  {
    Signer signer(allowed, nullptr);
    ASSERT_TRUE(signer.runs());
    id = signer.generate("EdDSA");
    EXPECT_THAT(text_of(id), testing::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  }
  EXPECT_EQ(Signer(allowed, nullptr).sign(id), AUTHD_OK);
  Signer with_master_keys(allowed, &secrets_);
  EXPECT_FALSE(with_master_keys.runs());
  EXPECT_THAT(with_master_keys.problems(), ElementsAre(HasSubstr(id + ".key is not sealed")));
}

TEST_F(FileSigner, NamesAFileThatAnotherMasterKeySealed) {
  const std::string id = sealed().generate("ES256");
  FakeSecrets other("master-2:");
  Signer refused(settings(), &other);
  EXPECT_FALSE(refused.runs());
  EXPECT_THAT(refused.problems(),
              ElementsAre(testing::AllOf(HasSubstr("/dir: "), HasSubstr(id + ".key was sealed by another master key"),
                                         HasSubstr("secrets.master_keys"))));
  Settings allowed = settings();
  allowed["/allow_unsealed"] = true;
  Signer without(allowed, nullptr);
  EXPECT_THAT(without.problems(), ElementsAre(HasSubstr("there are no master keys")));
}

TEST_F(FileSigner, NamesEachBadFileAndTheMend) {
  std::string good, other;
  {
    Signer signer(settings(), &secrets_);
    good = signer.generate("ES256");
    other = signer.generate("EdDSA");
  }
  const std::string renamed = other.substr(0, other.size() - 1) + (other.back() == '0' ? '1' : '0');
  write("garbage.key", "no key\n");
  write(renamed + ".key", text_of(other));
  write("ignored.txt", "no key\n");
  ::chmod((dir() + "/" + good + ".key").c_str(), 0640);
  Signer refused(settings(), &secrets_);
  EXPECT_FALSE(refused.runs());
  EXPECT_THAT(refused.problems(),
              testing::UnorderedElementsAre(HasSubstr("Run: chmod 600 " + dir() + "/" + good + ".key"),
                                            HasSubstr("garbage.key is no key of authd"),
                                            HasSubstr(renamed + ".key holds another key than its name says")));
  for (const std::string& problem : refused.problems()) EXPECT_THAT(problem, Not(HasSubstr("PRIVATE")));
}

TEST_F(FileSigner, ABadFileThatAppearsIsLoggedOnceAndTheOthersServe) {
  Signer signer(settings(), &secrets_);
  const std::string id = signer.generate("ES256");
  write("garbage.key", "no key\n");
  EXPECT_THAT(signer.keys(), SizeIs(1));
  EXPECT_THAT(signer.keys(), SizeIs(1));
  EXPECT_EQ(signer.sign(id), AUTHD_OK);
  int lines = 0;
  for (const LogLine& line : signer.host().log()) lines += line.event == "key-file-refused" ? 1 : 0;
  EXPECT_EQ(lines, 1);
}

TEST_F(FileSigner, RefusesAFolderThatOthersMayEnter) {
  { sealed().generate("ES256"); }
  ::chmod(dir().c_str(), 0750);
  Signer refused(settings(), &secrets_);
  EXPECT_FALSE(refused.runs());
  EXPECT_THAT(refused.problems(), ElementsAre(HasSubstr("Run: chmod 700 " + dir())));
}

TEST_F(FileSigner, RefusesWhatIsNoFolder) {
  std::ofstream(dir()) << "a file\n";
  EXPECT_THAT(Signer(settings(), &secrets_).problems(), ElementsAre(HasSubstr(dir() + " is not a folder")));
  EXPECT_THAT(Signer({{"/dir", std::string("keys")}}, &secrets_).problems(),
              ElementsAre(HasSubstr("must be an absolute path")));
  EXPECT_THAT(Signer({{"/dir", folder_.path().string() + "/a/b"}}, &secrets_).problems(),
              ElementsAre(HasSubstr("cannot make the folder " + folder_.path().string() + "/a/b")));
}

TEST_F(FileSigner, AKeyThatCannotBeWrittenIsNoKey) {
  Signer signer(settings(), &secrets_);
  fs::remove_all(dir());
  Keys none;
  EXPECT_EQ(signer.ops().generate(signer.host().self(), signer.call().abi(), str("ES256"), &none.sink),
            AUTHD_UNAVAILABLE);
  EXPECT_THAT(signer.call().message, HasSubstr("cannot make a file in " + dir()));
  EXPECT_THAT(none.all, IsEmpty());
}

TEST_F(FileSigner, SignsWhileKeysComeAndGo) {
  Signer signer(settings(), &secrets_);
  const std::string stays = signer.generate("ES256");
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) {
      TestCall call;
      Keys made;
      ASSERT_EQ(signer.ops().generate(signer.host().self(), call.abi(), str("EdDSA"), &made.sink), AUTHD_OK);
      Keys listed;
      ASSERT_EQ(signer.ops().public_keys(signer.host().self(), call.abi(), &listed.sink), AUTHD_OK);
      ASSERT_EQ(signer.ops().remove(signer.host().self(), call.abi(), str(made.all.front().id)), AUTHD_OK);
    }
  });
  for (int i = 0; i < 200; ++i) EXPECT_EQ(signer.sign(stays), AUTHD_OK);
  other.join();
}

} // namespace
} // namespace authd::test
