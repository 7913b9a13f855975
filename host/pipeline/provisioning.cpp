// SPDX-License-Identifier: Apache-2.0
#include "pipeline/provisioning.h"

#include <cctype>

#include <fmt/format.h>

#include "base/random.h"
#include "base/uuid.h"

namespace authd::pipeline {
namespace {

constexpr unsigned kMaxKeys = 3;
constexpr std::size_t kSecretBytes = 32;

GatewayAnswer answer_of(plugin::Failure failure) {
  using Kind = GatewayAnswer::Kind;
  using plugin::Status;
  const bool unknown = failure.status == Status::not_found || failure.status == Status::invalid;
  return {unknown ? Kind::unknown : Kind::failed, {}, {}, std::move(failure)};
}

GatewayAnswer no_credential(std::string detail) {
  return {GatewayAnswer::Kind::no_credential, {}, std::move(detail), {}};
}

// For the client. It does not matter for a list that is empty.
std::string why_none_signs(const Selection& selection) {
  if (selection.all_asymmetric)
    return "The consumer's credentials are asymmetric: authd has nothing to sign with";
  return fmt::format(
      "None of the consumer's {} credential{} can sign: HS256, HS384 or HS512 with a key and a secret is "
      "needed",
      selection.listed, selection.listed == 1 ? "" : "s");
}

// Times one gateway call and reports it.
template <class Operation>
auto reported(Recorder& recorder, std::string_view name, Operation&& operation) {
  const SteadyTime start = steady_now();
  auto result = operation();
  const plugin::Failure* failure = result ? nullptr : &result.error();
  recorder.gateway_called({name, failure ? failure->status : plugin::Status::ok, steady_now() - start, failure});
  return result;
}

} // namespace

std::string proposed_key(std::string_view consumer_uuid, unsigned attempt) {
  std::string seed(consumer_uuid);
  for (char& c : seed) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  seed += fmt::format("#{}", attempt);
  const auto digest = sha256("authd credential 1:", seed);
  std::string key = "authd-";
  for (std::size_t i = 0; i < 16; ++i) key += fmt::format("{:02x}", static_cast<unsigned char>(digest[i]));
  return key;
}

GatewayAnswer CredentialSource::find_or_create(plugin::Call& call, std::string_view consumer) const {
  GatewayAnswer listed = list(call, consumer);
  if (listed.kind != GatewayAnswer::Kind::no_credential || listed.selection.none_can_sign()) return listed;
  if (!auto_provision_) return no_credential("The consumer has no JWT credential and auto_provision is off");
  if (!gateway_.can_create()) {
    return no_credential("The consumer has no JWT credential and this gateway cannot create one");
  }
  return create(call, consumer);
}

GatewayAnswer CredentialSource::list(plugin::Call& call, std::string_view consumer) const {
  auto listed = reported(recorder_, "list", [&] { return gateway_.get_secret(call, consumer); });
  if (!listed) return answer_of(std::move(listed.error()));
  Selection selection = select_credentials(std::move(*listed));
  if (!selection.usable.empty()) return {GatewayAnswer::Kind::found, std::move(selection), {}, {}};
  GatewayAnswer none = no_credential(why_none_signs(selection));
  none.selection = std::move(selection);
  return none;
}

Result<std::string, plugin::Failure> CredentialSource::uuid_of(plugin::Call& call,
                                                               std::string_view consumer) const {
  if (is_uuid(consumer)) return std::string(consumer);
  return reported(recorder_, "resolve", [&] { return gateway_.resolve(call, consumer); });
}

GatewayAnswer CredentialSource::create(plugin::Call& call, std::string_view consumer) const {
  auto uuid = uuid_of(call, consumer);
  if (!uuid) return answer_of(std::move(uuid.error()));
  for (unsigned attempt = 0; attempt < kMaxKeys; ++attempt) {
    const plugin::Proposal proposal{proposed_key(*uuid, attempt), "HS256",
                                    Secret(random_base64url(kSecretBytes))};
    auto created =
        reported(recorder_, "create", [&] { return gateway_.create_secret(call, consumer, proposal); });
    if (created) {
      std::vector<plugin::GatewayCredential> one;
      one.push_back(std::move(*created));
      Selection selection = select_credentials(std::move(one));
      if (!selection.usable.empty()) return {GatewayAnswer::Kind::found, std::move(selection), {}, {}};
      return answer_of({plugin::Status::corrupt, 0, {}, "the gateway created a credential that cannot sign"});
    }
    if (created.error().status == plugin::Status::unsupported) {
      return no_credential("The consumer has no JWT credential and the gateway refuses to create one");
    }
    if (created.error().status != plugin::Status::conflict) return answer_of(std::move(created.error()));
    // Another instance won, or somebody else's credential has this key: only the list can tell.
    GatewayAnswer again = list(call, consumer);
    if (again.kind != GatewayAnswer::Kind::no_credential || again.selection.none_can_sign()) return again;
  }
  return no_credential("The consumer has no JWT credential and every key proposed for one is taken");
}

} // namespace authd::pipeline
