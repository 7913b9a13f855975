// SPDX-License-Identifier: Apache-2.0
// Bodies of Kong's Admin API, in the field orders that were recorded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/kong_store.h"

namespace authd::test {

std::string credential_json(const KongConsumer& consumer, const KongCredential& credential, unsigned variant);
std::string consumer_json(const KongConsumer& consumer);
// `offset` empty: the last page. `path` is the list's own path, without query.
std::string list_json(const std::vector<std::string>& data, std::string_view path, std::string_view offset,
                      unsigned variant);
std::string unique_violation_json(std::string_view key);
std::string invalid_tag_json(std::size_t number, std::string_view tag); // `number`: from 1, as Lua counts
// nullopt: DB-less, which has no database to report on.
std::string status_json(std::optional<bool> database_reachable);

// What a create asks for; throws Poco::Exception when it is no object. Without key or secret these are empty.
KongCredential proposed_credential(const std::string& body);
// Kong's rule as far as ASCII goes: no commas, no slashes, no control characters.
bool is_tag(std::string_view text);

std::string offset_after(std::string_view credential_id); // base64url of ["<id>"]
// The id in an offset; empty: not an offset.
std::string id_in_offset(std::string_view offset);

} // namespace authd::test
