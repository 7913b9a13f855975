// SPDX-License-Identifier: Apache-2.0
// Structs cross the ABI with the size that their author compiled. A plugin's struct is checked against the size that
// its first published minor had, never against today's sizeof, which would refuse every older plugin as soon as a
// member is appended.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "authd/abi.h"
#include "authd/endpoint.h"
#include "authd/gateway.h"
#include "authd/http.h"
#include "authd/records.h"
#include "authd/signer.h"
#include "authd/store.h"
#include "authd/tokens.h"

namespace authd {

#define AUTHD_SIZE_THROUGH(type, last) (offsetof(type, last) + sizeof(type::last))

// In bytes. Must never change. For a new struct, name the last member of its first minor.
template <class Struct>
constexpr std::size_t first_size() = delete;
template <>
constexpr std::size_t first_size<authd_error>() {
  return AUTHD_SIZE_THROUGH(authd_error, message);
}
template <>
constexpr std::size_t first_size<authd_value>() {
  return AUTHD_SIZE_THROUGH(authd_value, s);
}
template <>
constexpr std::size_t first_size<authd_component>() {
  return AUTHD_SIZE_THROUGH(authd_component, ops);
}
template <>
constexpr std::size_t first_size<authd_plugin>() {
  return AUTHD_SIZE_THROUGH(authd_plugin, component_count);
}
template <>
constexpr std::size_t first_size<authd_credential>() {
  return AUTHD_SIZE_THROUGH(authd_credential, created_at);
}
template <>
constexpr std::size_t first_size<authd_http_request>() {
  return AUTHD_SIZE_THROUGH(authd_http_request, max_body_bytes); // two members came before 1.0 was published
}
template <>
constexpr std::size_t first_size<authd_http_response>() {
  return AUTHD_SIZE_THROUGH(authd_http_response, status);
}
template <>
constexpr std::size_t first_size<authd_route>() {
  return AUTHD_SIZE_THROUGH(authd_route, data);
}
template <>
constexpr std::size_t first_size<authd_response>() {
  return AUTHD_SIZE_THROUGH(authd_response, field_count);
}
template <>
constexpr std::size_t first_size<authd_public_key>() {
  return AUTHD_SIZE_THROUGH(authd_public_key, created_at_ms);
}
template <>
constexpr std::size_t first_size<authd_record>() {
  return AUTHD_SIZE_THROUGH(authd_record, index_count);
}
template <>
constexpr std::size_t first_size<authd_stored_record>() {
  return AUTHD_SIZE_THROUGH(authd_stored_record, index_count);
}
template <>
constexpr std::size_t first_size<authd_claims>() {
  return AUTHD_SIZE_THROUGH(authd_claims, more);
}
template <>
constexpr std::size_t first_size<authd_expect>() {
  return AUTHD_SIZE_THROUGH(authd_expect, algorithm_count);
}

#undef AUTHD_SIZE_THROUGH

// Whether the struct has at least the members of its first minor.
template <class Struct>
bool is_whole(const Struct* given) {
  return given != nullptr && given->size >= first_size<Struct>();
}

// Whole words, so that an invalid size does not cut a pointer in two.
template <class Struct>
std::uint32_t known_size(const Struct* given) {
  static_assert(sizeof(Struct) % sizeof(void*) == 0 && offsetof(Struct, size) == 0);
  return static_cast<std::uint32_t>(std::min<std::size_t>(given->size, sizeof(Struct)) / sizeof(void*) * sizeof(void*));
}

// The members that this host knows. Members that the plugin's minor lacks are zero; members of a later minor are left
// out. Function tables do not need this: callers check AUTHD_HAS.
template <class Struct>
Struct known_part(const Struct* given) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  Struct known{};
  std::memcpy(static_cast<void*>(&known), given, known_size(given));
  known.size = known_size(given);
  return known;
}

// The opposite direction: writes the members that the plugin's struct has. Its size is not changed.
template <class Struct>
void fill(Struct* out, Struct full) {
  full.size = out->size;
  std::memcpy(static_cast<void*>(out), &full, known_size(out));
}

} // namespace authd
