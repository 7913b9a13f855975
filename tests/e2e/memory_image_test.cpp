// SPDX-License-Identifier: Apache-2.0
// What a core dump would hold: the writable memory of the running authd is searched for secrets that are no longer in
// use, after all of them were rotated. Those in use must be found, or the search itself is broken.
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared_tier.h"
#include "support/certificates.h"
#include "support/tls_client.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

struct Mapping {
  std::uint64_t begin, end;
  std::string text; // the line of /proc/PID/maps
};

std::vector<Mapping> writable_memory(pid_t pid) {
  std::vector<Mapping> mappings;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream in(line);
    Mapping m{};
    char dash = 0;
    std::string rights;
    in >> std::hex >> m.begin >> dash >> m.end >> rights;
    m.text = line;
    if (rights.starts_with("rw") && line.find("[vvar]") == std::string::npos) mappings.push_back(m);
  }
  return mappings;
}

// Where the bytes are, "7f12…+0x10 [heap]", and what is around them; empty: nowhere.
std::vector<std::string> places_of(const std::string& bytes, pid_t pid) {
  std::vector<std::string> places;
  const int memory = ::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  for (const Mapping& mapping : writable_memory(pid)) {
    std::string content(mapping.end - mapping.begin, '\0');
    const ssize_t got = ::pread(memory, content.data(), content.size(), static_cast<off_t>(mapping.begin));
    content.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    for (std::size_t at = content.find(bytes); at != std::string::npos; at = content.find(bytes, at + 1)) {
      std::string around = content.substr(at > 48 ? at - 48 : 0, 48 + bytes.size() + 48);
      for (char& c : around) c = c >= ' ' && c < 0x7f ? c : '.';
      places.push_back(mapping.text.substr(0, 60) + ": " + around);
    }
  }
  ::close(memory);
  return places;
}

// The VmFlags of each mapping that has these bytes.
std::vector<std::string> flags_of_pages_with(const std::string& secret, pid_t pid) {
  std::vector<std::string> flags;
  for (const std::string& place : places_of(secret, pid)) {
    const std::string range = place.substr(0, place.find(' '));
    std::ifstream smaps("/proc/" + std::to_string(pid) + "/smaps");
    bool here = false;
    for (std::string line; std::getline(smaps, line);) {
      if (line.starts_with(range)) here = true;
      if (!here || !line.starts_with("VmFlags:")) continue;
      flags.push_back(line + " of " + place);
      break;
    }
  }
  return flags;
}

std::string text_of(const std::vector<std::string>& places) {
  std::string all;
  for (const std::string& place : places) all += "\n  " + place;
  return all;
}

std::string random_text(const std::string& seed, std::size_t size) {
  std::seed_seq numbers(seed.begin(), seed.end());
  std::mt19937 random(numbers);
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text;
}

// What a freed block still has of it: the allocator writes over the first 16 bytes.
std::string left_over(const std::string& secret) { return secret.substr(16); }

// The private scalar of a P-256 key, as it is in the PEM's DER.
std::string scalar_of(const std::string& pem) {
  std::unique_ptr<BIO, OpenSslDeleter<BIO_free>> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), "priv", &number);
  std::string little_endian(32, '\0'); // as a BIGNUM has it in memory on these machines
  BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(little_endian.data()), 32);
  BN_clear_free(number);
  return little_endian;
}

std::string base64_of(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.pop_back(); // its NUL
  return out;
}

// A generation of secrets, each of which is told by its number.
struct Generation {
  std::string credential, admin_token, redis_password, cache_key, planted;
  Issued identity;
};

using Named = std::vector<std::pair<std::string, std::string>>;

// Those that stay in memory while they are in use.
Named held(const Generation& g) {
  return {{"the credential's secret", g.credential},
          {"the admin token", g.admin_token},
          {"Redis' password", g.redis_password},
          {"the cache key", g.cache_key},
          {"the TLS key", scalar_of(g.identity.key)}};
}

Named all_of(const Generation& g) {
  Named all = held(g);
  all.emplace_back("the cache key in base64", base64_of(g.cache_key));
  all.emplace_back("the TLS key's PEM", g.identity.key.substr(30, 60));
  return all;
}

// Where core dumps of a process go that works in `folder`; empty: elsewhere, or to a program.
std::filesystem::path core_dump_in(const std::filesystem::path& folder) {
  std::ifstream pattern("/proc/sys/kernel/core_pattern");
  std::string name;
  std::getline(pattern, name);
  if (name.find_first_of("|/%") != std::string::npos) return {};
  return folder / name;
}

