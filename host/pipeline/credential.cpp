// SPDX-License-Identifier: Apache-2.0
#include "pipeline/credential.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "secrets/secret.h"

namespace authd::pipeline {
namespace {

// Record: version, fetched_at (8 bytes), count, then per credential: algorithm, key, secret, each text
// behind a 2-byte length. Numbers are little-endian as on every machine that authd runs on; a remote tier
// shared across byte orders would see an unknown version.
constexpr char kVersion = 1;
constexpr std::size_t kMaxTextBytes = 0xFFFF;

template <class T>
void append_number(std::string& out, T number) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &number, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class T>
bool take_number(std::string_view& in, T& number) {
  if (in.size() < sizeof(T)) return false;
  std::memcpy(&number, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::uint16_t>(text.size()));
  out += text;
}

bool take_text(std::string_view& in, std::string_view& text) {
  std::uint16_t n = 0;
  if (!take_number(in, n) || in.size() < n) return false;
  text = in.substr(0, n);
  in.remove_prefix(n);
  return true;
}

bool take_credential(std::string_view& in, CredentialView& view) {
  std::uint8_t algorithm = 0;
  if (!take_number(in, algorithm) || algorithm > static_cast<std::uint8_t>(Algorithm::hs512)) return false;
  view.algorithm = static_cast<Algorithm>(algorithm);
  return take_text(in, view.key) && take_text(in, view.secret) && !view.key.empty() && !view.secret.empty();
}

bool is_usable(const plugin::GatewayCredential& c) {
  return parse_algorithm(c.algorithm) && !c.key.empty() && !c.secret.empty() && c.key.size() <= kMaxTextBytes &&
         c.secret.reveal().size() <= kMaxTextBytes;
}

// RFC 7518, section 3.1, and RFC 8037: what Kong's jwt plugin knows beside HMAC.
bool is_asymmetric(const plugin::GatewayCredential& c) {
  constexpr std::string_view kAlgorithms[] = {"RS256", "RS384", "RS512", "ES256", "ES384",
                                              "ES512", "PS256", "PS384", "PS512", "EdDSA"};
  return std::find(std::begin(kAlgorithms), std::end(kAlgorithms), c.algorithm) != std::end(kAlgorithms);
}

bool is_newer(const plugin::GatewayCredential& a, const plugin::GatewayCredential& b) {
  return a.created_at != b.created_at ? a.created_at > b.created_at : a.id > b.id;
}

constexpr int kNone = -1;

constexpr int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return kNone;
}

} // namespace

Selection select_credentials(std::vector<plugin::GatewayCredential> listed) {
  Selection selection;
  selection.listed = listed.size();
  selection.all_asymmetric = !listed.empty() && std::all_of(listed.begin(), listed.end(), is_asymmetric);
  const auto unusable = [](const plugin::GatewayCredential& c) { return !is_usable(c); };
  listed.erase(std::remove_if(listed.begin(), listed.end(), unusable), listed.end());
  std::sort(listed.begin(), listed.end(), is_newer);
  if (listed.size() > kMaxCredentials) listed.resize(kMaxCredentials);
  selection.usable = std::move(listed);
  return selection;
}

void CredentialRecord::encode(const Selection& selection, WallTime fetched_at, std::string& out) {
  out += kVersion;
  append_number(out, unix_millis(fetched_at));
  append_number(out, static_cast<std::uint8_t>(selection.usable.size()));
  for (const plugin::GatewayCredential& c : selection.usable) {
    append_number(out, static_cast<std::uint8_t>(*parse_algorithm(c.algorithm)));
    append_text(out, c.key);
    append_text(out, c.secret.reveal());
  }
}

std::optional<CredentialRecord> CredentialRecord::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  CredentialRecord record;
  std::uint8_t count = 0;
  if (!take_number(bytes, record.fetched_at_ms_) || !take_number(bytes, count)) return std::nullopt;
  if (count == 0 || count > kMaxCredentials) return std::nullopt;
  record.entries_ = bytes;
  for (std::uint8_t i = 0; i < count; ++i) {
    CredentialView view;
    if (!take_credential(bytes, view)) return std::nullopt;
    if (i == 0) record.newest_ = view;
  }
  if (!bytes.empty()) return std::nullopt;
  return record;
}

std::optional<CredentialView> CredentialRecord::find(std::string_view key) const {
  std::string_view rest = entries_;
  CredentialView view;
  while (!rest.empty() && take_credential(rest, view)) {
    if (view.key == key) return view;
  }
  return std::nullopt;
}

bool decode_secret(std::string_view text, std::string& out) {
  out.clear();
  text = text.substr(0, text.find('='));
  if (text.size() % 4 == 1) return false; // six bits are no byte
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = sextet(c);
    if (value == kNone) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return !out.empty();
}

bool DecodedSecret::replace_in(CredentialView& credential) {
  clear();
  if (!decode_secret(credential.secret, bytes_)) return false;
  credential.secret = bytes_;
  return true;
}

void DecodedSecret::clear() {
  wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
}

} // namespace authd::pipeline
