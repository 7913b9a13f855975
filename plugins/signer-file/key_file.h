// SPDX-License-Identifier: Apache-2.0
// The text of a key's file: PEM (RFC 7468) around PKCS#8, as it is or sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "secrets/secret.h"

namespace authd::signer_file {

struct KeyText {
  bool sealed = false;
  Secret bytes; // PKCS#8 in DER, or what a sealed one is sealed to
};

Secret write_text(const KeyText& text);
// Nullopt: it is not one block of PEM of either name.
std::optional<KeyText> read_text(std::string_view text);

// The name of a key tells operators what it is: "ES256-1800000000000-<32 hexadecimal digits>" with the time when it was
// made, in ms since the epoch, and the beginning of the SHA-256 of its public half.
std::string name_of_key(std::string_view algorithm, std::int64_t created_at_ms, std::string_view spki);
// Nullopt: no name of a key with this algorithm and public half.
std::optional<std::int64_t> created_at_ms(std::string_view name, std::string_view algorithm, std::string_view spki);

} // namespace authd::signer_file
