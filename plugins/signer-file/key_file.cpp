// SPDX-License-Identifier: Apache-2.0
#include "key_file.h"

#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

namespace authd::signer_file {
namespace {

constexpr std::string_view kPlain = "PRIVATE KEY"; // RFC 7468, section 10
constexpr std::string_view kSealed = "AUTHD SEALED PRIVATE KEY";
constexpr std::size_t kDigestBytes = 16; // of a name

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

// What PEM_read_bio_ex allocates, in the pages for keys.
struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_secure_free(name);
    OPENSSL_secure_free(header);
    OPENSSL_secure_clear_free(data, static_cast<std::size_t>(size));
  }
  bool read(BIO* from) { return PEM_read_bio_ex(from, &name, &header, &data, &size, PEM_FLAG_SECURE) == 1; }
};

std::string digest_of(std::string_view spki) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(spki.data()), spki.size(), digest.data());
  std::string hex;
  for (std::size_t i = 0; i < kDigestBytes; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

} // namespace

Secret write_text(const KeyText& text) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.bytes.reveal().data());
  const std::string_view name = text.sealed ? kSealed : kPlain; // literals: they end with a NUL
  if (!bio || PEM_write_bio(bio.get(), name.data(), "", bytes, static_cast<long>(text.bytes.reveal().size())) <= 0)
    throw std::runtime_error("OpenSSL cannot write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret(std::string(data, static_cast<std::size_t>(size)));
}

std::optional<KeyText> read_text(std::string_view text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Block block, another;
  const bool is_one = bio && block.read(bio.get()) && !another.read(bio.get());
  ERR_clear_error();
  const std::string_view name = is_one ? block.name : "";
  if ((name != kPlain && name != kSealed) || block.header[0] != '\0') return std::nullopt;
  return KeyText{name == kSealed,
                 Secret(std::string(reinterpret_cast<char*>(block.data), static_cast<std::size_t>(block.size)))};
}

std::string name_of_key(std::string_view algorithm, std::int64_t created_at_ms, std::string_view spki) {
  return std::string(algorithm) + '-' + std::to_string(created_at_ms) + '-' + digest_of(spki);
}

std::optional<std::int64_t> created_at_ms(std::string_view name, std::string_view algorithm, std::string_view spki) {
  std::int64_t time = 0;
  if (!name.starts_with(algorithm) || name.size() <= algorithm.size()) return std::nullopt;
  const char* const digits = name.data() + algorithm.size() + 1;
  if (std::from_chars(digits, name.data() + name.size(), time).ec != std::errc()) return std::nullopt;
  if (name != name_of_key(algorithm, time, spki)) return std::nullopt;
  return time;
}

} // namespace authd::signer_file
