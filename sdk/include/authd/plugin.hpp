// SPDX-License-Identifier: Apache-2.0
// Everything a C++20 plugin needs. A class becomes a component (gateway.hpp, cache.hpp), components
// become a plugin:
//
//   struct AcmeGateway {
//     static constexpr authd::sdk::ComponentInfo info{
//         .name = "acme", .summary = "...", .schema = R"({"type": "object", ...})", .needs =
//         {AUTHD_HTTP_V1}};
//     AcmeGateway(authd::sdk::Host, const authd::sdk::Config&, authd::sdk::Call&);
//     authd::sdk::Status get_secret(authd::sdk::Call&, std::string_view, authd::sdk::CredentialSink&);
//     authd::sdk::Status probe(authd::sdk::Call&, authd::sdk::HealthReport&);
//   };
//   constexpr authd::sdk::PluginInfo kPlugin{.id = "com.acme.kong", .version = "1.0.0"};
//   AUTHD_PLUGIN(kPlugin, authd::sdk::GatewayComponent<AcmeGateway>)
#pragma once

#include <array>
#include <cstddef>

#include "authd/cache.hpp"
#include "authd/calls.hpp"
#include "authd/consumers.hpp"
#include "authd/declaration.hpp"
#include "authd/gateway.hpp"
#include "authd/http_client.hpp"
#include "authd/note.h"
#include "authd/path_segment.hpp"
#include "authd/signer.hpp"
#include "authd/tiers.hpp"

namespace authd::sdk {

struct PluginInfo {
  const char* id;      // reverse-DNS or plain word
  const char* version; // semver
  const char* vendor = "";
  const char* license = ""; // SPDX expression
  const char* url = "";
};

namespace detail {

template <std::size_t JsonBytes>
struct NoteImage {
  std::uint32_t owner_size = sizeof(AUTHD_NOTE_OWNER);
  std::uint32_t descriptor_size = 8 + JsonBytes;
  std::uint32_t type = AUTHD_NOTE_TYPE;
  char owner[8] = AUTHD_NOTE_OWNER;
  std::uint32_t major = AUTHD_ABI_MAJOR;
  std::uint32_t min_minor = AUTHD_TARGET_MINOR;
  char json[(JsonBytes + 3) / 4 * 4] = {};
};

template <class Component>
constexpr NoteExtras extras_of() {
  if constexpr (requires { Component::note; }) {
    return Component::note;
  } else {
    return {};
  }
}

constexpr void put_extras(NoteText& text, const NoteExtras& extras) {
  if (extras.mode != nullptr) text.put(",").member("mode", extras.mode);
  if (extras.adds != nullptr) text.put(",").member("adds", extras.adds);
  if (extras.remote != NoteExtras::Remote::unsaid)
    text.put(",\"remote\":").put(extras.remote == NoteExtras::Remote::yes ? "true" : "false");
}

template <class Component>
constexpr void put_component(NoteText& text) {
  const authd_component& c = Component::component;
  text.put("{").member("kind", c.kind).put(",").member("name", c.name);
  put_extras(text, extras_of<Component>());
  if constexpr (requires { Component::declare(text); }) Component::declare(text);
  text.put(",\"config_schema\":").put(c.config_schema).put("}");
}

// Ids, names and versions go into the note as they are.
constexpr bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (c <= ' ' || c > '~' || c == '"' || c == '\\') return false;
  return true;
}

constexpr bool is_plain_or_absent(const char* text) { return text == nullptr || is_plain(text); }

template <const PluginInfo& Info, class... Components>
constexpr std::size_t write_note(char* to) {
  NoteText text{to};
  text.put("{").member("id", Info.id).put(",").member("version", Info.version);
  text.put(",").member("sdk", AUTHD_SDK_VERSION).put(",").member("toolchain", AUTHD_TOOLCHAIN);
  text.put(",\"components\":[");
  bool first = true;
  ((text.put(first ? "" : ","), first = false, put_component<Components>(text)), ...);
  return text.put("]}").n;
}

template <const PluginInfo& Info, class... Components>
constexpr auto make_note() {
  static_assert(sizeof...(Components) > 0, "a plugin has at least one component");
  static_assert(is_plain(Info.id) && is_plain(Info.version), "visible ASCII without blanks and quotes");
  static_assert((is_plain(Components::component.name) && ...), "visible ASCII without blanks and quotes");
  static_assert((is_plain_or_absent(extras_of<Components>().mode) && ...) &&
                    (is_plain_or_absent(extras_of<Components>().adds) && ...),
                "visible ASCII without blanks and quotes");
  NoteImage<write_note<Info, Components...>(nullptr)> note;
  write_note<Info, Components...>(note.json);
  return note;
}

template <class... Components>
inline constexpr std::array<authd_component, sizeof...(Components)> components{Components::component...};

template <const PluginInfo& Info, class... Components>
inline constexpr authd_plugin descriptor{sizeof(authd_plugin),
                                         AUTHD_ABI_MAJOR,
                                         AUTHD_TARGET_MINOR,
                                         Info.id,
                                         Info.version,
                                         Info.vendor,
                                         Info.license,
                                         Info.url,
                                         components<Components...>.data(),
                                         sizeof...(Components)};

} // namespace detail
} // namespace authd::sdk

// Once per plugin, at namespace scope outside of any namespace: defines the note and the entry symbol.
// `info` is a constexpr PluginInfo; then the components.
#define AUTHD_PLUGIN(info, ...)                                                                              \
  namespace {                                                                                                \
  AUTHD_NOTE_PLACEMENT constexpr auto authd_plugin_note =                                                    \
      ::authd::sdk::detail::make_note<info, __VA_ARGS__>();                                                  \
  }                                                                                                          \
  extern "C" AUTHD_EXPORT const authd_plugin* authd_plugin_v1(std::uint32_t) noexcept;                       \
  const authd_plugin* authd_plugin_v1(std::uint32_t) noexcept {                                              \
    return &::authd::sdk::detail::descriptor<info, __VA_ARGS__>;                                             \
  }                                                                                                          \
  static_assert(true, "swallows the semicolon, if there is one")
