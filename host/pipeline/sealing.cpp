// SPDX-License-Identifier: Apache-2.0
#include "pipeline/sealing.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

#include "base/random.h"
#include "pipeline/hmac.h"

namespace authd::pipeline {
namespace {

// Envelope: kind, then
//   sealed: key id (4), nonce (12), ciphertext, tag (16); the cache key is the additional data
//   bound:  digest (16) over cache key and value, value
constexpr char kSealed = 'S';
constexpr char kBound = 'B';
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kDigestBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext new_context() {
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (!context) throw std::bad_alloc();
  return context;
}

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes(std::string& s, std::size_t at) { return reinterpret_cast<unsigned char*>(s.data() + at); }

void require(int result) {
  if (result != 1) throw std::runtime_error("AES-256-GCM failed");
}

// Length-prefixed, so that (key "ab", value "c") and (key "a", value "bc") differ.
std::string binding_digest(std::string_view cache_key, std::string_view value) {
  std::string prefix = "authd bound 1:" + std::to_string(cache_key.size()) + ':';
  prefix += cache_key;
  const auto digest = sha256(prefix, value);
  return {digest.data(), kDigestBytes};
}

} // namespace

Sealer::Sealer(std::vector<Secret> keys) {
  for (Secret& key : keys) {
    if (key.reveal().size() != kKeyBytes) throw std::invalid_argument("a cache key must have 32 bytes");
    const auto digest = sha256("authd key id 1:", key.reveal());
    KeyId id;
    std::copy_n(digest.begin(), id.size(), id.begin());
    keys_.push_back({id, std::move(key)});
  }
}

void Sealer::seal(std::string_view cache_key, std::string_view value, std::string& out) const {
  if (keys_.empty()) {
    out += kBound;
    out += binding_digest(cache_key, value);
    out += value;
    return;
  }
  const Key& key = keys_.front();
  out += kSealed;
  out.append(key.id.data(), key.id.size());
  const std::size_t nonce_at = out.size();
  out.resize(nonce_at + kNonceBytes + value.size() + kTagBytes);
  random_bytes(out.data() + nonce_at, kNonceBytes);
  const std::size_t text_at = nonce_at + kNonceBytes;
  const CipherContext context = new_context();
  int n = 0;
  require(
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key.bytes.reveal()), bytes(out, nonce_at)));
  require(EVP_EncryptUpdate(context.get(), nullptr, &n, bytes(cache_key), static_cast<int>(cache_key.size())));
  require(EVP_EncryptUpdate(context.get(), bytes(out, text_at), &n, bytes(value), static_cast<int>(value.size())));
  require(EVP_EncryptFinal_ex(context.get(), bytes(out, text_at + value.size()), &n));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes(out, text_at + value.size())));
}

Sealer::Opened Sealer::open(std::string_view cache_key, std::string_view envelope, std::string& out) const {
  if (envelope.empty()) return Opened::garbage;
  const char kind = envelope.front();
  envelope.remove_prefix(1);
  if (kind == kBound) return open_bound(cache_key, envelope, out);
  if (kind == kSealed) return open_sealed(cache_key, envelope, out);
  return Opened::garbage;
}

Sealer::Opened Sealer::open_bound(std::string_view cache_key, std::string_view envelope, std::string& out) const {
  if (envelope.size() < kDigestBytes) return Opened::garbage;
  out.assign(envelope.substr(kDigestBytes));
  if (!equal_constant_time(envelope.substr(0, kDigestBytes), binding_digest(cache_key, out))) return Opened::garbage;
  return keys_.empty() ? Opened::value : Opened::other_keys; // it is not proof of who wrote it
}

Sealer::Opened Sealer::open_sealed(std::string_view cache_key, std::string_view envelope, std::string& out) const {
  KeyId id;
  if (envelope.size() < id.size() + kNonceBytes + kTagBytes) return Opened::garbage;
  std::copy_n(envelope.begin(), id.size(), id.begin());
  envelope.remove_prefix(id.size());
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.id == id; });
  if (key == keys_.end()) return Opened::other_keys;

  const std::string_view nonce = envelope.substr(0, kNonceBytes);
  const std::string_view text = envelope.substr(kNonceBytes, envelope.size() - kNonceBytes - kTagBytes);
  std::string tag(envelope.substr(envelope.size() - kTagBytes));
  out.resize(text.size());
  const CipherContext context = new_context();
  int n = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key->bytes.reveal()), bytes(nonce)));
  require(EVP_DecryptUpdate(context.get(), nullptr, &n, bytes(cache_key), static_cast<int>(cache_key.size())));
  require(EVP_DecryptUpdate(context.get(), bytes(out, 0), &n, bytes(text), static_cast<int>(text.size())));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()));
  return EVP_DecryptFinal_ex(context.get(), bytes(out, out.size()), &n) == 1 ? Opened::value : Opened::garbage;
}

} // namespace authd::pipeline
