// SPDX-License-Identifier: Apache-2.0
#include "kong_gateway.h"

#include "admin_answer.h"
#include "admin_url.h"
#include "authd/path_segment.hpp"
#include "credential_json.h"
#include "credential_tags.h"
#include "kong_answer.h"

namespace authd::kong {
namespace {

using sdk::Call;
using sdk::Result;
using sdk::Status;

std::string header_of(const sdk::Config& config, Call& call) {
  constexpr std::string_view kNotInNames = "\"(),/:;<=>?@[\\]{}"; // RFC 9110, section 5.6.2
  const std::string_view name = config.string("/admin_token_header", "Kong-Admin-Token");
  if (name.empty() || !is_visible(name) || name.find_first_of(kNotInNames) != std::string_view::npos)
    (void)call.refuse("/admin_token_header", "is not the name of a header");
  return std::string(name);
}

} // namespace

KongGateway::KongGateway(sdk::Host host, const sdk::Config& config, Call& call)
    : base_(admin_url_of(config, call)), client_(host, config, header_of(config, call), admin_token_of(config, call)),
      tags_(tags_of(config, call)) {}

Status KongGateway::get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto credentials =
      read_pages(call, "", [&](const std::string& query) { return read_page(call, *url + "/jwt" + query); });
  return credentials ? put_all(*credentials, out) : credentials.status();
}

Result<ReadPage> KongGateway::read_page(Call& call, const std::string& url) const {
  auto answer = client_.send(call, "GET", url);
  if (!answer) return answer.status();
  if (answer->status == 400 && url.find('?') != std::string::npos)
    return call.fail(Status::corrupt, "Kong refuses the offset that it gave for the next page", 400);
  if (answer->status != 200) return classify(call, *answer);
  auto page = take_page(call, *answer);
  if (!page) return page.status();
  if (!page->next) return ReadPage{std::move(page->credentials), {}};
  auto query = query_of_link(call, *page->next);
  if (!query) return query.status();
  return ReadPage{std::move(page->credentials), std::move(*query)};
}

Status KongGateway::create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                                  sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const SecretText body = create_body(proposal.key, proposal.secret, proposal.algorithm, tags_);
  auto answer = client_.send(call, "POST", *url + "/jwt", body.reveal());
  if (!answer) return answer.status();
  if (answer->status != 201) {
    const Status classified = classify(call, *answer);
    return refused_create(call, *answer, classified, "Kong").value_or(classified);
  }
  const auto created = parse_credential(answer->body);
  wipe(answer->body);
  if (!created) return call.fail(Status::corrupt, "Kong answered no credential to its creation", 201);
  return put(*created, out);
}

Status KongGateway::delete_secret(Call& call, std::string_view consumer, std::string_view credential_id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto id = sdk::path_segment(credential_id);
  if (!id) return call.fail(Status::invalid, "this credential id cannot stand in a URL");
  const auto answer = client_.send(call, "DELETE", *url + "/jwt/" + *id);
  if (!answer) return answer.status();
  if (answer->status == 204) return Status::ok;
  const Status status = classify(call, *answer);
  return status == Status::not_found ? Status::ok : status;
}

Status KongGateway::resolve(Call& call, std::string_view consumer, sdk::ByteSink& id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto answer = client_.send(call, "GET", *url);
  if (!answer) return answer.status();
  if (answer->status != 200) return classify(call, *answer);
  const auto found = parse_consumer_id(answer->body);
  if (!found) return call.fail(Status::corrupt, "Kong answered no consumer with an id", 200);
  return id.put(*found);
}

// /status is 200 also while Kong's database is down, and then Kong cannot answer get_secret.
Status KongGateway::probe(Call& call, sdk::HealthReport& out) {
  out.endpoint(base_);
  const auto answer = client_.send(call, "GET", base_ + "/status");
  if (!answer) return answer.status();
  if (answer->status == 404)
    return call.fail(Status::unavailable, "there is no /status; does gateway.admin_url name the Admin API?", 404);
  if (answer->status != 200) return classify(call, *answer);
  const auto reachable = parse_database_reachable(answer->body);
  if (!reachable) return call.fail(Status::corrupt, "what answers /status is not Kong's Admin API", 200);
  if (!*reachable) out.down("Kong does not reach its database");
  return Status::ok;
}

Result<std::string> KongGateway::consumer_url(Call& call, std::string_view consumer) const {
  const auto segment = sdk::path_segment(consumer);
  if (!segment) return call.fail(Status::invalid, "this consumer's name cannot stand in a URL");
  return base_ + "/consumers/" + *segment;
}

} // namespace authd::kong
