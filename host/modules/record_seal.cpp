// SPDX-License-Identifier: Apache-2.0
#include "modules/record_seal.h"

namespace authd::modules {
namespace {

constexpr char kPlain = 'r';
constexpr char kSealed = 's';

} // namespace

std::string RecordSeal::bound_to(std::string_view id) const {
  std::string name(type_);
  name += '\0'; // which is in no type
  return name.append(id);
}

std::string RecordSeal::plain(std::string_view body) const { return std::string(1, kPlain).append(body); }

std::string RecordSeal::sealed(std::string_view id, std::string_view body) const {
  std::string stored(1, kSealed);
  sealer_.seal(bound_to(id), body, stored);
  return stored;
}

std::optional<std::string> RecordSeal::open(std::string_view id, std::string_view stored) const {
  if (stored.starts_with(kPlain)) return std::string(stored.substr(1));
  if (!stored.starts_with(kSealed) || empty_) return std::nullopt;
  std::string body;
  if (sealer_.open(bound_to(id), stored.substr(1), body) != pipeline::Sealer::Opened::value) return std::nullopt;
  return body;
}

} // namespace authd::modules