bool can_dump(const std::filesystem::path& folder) {
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  return limit.rlim_max == RLIM_INFINITY && !core_dump_in(folder).empty();
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class MemoryImage : public testing::Test {
 protected:
  MemoryImage() {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key-1", first_.credential});
    write(first_);
  }

  Generation generation(int number) const {
    const std::string n = std::to_string(number);
    Wanted wanted;
    wanted.serial = number;
    return {random_text("credential" + n, 48), random_text("token" + n, 48),   random_text("redis" + n, 48),
            random_text("cache" + n, 32),      random_text("planted" + n, 48), authority_.issue(wanted)};
  }

  void write(const Generation& g) const {
    files_.write("admin-token", g.admin_token + "\n");
    files_.write("redis-password", g.redis_password + "\n");
    files_.write("cache-key", base64_of(g.cache_key) + "\n");
    files_.write("planted", g.planted + "\n");
    files_.write("server.pem", g.identity.certificate);
    files_.write("server.key", g.identity.key);
  }
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }
  std::string toml(const std::string& more = "") const {
    Settings settings(kong_.url());
    settings.drop("cache").set("server", "reactors", "1").set_text("admin", "listen", "unix:" + file("admin.sock"));
    settings.set_text("gateway", "admin_token", "${file:" + file("admin-token") + "}");
    settings.set_text("server", "tls.certificate", file("server.pem"))
        .set_text("server", "tls.key", file("server.key"));
    settings.set("lookup", "encryption_keys", "[\"${file:" + file("cache-key") + "}\"]");
    settings.set("security", "core_dumps", "true");
    return settings.toml() + "[[cache]]\nplugin = \"cache-memory\"\n[[cache]]\nplugin = \"cache-redis\"\nurl = \"" +
           redis_.url() + "\"\npassword = \"${file:" + file("redis-password") + "}\"\n" + more;
  }

  std::string token(const AuthdProcess& authd) const {
    TlsOptions options;
    options.authority = authority_.pem();
    return token_of(TlsConnection(authd.port(), options).exchange(request_text("GET", "/tokens", kAlice)));
  }

  // The second generation in the place of the first, of which nothing is in use then.
  void rotate(AuthdProcess& authd, const std::string& more = "") {
    kong_.remove_credential(kAliceId, "alice-key-1");
    kong_.add_credential(kAliceId, {"alice-key-2", second_.credential});
    redis_.run({"CONFIG", "SET", "requirepass", second_.redis_password}, first_.redis_password);
    write(second_);
    ASSERT_TRUE(authd.reload(toml(more), "reloaded"));
    ASSERT_EQ(run_authd({"cache", "invalidate", "--socket", file("admin.sock"), "--all"}).exit_code, 0);
    ASSERT_FALSE(token(authd).empty());
  }

  // Waits until the secret is nowhere, and says where it still is. What was rotated goes with the old generation, on a
  // thread of its own.
  std::vector<std::string> await_nowhere(const std::string& secret, const AuthdProcess& authd) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    auto places = places_of(left_over(secret), authd.pid());
    while (!places.empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100)); // the condition is the search itself
      places = places_of(left_over(secret), authd.pid());
    }
    return places;
  }

  const Authority authority_;
  const TempDir files_;
  const Generation first_ = generation(1), second_ = generation(2);
  FakeKong kong_;
  RedisServer redis_{{"--requirepass", first_.redis_password}};
};

TEST_F(MemoryImage, HoldsNoSecretThatWasRotated) {
  AuthdProcess authd(toml(), Environment{});
  authd.await_ready();
  ASSERT_FALSE(token(authd).empty());
  // In use, and so found: the search works.
  for (const auto& [what, secret] : held(first_))
    EXPECT_FALSE(places_of(left_over(secret), authd.pid()).empty()) << what;
  rotate(authd);
  for (const auto& [what, secret] : all_of(first_)) {
    const auto places = await_nowhere(secret, authd);
    EXPECT_TRUE(places.empty()) << what << text_of(places);
  }
  EXPECT_FALSE(places_of(left_over(second_.credential), authd.pid()).empty());
}

