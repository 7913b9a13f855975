// SPDX-License-Identifier: Apache-2.0
#include "config/kinds.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "authd/cache.h"
#include "authd/endpoint.h"
#include "authd/gateway.h"
#include "authd/signer.h"
#include "authd/store.h"

namespace authd::config {
namespace {

constexpr Operation kGatewayRequires[] = {
    {"get_secret", offsetof(authd_gateway_ops, get_secret)},
    {"probe", offsetof(authd_gateway_ops, probe)},
};

constexpr Operation kCacheRequires[] = {
    {"get", offsetof(authd_cache_ops, get)},     {"get_stale", offsetof(authd_cache_ops, get_stale)},
    {"set", offsetof(authd_cache_ops, set)},     {"del", offsetof(authd_cache_ops, del)},
    {"clear", offsetof(authd_cache_ops, clear)}, // or a cache that was cleared would go on serving
};

constexpr Operation kStoreRequires[] = {
    {"get", offsetof(authd_store_ops, get)},
    {"find", offsetof(authd_store_ops, find)},
    {"apply", offsetof(authd_store_ops, apply)},
    {"scan", offsetof(authd_store_ops, scan)}, // or its records could never be moved to another store
};

constexpr Operation kSignerRequires[] = {
    {"generate", offsetof(authd_signer_ops, generate)},
    {"sign", offsetof(authd_signer_ops, sign)},
    {"public_keys", offsetof(authd_signer_ops, public_keys)},
    {"remove", offsetof(authd_signer_ops, remove)},
};

// What blocks does I/O, so its values end up outside of this process, whether or not it says so.
bool cache_is_remote(const void* table) {
  const auto* ops = static_cast<const authd_cache_ops*>(table);
  if (ops == nullptr || ops->size < sizeof ops->size + sizeof ops->flags) return false;
  return (ops->flags & AUTHD_CACHE_REMOTE) != 0 || (ops->flags & AUTHD_CACHE_NONBLOCKING) == 0;
}

std::vector<const PluginUse*> tiers_in(const Config& config) {
  std::vector<const PluginUse*> uses;
  for (const Tier& tier : config.cache) uses.push_back(&tier);
  return uses;
}

std::vector<const PluginUse*> modules_in(const Config& config) {
  std::vector<const PluginUse*> uses;
  for (const Endpoint& module : config.endpoints) uses.push_back(&module);
  return uses;
}

const Kind kKinds[] = {
    {.id = AUTHD_GATEWAY_V1,
     .table = "gateway",
     .always = true,
     .required = kGatewayRequires,
     .uses =
         [](const Config& config) {
           return config.has_gateway ? std::vector<const PluginUse*>{&config.gateway} : std::vector<const PluginUse*>{};
         },
     .add = [](Config& config) -> PluginUse& { return config.gateway; }},
    {.id = AUTHD_CACHE_V1,
     .table = "cache",
     .repeated = true,
     .always = true,
     .required = kCacheRequires,
     .remote = cache_is_remote,
     .uses = tiers_in,
     .add = [](Config& config) -> PluginUse& { return config.cache.emplace_back(); }},
    {.id = AUTHD_STORE_V1, .table = "store", .provisional = true, .minor = 3, .required = kStoreRequires},
    {.id = AUTHD_ENDPOINT_V1,
     .table = "endpoint",
     .repeated = true,
     .provisional = true,
     .minor = 3,
     .uses = modules_in,
     .add = [](Config& config) -> PluginUse& { return config.endpoints.emplace_back(); }},
    {.id = AUTHD_SIGNER_V1, .table = "signer", .provisional = true, .minor = 3, .required = kSignerRequires},
};

// As AUTHD_HAS, for a table whose type only the row knows: it begins with its size, and functions follow.
bool has(const void* ops, const Operation& operation) {
  using Function = void (*)();
  std::uint32_t size = 0;
  std::memcpy(&size, ops, sizeof size);
  if (operation.offset + sizeof(Function) > size) return false;
  Function function = nullptr;
  std::memcpy(&function, static_cast<const std::byte*>(ops) + operation.offset, sizeof function);
  return function != nullptr;
}

const Kind* find(std::span<const Kind> among, std::string_view Kind::*column, std::string_view value) {
  const auto at = std::find_if(among.begin(), among.end(), [&](const Kind& kind) { return kind.*column == value; });
  return at != among.end() ? &*at : nullptr;
}

} // namespace

std::span<const Kind> kinds() { return kKinds; }

const Kind* kind_with_id(std::string_view id, std::span<const Kind> among) { return find(among, &Kind::id, id); }

const Kind* kind_of_table(std::string_view table, std::span<const Kind> among) {
  return find(among, &Kind::table, table);
}

std::string_view missing_operation(std::string_view kind, const void* ops, std::span<const Kind> among) {
  if (ops == nullptr) return "the whole table of operations";
  const Kind* known = kind_with_id(kind, among);
  if (known == nullptr) return {};
  for (const Operation& operation : known->required)
    if (!has(ops, operation)) return operation.name;
  return {};
}

std::string path_of(const Kind& kind, std::size_t index) {
  return kind.repeated ? fmt::format("{}[{}]", kind.table, index) : std::string(kind.table);
}

std::vector<const PluginUse*> uses_of(const Config& config, const Kind& kind) {
  if (kind.uses != nullptr) return kind.uses(config);
  std::vector<const PluginUse*> uses;
  const auto at = config.others.find(kind.id);
  if (at == config.others.end()) return uses;
  for (const PluginUse& use : at->second) uses.push_back(&use);
  return uses;
}

PluginUse& add_use(Config& config, const Kind& kind) {
  if (kind.add != nullptr) return kind.add(config);
  return config.others[std::string(kind.id)].emplace_back();
}

} // namespace authd::config
