// SPDX-License-Identifier: Apache-2.0
// What a core dump would hold: the writable memory of the running authd is searched for secrets that are no longer in
// use, after all of them were rotated. Those in use must be found, or the search itself is broken.
#include <csignal>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include <fcntl.h>
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

class MemoryImage : public testing::Test {
 protected:
  // A generation of secrets, each of which is told by its number.
  struct Generation {
    std::string credential, admin_token, redis_password, cache_key;
    Issued identity;
  };
  Generation generation(int number) const {
    const std::string n = std::to_string(number);
    Wanted wanted;
    wanted.serial = number;
    return {random_text("credential" + n, 48), random_text("token" + n, 48), random_text("redis" + n, 48),
            random_text("cache" + n, 32), authority_.issue(wanted)};
  }

  void write(const Generation& g) const {
    files_.write("admin-token", g.admin_token + "\n");
    files_.write("redis-password", g.redis_password + "\n");
    files_.write("cache-key", base64_of(g.cache_key) + "\n");
    files_.write("server.pem", g.identity.certificate);
    files_.write("server.key", g.identity.key);
  }
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }
  std::string toml(const FakeKong& kong, const RedisServer& redis) const {
    Settings settings(kong.url());
    settings.drop("cache").set("server", "reactors", "1").set_text("admin", "listen", "unix:" + file("admin.sock"));
    settings.set_text("gateway", "admin_token", "${file:" + file("admin-token") + "}");
    settings.set_text("server", "tls.certificate", file("server.pem"))
        .set_text("server", "tls.key", file("server.key"));
    settings.set("lookup", "encryption_keys", "[\"${file:" + file("cache-key") + "}\"]");
    return settings.toml() + "[[cache]]\nplugin = \"cache-memory\"\n[[cache]]\nplugin = \"cache-redis\"\nurl = \"" +
           redis.url() + "\"\npassword = \"${file:" + file("redis-password") + "}\"\n";
  }

  const Authority authority_;
  const TempDir files_;
};

TEST_F(MemoryImage, HoldsNoSecretThatWasRotated) {
  const Generation first = generation(1), second = generation(2);
  FakeKong kong;
  kong.add_consumer("alice", kAliceId);
  kong.add_credential(kAliceId, {"alice-key", first.credential});
  RedisServer redis({"--requirepass", first.redis_password});
  write(first);
  AuthdProcess authd(toml(kong, redis), Environment{});
  authd.await_ready();
  const auto token = [&] {
    TlsOptions options;
    options.authority = authority_.pem();
    return token_of(TlsConnection(authd.port(), options).exchange(request_text("GET", "/tokens", kAlice)));
  };
  ASSERT_FALSE(token().empty());
  const auto secrets = [](const Generation& g) {
    return std::vector<std::pair<std::string, std::string>>{{"the credential's secret", g.credential},
                                                            {"the admin token", g.admin_token},
                                                            {"Redis' password", g.redis_password},
                                                            {"the cache key", g.cache_key},
                                                            {"the cache key in base64", base64_of(g.cache_key)},
                                                            {"the TLS key", scalar_of(g.identity.key)},
                                                            {"the TLS key's PEM", g.identity.key.substr(30, 60)}};
  };
  // In use, and so found: the search works.
  for (const auto& [what, secret] : secrets(first)) {
    if (what.ends_with("base64") || what.ends_with("PEM")) continue; // read, and no longer needed
    EXPECT_FALSE(places_of(left_over(secret), authd.pid()).empty()) << what;
  }

  kong.remove_credential(kAliceId, "alice-key");
  kong.add_credential(kAliceId, {"alice-key-2", second.credential});
  redis.run({"CONFIG", "SET", "requirepass", second.redis_password}, first.redis_password);
  write(second);
  ASSERT_TRUE(authd.reload(toml(kong, redis), "reloaded"));
  ASSERT_EQ(run_authd({"cache", "invalidate", "--socket", file("admin.sock"), "--all"}).exit_code, 0);
  ASSERT_FALSE(token().empty());
  // Its last requests were answered; what it held goes with the old generation, on a thread of its own.
  for (const auto& [what, secret] : secrets(first)) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    auto places = places_of(left_over(secret), authd.pid());
    while (!places.empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100)); // the condition is the search itself
      places = places_of(left_over(secret), authd.pid());
    }
    EXPECT_TRUE(places.empty()) << what << text_of(places);
  }
  EXPECT_FALSE(places_of(left_over(second.credential), authd.pid()).empty());
}

} // namespace
} // namespace authd::test