// The search would find what is not wiped: a plugin that keeps its password when it ends.
TEST_F(MemoryImage, OfAPluginThatDoesNotWipeHoldsItsSecret) {
  const std::string leaks = std::string("[[cache]]\nplugin = \"") + AUTHD_TEST_PLUGINS + "/leaks-secret.so\"\n" +
                            "password = \"${file:" + file("planted") + "}\"\n";
  AuthdProcess authd(toml(leaks), Environment{});
  authd.await_ready();
  ASSERT_FALSE(token(authd).empty());
  rotate(authd, leaks);
  for (const auto& [what, secret] : all_of(first_)) ASSERT_TRUE(await_nowhere(secret, authd).empty()) << what;
  EXPECT_FALSE(places_of(left_over(first_.planted), authd.pid()).empty());
}

// proc(5), smaps: "lo" locked, "dd" not in a core dump.
TEST_F(MemoryImage, HasKeysOnlyInPagesThatAreNeitherSwappedNorDumped) {
  AuthdProcess authd(toml(), Environment{});
  authd.await_ready();
  ASSERT_FALSE(token(authd).empty());
  EXPECT_TRUE(authd.events("keys-not-locked").empty()) << "RLIMIT_MEMLOCK is less than 8 MiB here";
  for (const auto& [what, secret] : held(first_)) {
    if (secret == first_.credential) continue; // consumers' secrets are too many
    for (const std::string& flags : flags_of_pages_with(secret, authd.pid())) {
      EXPECT_NE(flags.find(" lo"), std::string::npos) << what << ": " << flags;
      EXPECT_NE(flags.find(" dd"), std::string::npos) << what << ": " << flags;
    }
  }
}

TEST_F(MemoryImage, SaysWhereKeysCannotBeLocked) {
  // Root may lock as much as it likes, by a capability.
  AuthdProcess authd(
      toml(), {}, "ulimit -l 64 && if [ \"$(id -u)\" = 0 ]; then set -- setpriv --bounding-set=-ipc_lock \"$@\"; fi");
  authd.await_ready();
  const auto warning = authd.await_event("keys-not-locked", kPatience);
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->field("message").find("authd locks 4096 KiB, and the limit RLIMIT_MEMLOCK is 64 KiB"),
            std::string::npos)
      << warning->text;
  EXPECT_FALSE(token(authd).empty());
}

TEST_F(MemoryImage, IsInACoreDumpThatWasAskedForButForTheKeys) {
  if (!can_dump(files_.path())) GTEST_SKIP() << "core dumps of this machine go elsewhere, or a limit forbids them";
  AuthdProcess authd(toml(), {}, "ulimit -c unlimited && cd " + files_.path().string());
  authd.await_ready();
  ASSERT_TRUE(authd.await_event("core-dumps-allowed", kPatience));
  ASSERT_FALSE(token(authd).empty());
  rotate(authd);
  for (const auto& [what, secret] : all_of(first_)) ASSERT_TRUE(await_nowhere(secret, authd).empty()) << what;
  authd.child().signal(SIGABRT);
  ASSERT_EQ(authd.child().await_exit(kPatience), 128 + SIGABRT);
  const std::string dump = content_of(core_dump_in(files_.path()));
  ASSERT_FALSE(dump.empty());
  EXPECT_NE(dump.find(left_over(second_.credential)), std::string::npos) << "the search works";
  for (const auto& [what, secret] : all_of(first_)) EXPECT_EQ(dump.find(left_over(secret)), std::string::npos) << what;
  for (const auto& [what, secret] : held(second_)) {
    if (secret == second_.credential) continue;
    EXPECT_EQ(dump.find(left_over(secret)), std::string::npos) << what;
  }
}

TEST_F(MemoryImage, IsInNoCoreDumpUnlessAskedFor) {
  if (!can_dump(files_.path())) GTEST_SKIP() << "core dumps of this machine go elsewhere, or a limit forbids them";
  std::string quiet = toml();
  const std::string asked = "core_dumps = true";
  ASSERT_NE(quiet.find(asked), std::string::npos);
  quiet.replace(quiet.find(asked), asked.size(), "core_dumps = false");
  AuthdProcess authd(quiet, {}, "ulimit -c unlimited && cd " + files_.path().string());
  authd.await_ready();
  EXPECT_TRUE(authd.events("core-dumps-allowed").empty());
  authd.child().signal(SIGABRT);
  ASSERT_EQ(authd.child().await_exit(kPatience), 128 + SIGABRT);
  EXPECT_FALSE(std::filesystem::exists(core_dump_in(files_.path())));
}

} // namespace
} // namespace authd::test
