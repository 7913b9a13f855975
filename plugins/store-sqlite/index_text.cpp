// SPDX-License-Identifier: Apache-2.0
#include "index_text.h"

namespace authd::store_sqlite {
namespace {

constexpr std::size_t kHead = 4;

std::size_t byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

} // namespace

std::string encode_index(std::span<const sdk::StoredIndex> values) {
  std::string text;
  for (const sdk::StoredIndex& v : values) {
    text += static_cast<char>(v.unique ? 1 : 0);
    text += static_cast<char>(v.name.size());
    text += static_cast<char>(v.value.size() & 0xFF);
    text += static_cast<char>(v.value.size() >> 8);
    text.append(v.name).append(v.value);
  }
  return text;
}

std::optional<std::vector<sdk::StoredIndex>> decode_index(std::string_view text) {
  std::vector<sdk::StoredIndex> values;
  while (!text.empty()) {
    if (text.size() < kHead) return std::nullopt;
    const std::size_t name = byte_at(text, 1);
    const std::size_t value = byte_at(text, 2) + 256 * byte_at(text, 3);
    if (text.size() < kHead + name + value || values.size() == AUTHD_RECORD_MAX_INDEX) return std::nullopt;
    values.push_back({text.substr(kHead, name), text.substr(kHead + name, value), byte_at(text, 0) == 1});
    text.remove_prefix(kHead + name + value);
  }
  return values;
}

} // namespace authd::store_sqlite
