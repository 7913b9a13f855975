// SPDX-License-Identifier: Apache-2.0
#include "plugin/kinds.h"

#include <array>

#include "authd/cache.h"
#include "authd/gateway.h"

namespace authd::plugin {
namespace {

std::string_view missing_in_cache(const void* table) {
  const auto* ops = static_cast<const authd_cache_ops*>(table);
  if (!AUTHD_HAS(ops, get)) return "get";
  if (!AUTHD_HAS(ops, get_stale)) return "get_stale";
  if (!AUTHD_HAS(ops, set)) return "set";
  if (!AUTHD_HAS(ops, del)) return "del";
  if (!AUTHD_HAS(ops, clear)) return "clear"; // or a cache that was cleared would go on serving
  return {};
}

std::string_view missing_in_gateway(const void* table) {
  const auto* ops = static_cast<const authd_gateway_ops*>(table);
  if (!AUTHD_HAS(ops, get_secret)) return "get_secret";
  if (!AUTHD_HAS(ops, probe)) return "probe";
  return {};
}

struct Kind {
  std::string_view id;
  std::string_view (*missing)(const void* ops);
};

constexpr std::array kKinds{
    Kind{AUTHD_CACHE_V1, missing_in_cache},
    Kind{AUTHD_GATEWAY_V1, missing_in_gateway},
};

} // namespace

std::string_view missing_operation(std::string_view kind, const void* ops) {
  if (ops == nullptr) return "the whole table of operations";
  for (const Kind& known : kKinds)
    if (known.id == kind) return known.missing(ops);
  return {};
}

} // namespace authd::plugin
