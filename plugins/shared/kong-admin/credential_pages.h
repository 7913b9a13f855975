// SPDX-License-Identifier: Apache-2.0
// A consumer's whole list of credentials, page by page.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "authd/gateway.hpp"
#include "authd/http_client.hpp"
#include "credential_json.h"

namespace authd::kong {

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

} // namespace authd::kong
