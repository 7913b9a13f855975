// SPDX-License-Identifier: Apache-2.0
// A signing key as the store has it: its public half and where it is in its life. The private half is the signer's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "modules/record_store.h"

namespace authd::modules::keys {

inline constexpr std::string_view kKeyType = "authd/key";
inline constexpr std::string_view kClaimType = "authd/key-claim";

enum class State : std::uint8_t {
  next,     // published, does not sign yet
  active,   // signs: one of each algorithm
  retained, // verifies what it signed
  gone,     // neither published nor used; its record stays for a while, so that every instance learns of it
};
std::string_view name_of(State state); // "next"

struct Key {
  std::string kid;        // its thumbprint (RFC 7638): the id of its record
  std::string algorithm;  // "ES256"
  std::string signer_id;  // what the signer calls it
  std::string public_key; // SubjectPublicKeyInfo in DER
  State state = State::next;
  std::int64_t since_ms = 0; // when the state began, since the epoch
  std::int64_t created_ms = 0;
  bool emergency = false;    // of one that is gone: it was dropped before its time
  std::uint64_t version = 0; // of its record

  bool is_published() const { return state != State::gone; }
};

// Nullopt: it was not written by this version of authd, nor by an earlier one.
std::optional<Key> read_key(const Record& record);
// `expires_at_ms` as in Record. At most one living record has the slot of an algorithm's next key, and one that of its
// active key: the store refuses a second.
Record to_record(const Key& key, std::int64_t expires_at_ms = std::numeric_limits<std::int64_t>::max());

// Who makes the next key of an algorithm: of several instances one.
struct Claim {
  std::string algorithm; // the id of its record
  std::string holder;    // the instance
  std::int64_t expires_at_ms = 0;
  std::uint64_t version = 0;
};
std::optional<Claim> read_claim(const Record& record);
Record to_record(const Claim& claim);

} // namespace authd::modules::keys
