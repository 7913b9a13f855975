// SPDX-License-Identifier: Apache-2.0
// The index values of a record as its row holds them, so that whoever removes the row knows which entries of the index
// go with it: for each a byte of flags, a byte with the length of the name, two with that of the value (low byte
// first), the name, the value.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authd/store.hpp"

namespace authd::store_sqlite {

// Names have at most 255 bytes, values 65,535.
std::string encode_index(std::span<const sdk::StoredIndex> values);
// [borrowed] from `text`; none: it makes no sense.
std::optional<std::vector<sdk::StoredIndex>> decode_index(std::string_view text);

} // namespace authd::store_sqlite
