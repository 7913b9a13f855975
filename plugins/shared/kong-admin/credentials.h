// SPDX-License-Identifier: Apache-2.0
// A consumer's credentials as Kong writes them in JSON, one by one and page by page.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authd/gateway.hpp"
#include "authd/http_client.hpp"
#include "kong-admin/wipe.h"

namespace authd::kong_admin {

// --- Kong's JSON, read without trust: nothing here throws, and an answer of another shape is nullopt.

struct StoredCredential {
  std::string id;
  std::string key;
  std::string algorithm = "HS256"; // Kong's default
  Secret secret;                   // empty for asymmetric algorithms
  std::int64_t created_at = 0;     // seconds since the epoch
};

struct CredentialPage {
  std::vector<StoredCredential> credentials;
  std::vector<std::string> skipped;  // why a credential cannot be used; for the log
  std::optional<std::string> next;   // as Kong says it: a path with a query
  std::optional<std::string> offset; // the value that asks for the next page
  bool says_last = false;            // "next": null; an absent one says nothing
};

// {"data": [...], "next": null | "/...", "offset": "..."}. A credential without a key, or an HMAC one without
// a secret, and one with a field of the wrong type are left out and listed in `skipped`; the others still
// serve.
std::optional<CredentialPage> parse_credential_page(std::string_view body);

// The bare object that answers a create.
std::optional<StoredCredential> parse_credential(std::string_view body);

// The id, a UUID, of the object that answers GET /consumers/{id}.
std::optional<std::string> parse_consumer_id(std::string_view body);

// Of GET /status: whether Kong reaches its database. True also when the answer has no "database", which
// is how Kong without one answers.
std::optional<bool> parse_database_reachable(std::string_view body);

// Whether it is a list of anything: {"data": [...]}.
bool is_list(std::string_view body);

// What the error bodies of Kong and Konnect contain; every part may be missing.
struct KongError {
  std::string message;
  int code = 0;      // Kong: kong/db/errors.lua, 12 is not possible without a database
  std::string trace; // Konnect's "instance", by which its support finds a request
};
std::optional<KongError> parse_error(std::string_view body);

bool is_uuid(std::string_view text); // 8-4-4-4-12 hexadecimal digits
bool is_hmac(std::string_view algorithm);

std::string quoted(std::string_view text); // as a JSON string

// {"key": ..., "secret": ..., "algorithm": ..., "tags": [...]}; without tags no such member.
Secret create_body(std::string_view key, std::string_view secret, std::string_view algorithm,
                   const std::vector<std::string>& tags);

// --- a consumer's whole list

struct ReadPage {
  std::vector<StoredCredential> credentials;
  std::string next_query; // "?offset=..."; empty after the last page
};
using PageReader = std::function<sdk::Result<ReadPage>(const std::string& query)>;

// Reads from `first_query` on. Pages that go in a circle, and more than 20 of them, are corrupt.
sdk::Result<std::vector<StoredCredential>> read_pages(sdk::Call& call, std::string first_query, const PageReader& read);

// The page that a 200 carries. Wipes the answer's body, which holds secrets, and logs what is left out.
sdk::Result<CredentialPage> take_page(sdk::Call& call, sdk::HttpResponse& answer);

// The query of a link to the next page, with its question mark. A link is a path with a query, and only its
// query is used, on the path that authd made itself: so nothing that answers can lead authd to another host
// or to another consumer.
sdk::Result<std::string> query_of_link(sdk::Call& call, const std::string& link);

// Stops at the first that the sink does not take.
sdk::Status put_all(const std::vector<StoredCredential>& credentials, sdk::CredentialSink& out);
sdk::Status put(const StoredCredential& credential, sdk::CredentialSink& out);

} // namespace authd::kong_admin
