// SPDX-License-Identifier: Apache-2.0
#include "slot_map.h"

#include <algorithm>

namespace authd::cache_redis {
namespace {

constexpr std::array<std::uint16_t, 256> make_crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021u : crc << 1;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr auto kCrcTable = make_crc_table();

std::string_view hashed_part(std::string_view key) {
  const auto open = key.find('{');
  if (open == std::string_view::npos) return key;
  const auto close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

std::uint16_t index_of(std::vector<Endpoint>& all, Endpoint endpoint) {
  const auto found = std::find(all.begin(), all.end(), endpoint);
  const auto index = static_cast<std::uint16_t>(found - all.begin());
  if (found == all.end()) all.push_back(std::move(endpoint));
  return index;
}

// [first slot, last slot, [host, port, ...] of the master, ... of replicas]
bool add_range(SlotMap& map, const Reply& reply, const Endpoint& asked) {
  const auto range = elements_of(reply);
  if (range.size() < 3) return false;
  const auto first = integer_of(range[0]);
  const auto last = integer_of(range[1]);
  const auto master = elements_of(range[2]);
  if (!first || !last || *first < 0 || *last < *first || *last >= static_cast<std::int64_t>(kSlots)) return false;
  if (master.size() < 2) return false;
  const auto port = integer_of(master[1]);
  if (!port || *port < 1 || *port > 65535) return false;
  std::string host(text_of(master[0]));
  if (host.empty() || host == "?") host = asked.host;
  const auto index = index_of(map.masters, {std::move(host), std::to_string(*port)});
  std::fill(map.owner.begin() + *first, map.owner.begin() + *last + 1, index);
  return true;
}

} // namespace

std::uint16_t slot_of(std::string_view key) {
  unsigned crc = 0;
  for (const char c : hashed_part(key))
    crc = ((crc << 8) ^ kCrcTable[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xff]) & 0xffff;
  return static_cast<std::uint16_t>(crc % kSlots);
}

std::optional<SlotMap> parse_slots(const Reply& reply, const Endpoint& asked) {
  SlotMap map;
  map.owner.fill(SlotMap::kNobody);
  for (const Reply& range : elements_of(reply))
    if (!add_range(map, range, asked)) return std::nullopt;
  if (map.masters.empty()) return std::nullopt;
  return map;
}

} // namespace authd::cache_redis
