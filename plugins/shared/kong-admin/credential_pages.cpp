// SPDX-License-Identifier: Apache-2.0
#include "credential_pages.h"

#include <algorithm>
#include <iterator>

#include "admin_url.h"
#include "secret_text.h"

namespace authd::kong {
namespace {

using sdk::Call;
using sdk::Result;
using sdk::Status;

constexpr std::size_t kMostPages = 20; // of at least 100 credentials each; the host takes 1,024

} // namespace

Result<std::vector<StoredCredential>> read_pages(Call& call, std::string first_query, const PageReader& read) {
  std::vector<StoredCredential> all;
  std::vector<std::string> queries{std::move(first_query)};
  while (queries.size() <= kMostPages) {
    auto page = read(queries.back());
    if (!page) return page.status();
    std::move(page->credentials.begin(), page->credentials.end(), std::back_inserter(all));
    if (page->next_query.empty()) return all;
    if (std::find(queries.begin(), queries.end(), page->next_query) != queries.end())
      return call.fail(Status::corrupt, "Kong's pages of credentials go in a circle");
    queries.push_back(std::move(page->next_query));
  }
  return call.fail(Status::corrupt, "this consumer has more than " + std::to_string(kMostPages) +
                                        " pages of credentials; delete old ones");
}

Result<CredentialPage> take_page(Call& call, sdk::HttpResponse& answer) {
  auto page = parse_credential_page(answer.body);
  wipe(answer.body);
  if (!page) return call.fail(Status::corrupt, "Kong answered no list of credentials", 200);
  for (const std::string& why : page->skipped) call.log(sdk::Level::warn, "credential-skipped", why);
  return std::move(*page);
}

Result<std::string> query_of_link(Call& call, const std::string& link) {
  const auto query = link.find('?');
  if (!link.starts_with('/') || query == std::string::npos || !is_visible(link) || link.find('#') != std::string::npos)
    return call.fail(Status::corrupt, "Kong's link to the next page is not a path with a query", 200);
  return link.substr(query);
}

Status put(const StoredCredential& c, sdk::CredentialSink& out) {
  return out.put(
      {.id = c.id, .key = c.key, .algorithm = c.algorithm, .secret = c.secret.reveal(), .created_at = c.created_at});
}

Status put_all(const std::vector<StoredCredential>& credentials, sdk::CredentialSink& out) {
  for (const StoredCredential& c : credentials)
    if (const Status status = put(c, out); status != Status::ok) return status;
  return Status::ok;
}

} // namespace authd::kong
