// SPDX-License-Identifier: Apache-2.0
// The keys that seal what leaves the process for a cache.
#pragma once

#include <optional>
#include <string_view>

#include "secrets/secret.h"

namespace authd::config {

// The 32 bytes of an AES-256 key from base64 (RFC 4648, section 4, with padding); nothing when the text is
// anything else, bits set behind the last byte included: such a text was mistyped.
std::optional<Secret> decode_cache_key(std::string_view text);

} // namespace authd::config
