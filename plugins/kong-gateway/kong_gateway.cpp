// SPDX-License-Identifier: Apache-2.0
#include "kong_gateway.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "admin_url.h"
#include "kong_answer.h"

namespace authd::kong {
namespace {

using sdk::Call;
using sdk::Result;
using sdk::Status;

constexpr std::size_t kMostPages = 20; // of 100 credentials each; the host takes 1,024

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string base_of(std::string_view url) {
  try {
    return admin_base(url);
  } catch (const std::invalid_argument& why) {
    throw std::invalid_argument(std::string("gateway.admin_url: ") + why.what());
  }
}

std::string header_of(std::string_view name) {
  constexpr std::string_view kNotInNames = "\"(),/:;<=>?@[\\]{}"; // RFC 9110, section 5.6.2
  if (name.empty() || !is_visible(name) || name.find_first_of(kNotInNames) != std::string_view::npos)
    throw std::invalid_argument("gateway.admin_token_header: is not the name of a header");
  return std::string(name);
}

SecretText token_of(std::string_view setting) {
  constexpr std::string_view kBearer = "bearer ";
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b); };
  if (setting.size() >= kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), setting.begin(), [&](char b, char a) { return same(a, b); }))
    setting.remove_prefix(kBearer.size());
  if (!is_visible(setting))
    throw std::invalid_argument("gateway.admin_token: must be visible ASCII without blanks");
  return SecretText(std::string(setting));
}

// Bodies of credential lists hold secrets.
void wipe(std::string& body) {
  explicit_bzero(body.data(), body.size());
  body.clear();
}

Status put(const StoredCredential& c, sdk::CredentialSink& out) {
  return out.put({.id = c.id,
                  .key = c.key,
                  .algorithm = c.algorithm,
                  .secret = c.secret.reveal(),
                  .created_at = c.created_at});
}

} // namespace

KongGateway::KongGateway(sdk::Host host, const sdk::Config& config, Call&)
    : http_(host), base_(base_of(config.required_string("/admin_url"))),
      token_header_(header_of(config.string("/admin_token_header", "Kong-Admin-Token"))),
      token_(token_of(config.string("/admin_token"))),
      pool_size_(static_cast<std::uint32_t>(config.integer("/pool_size", 10))),
      connect_timeout_(config.duration("/connect_timeout", sdk::milliseconds(5000))) {}

Status KongGateway::get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto credentials = list(call, *url + "/jwt");
  if (!credentials) return credentials.status();
  for (const StoredCredential& c : *credentials)
    if (const Status status = put(c, out); status != Status::ok) return status;
  return Status::ok;
}

// Kong's `next` is a path of its own; only its query is used, on the path that authd made. So nothing
// that answers can lead authd to another host or to another consumer.
Result<std::vector<StoredCredential>> KongGateway::list(Call& call, const std::string& url) const {
  std::vector<StoredCredential> all;
  std::vector<std::string> queries{""};
  while (queries.size() <= kMostPages) {
    auto next = read_page(call, url + queries.back(), all);
    if (!next) return next.status();
    if (next->empty()) return all;
    if (std::find(queries.begin(), queries.end(), *next) != queries.end())
      return call.fail(Status::corrupt, "Kong's pages of credentials go in a circle");
    queries.push_back(std::move(*next));
  }
  return call.fail(Status::corrupt, "this consumer has more than " + std::to_string(kMostPages) +
                                        " pages of credentials; delete old ones");
}

Result<std::string> KongGateway::read_page(Call& call, const std::string& url,
                                           std::vector<StoredCredential>& into) const {
  auto answer = send(call, "GET", url);
  if (!answer) return answer.status();
  if (answer->status == 400 && url.find('?') != std::string::npos)
    return call.fail(Status::corrupt, "Kong refuses the offset that it gave for the next page", 400);
  if (answer->status != 200) return classify(call, *answer);
  auto page = parse_credential_page(answer->body);
  wipe(answer->body);
  if (!page) return call.fail(Status::corrupt, "Kong answered no list of credentials", 200);
  for (const std::string& why : page->skipped) call.log(sdk::Level::warn, "credential-skipped", why);
  std::move(page->credentials.begin(), page->credentials.end(), std::back_inserter(into));
  if (!page->next) return std::string();
  const auto query = page->next->find('?');
  if (!page->next->starts_with('/') || query == std::string::npos || !is_visible(*page->next) ||
      page->next->find('#') != std::string::npos)
    return call.fail(Status::corrupt, "Kong's link to the next page is not a path with a query", 200);
  return page->next->substr(query);
}

Status KongGateway::create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                                  sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const SecretText body = create_body(proposal.key, proposal.secret, proposal.algorithm);
  auto answer = send(call, "POST", *url + "/jwt", body.reveal());
  if (!answer) return answer.status();
  if (answer->status != 201) return classify(call, *answer);
  const auto created = parse_credential(answer->body);
  wipe(answer->body);
  if (!created) return call.fail(Status::corrupt, "Kong answered no credential to its creation", 201);
  return put(*created, out);
}

Status KongGateway::delete_secret(Call& call, std::string_view consumer, std::string_view credential_id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto id = path_segment(credential_id);
  if (!id) return call.fail(Status::invalid, "this credential id cannot stand in a URL");
  const auto answer = send(call, "DELETE", *url + "/jwt/" + *id);
  if (!answer) return answer.status();
  if (answer->status == 204) return Status::ok;
  const Status status = classify(call, *answer);
  return status == Status::not_found ? Status::ok : status;
}

Status KongGateway::resolve(Call& call, std::string_view consumer, sdk::ByteSink& id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto answer = send(call, "GET", *url);
  if (!answer) return answer.status();
  if (answer->status != 200) return classify(call, *answer);
  const auto found = parse_consumer_id(answer->body);
  if (!found) return call.fail(Status::corrupt, "Kong answered no consumer with an id", 200);
  return id.put(*found);
}

// /status is 200 also while Kong's database is down, and then Kong cannot answer get_secret.
Status KongGateway::probe(Call& call, sdk::HealthReport& out) {
  out.endpoint(base_);
  const auto answer = send(call, "GET", base_ + "/status");
  if (!answer) return answer.status();
  if (answer->status != 200) return classify(call, *answer);
  const auto reachable = parse_database_reachable(answer->body);
  if (!reachable) return call.fail(Status::corrupt, "what answers /status is not Kong's Admin API", 200);
  if (!*reachable) out.down("Kong does not reach its database");
  return Status::ok;
}

Result<sdk::HttpResponse> KongGateway::send(Call& call, std::string_view method, const std::string& url,
                                            std::string_view body) const {
  sdk::HttpRequest request{.method = method, .url = url, .body = body};
  request.headers.emplace_back("Accept", "application/json");
  if (!token_.reveal().empty()) request.headers.emplace_back(token_header_, token_.reveal());
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.idempotent = method != "POST";
  request.pool_size = pool_size_;
  request.connect_timeout = connect_timeout_;
  return http_.exchange(call, request);
}

Result<std::string> KongGateway::consumer_url(Call& call, std::string_view consumer) const {
  const auto segment = path_segment(consumer);
  if (!segment) return call.fail(Status::invalid, "this consumer's name cannot stand in a URL");
  return base_ + "/consumers/" + *segment;
}

} // namespace authd::kong
