// SPDX-License-Identifier: Apache-2.0
// What a remote tier gives back. "o" and an envelope; or "c", a place, a mask and a value, which is sealed and then
// changed there; or "d" and a record of credentials. Required: what opens was sealed with one of the keys for this
// cache key and no other; an envelope that was changed never opens; a record holds what its credentials say.
#include <memory>

#include <openssl/evp.h>

#include "fuzz_target.h"
#include "pipeline/credential.h"
#include "pipeline/sealing.h"
#include "secrets/secret.h"

namespace authd::fuzz {
namespace {

using namespace pipeline;
using Opened = Sealer::Opened;

constexpr std::string_view kCacheKey = "authd:v1:42";
constexpr std::string_view kOtherKey = "authd:v1:43";
constexpr std::size_t kHeadBytes = 1 + 4; // kind, key id
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
const std::string kFirst(32, 'a'), kSecond(32, 'b');

Sealer sealer_of(const std::vector<std::string>& keys) {
  std::vector<Secret> secrets;
  for (const std::string& key : keys) secrets.emplace_back(key);
  return Sealer(std::move(secrets));
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Ciphertext and tag of AES-256-GCM.
std::string sealed_again(const std::string& key, std::string_view nonce, std::string_view value) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  std::string out(value.size() + kTagBytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int n = 0;
  EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce));
  EVP_EncryptUpdate(context.get(), nullptr, &n, bytes(kCacheKey), static_cast<int>(kCacheKey.size()));
  EVP_EncryptUpdate(context.get(), to, &n, bytes(value), static_cast<int>(value.size()));
  EVP_EncryptFinal_ex(context.get(), to + value.size(), &n);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, to + value.size());
  return out;
}

// Without trusting Sealer::open: with the nonce given, sealing is a function of key and value.
bool was_sealed_with(const std::string& key, std::string_view envelope, std::string_view value) {
  return envelope.size() >= kHeadBytes + kNonceBytes + kTagBytes && envelope.front() == 'S' &&
         envelope.substr(kHeadBytes + kNonceBytes) ==
             sealed_again(key, envelope.substr(kHeadBytes, kNonceBytes), value);
}

void require_record(std::string_view value) {
  const auto record = CredentialRecord::decode(value);
  if (!record) return;
  const CredentialView& newest = record->newest();
  require(!newest.key.empty() && !newest.secret.empty(), "the credential that signs has a key and a secret");
  const auto found = record->find(newest.key);
  require(found && found->key == newest.key && found->secret == newest.secret && found->algorithm == newest.algorithm,
          "the first credential of that key is the newest");
  const auto* end = value.data() + value.size();
  require(newest.secret.data() >= value.data() && newest.secret.data() + newest.secret.size() <= end,
          "a record's views lie within it");
}

void open_untrusted(std::string_view envelope) {
  static const Sealer kNone = sealer_of({}), kOne = sealer_of({kFirst}), kTwo = sealer_of({kFirst, kSecond});
  std::string value, again;
  if (kNone.open(kCacheKey, envelope, value) == Opened::value) {
    kNone.seal(kCacheKey, value, again);
    require(again == envelope, "what opens without keys is what sealing without keys makes");
    require(kNone.open(kOtherKey, envelope, value) == Opened::garbage, "it opens for its own cache key alone");
    require(kOne.open(kCacheKey, envelope, value) != Opened::value, "with keys nothing opens that is only bound");
  }
  if (kOne.open(kCacheKey, envelope, value) == Opened::value) {
    require(was_sealed_with(kFirst, envelope, value), "what opens was sealed with the key");
    require(kTwo.open(kCacheKey, envelope, again) == Opened::value && again == value, "another key does not hinder");
  }
  if (kTwo.open(kCacheKey, envelope, value) == Opened::value) {
    require(was_sealed_with(kFirst, envelope, value) || was_sealed_with(kSecond, envelope, value),
            "what opens was sealed with one of the keys");
    require(kTwo.open(kOtherKey, envelope, again) == Opened::garbage, "it opens for its own cache key alone");
    require_record(value);
  }
}

void open_changed(std::string_view input) {
  static const Sealer kNone = sealer_of({}), kOld = sealer_of({kSecond}), kTwo = sealer_of({kFirst, kSecond});
  const auto place = static_cast<unsigned char>(take_choice(input));
  const char mask = take_choice(input);
  for (const auto& [sealing, opening] : {std::pair(&kNone, &kNone), std::pair(&kOld, &kTwo)}) {
    std::string envelope, value;
    sealing->seal(kCacheKey, input, envelope);
    char& changed = envelope[place % envelope.size()];
    changed = static_cast<char>(changed ^ mask);
    const bool opened = opening->open(kCacheKey, envelope, value) == Opened::value;
    require(opened == (mask == 0), "an envelope opens if and only if nothing was changed");
    require(!opened || value == input, "what was sealed is what opens");
    require(opening->open(kOtherKey, envelope, value) != Opened::value, "it opens for its own cache key alone");
    envelope.pop_back();
    require(opening->open(kCacheKey, envelope, value) != Opened::value, "an envelope that was cut does not open");
  }
}

} // namespace

void sealed_value(Bytes input) {
  std::string_view text = as_text(input);
  const char choice = take_choice(text);
  if (choice == 'c') return open_changed(text);
  if (choice == 'd') return require_record(text);
  open_untrusted(text);
}

} // namespace authd::fuzz
