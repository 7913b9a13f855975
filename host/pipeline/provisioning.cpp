// SPDX-License-Identifier: Apache-2.0
#include "pipeline/provisioning.h"

#include <cctype>

#include <fmt/format.h>

#include "base/random.h"

namespace authd::pipeline {
namespace {

constexpr unsigned kMaxKeys = 3;

// "create: denied (403): Invalid RBAC credentials"
std::string told(std::string_view operation, const CallFailure& failure) {
  std::string text = fmt::format("{}: {}", operation, name_of(failure.status));
  if (failure.upstream_status != 0) text += fmt::format(" ({})", failure.upstream_status);
  if (!failure.message.empty()) text.append(": ").append(failure.message);
  return text;
}

GatewayAnswer unknown(std::string reason) { return {GatewayAnswer::Kind::unknown, {}, {}, {}, std::move(reason)}; }

GatewayAnswer failed(Error error) { return {GatewayAnswer::Kind::failed, {}, {}, std::move(error)}; }

// What the client is told is a fixed text; the gateway's own words are in the log.
GatewayAnswer unavailable(std::string_view operation, const CallFailure& failure, const GuardedCalls& calls) {
  if (auto paused = calls.guard().refusal(GatewayUse::read, steady_now(), calls.recorder());
      paused && failure.status == CallStatus::rate_limited) {
    paused->reason = told(operation, failure);
    return failed(std::move(*paused));
  }
  constexpr seconds kRetrySoon{1};
  return failed({Code::gateway_unavailable, "The API gateway is unavailable",
                 std::max(kRetrySoon, std::chrono::ceil<seconds>(failure.retry_after)), told(operation, failure)});
}

GatewayAnswer made(GatewayAnswer answer) {
  answer.made = true;
  return answer;
}

// What the gateway will not do for this consumer, however often it is asked: Kong's 400, 401, 403, 405 and 413, and
// a 404 that it did not say itself.
bool is_refusal(CallStatus status) {
  return status == CallStatus::invalid || status == CallStatus::denied || status == CallStatus::unsupported;
}

GatewayAnswer no_credential(std::string detail, std::string reason = {}) {
  return {GatewayAnswer::Kind::no_credential, {}, std::move(detail), {}, std::move(reason)};
}

// For the client. It does not matter for a list that is empty.
std::string why_none_signs(const Selection& selection) {
  if (selection.all_asymmetric) return "The consumer's credentials are asymmetric: authd cannot sign with them";
  return fmt::format("None of the consumer's {} credential{} can sign: expected HS256, HS384 or HS512 "
                     "with a key and a secret",
                     selection.listed, selection.listed == 1 ? "" : "s");
}

// One call to the gateway, if the guard admits it: timed, reported and judged.
template <class Operation>
auto guarded(GuardedCalls& calls, Call& call, GatewayUse use, std::string_view name, Operation&& operation)
    -> Result<decltype(operation()), Error> {
  if (auto refused = calls.admit(use, name)) return Failure<>(std::move(*refused));
  const SteadyTime start = steady_now();
  calls.begin_step(name, call.begin_span());
  auto result = operation();
  const CallFailure* failure = result ? nullptr : &result.error();
  const CallStatus status = failure ? failure->status : CallStatus::ok;
  calls.end_step(name_of(status), call.take_attempts());
  calls.recorder().gateway_called({name, status, steady_now() - start, failure, call.trace()});
  if (!failure && use == GatewayUse::read) calls.guard().prove_base();
  const bool not_found = failure && failure->status == CallStatus::not_found;
  calls.judge(failure, not_found && !calls.guard().base_is_proved());
  return result;
}

} // namespace

std::string proposed_key(std::string_view consumer_uuid, unsigned attempt) {
  std::string seed(consumer_uuid);
  for (char& c : seed) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  seed += fmt::format("#{}", attempt);
  const auto digits = hex_of_first<16>(sha256("authd credential 1:", seed));
  return std::string("authd-").append(digits.data(), digits.size());
}

GatewayAnswer CredentialSource::find_or_create(Call& call, std::string_view consumer, GuardedCalls& calls) const {
  GatewayAnswer listed = list(call, consumer, calls);
  if (listed.kind != GatewayAnswer::Kind::no_credential || listed.selection.none_can_sign()) return listed;
  if (!creates_) return no_credential("The consumer has no JWT credential and auto_provision is off");
  if (!gateway_.can_create()) {
    return no_credential("The consumer has no JWT credential and this gateway cannot create one");
  }
  return create(call, consumer, calls);
}

GatewayAnswer CredentialSource::list(Call& call, std::string_view consumer, GuardedCalls& calls) const {
  auto asked = guarded(calls, call, GatewayUse::read, "list", [&] { return gateway_.get_secret(call, consumer); });
  if (!asked) return failed(std::move(asked.error()));
  auto& listed = *asked;
  if (!listed) {
    if (listed.error().status == CallStatus::not_found) return not_found(call, calls);
    if (listed.error().status == CallStatus::invalid) return unknown(told("list", listed.error()));
    return unavailable("list", listed.error(), calls);
  }
  Selection selection = select_credentials(std::move(*listed));
  if (!selection.usable.empty()) return {GatewayAnswer::Kind::found, std::move(selection), {}, {}};
  GatewayAnswer none = no_credential(why_none_signs(selection));
  none.selection = std::move(selection);
  return none;
}

// A wrong base URL answers 404 to everything. Until the base has proved itself, its probe decides; one probe for all
// who wait.
GatewayAnswer CredentialSource::not_found(Call& call, GuardedCalls& calls) const {
  constexpr const char* kNoSuchConsumer = "the gateway does not know this consumer";
  if (calls.guard().base_is_proved()) return unknown(kNoSuchConsumer);
  calls.begin_step("probe");
  const auto health = health_.wait_for_answer(steady_now() + milliseconds(call.patience_ms()));
  calls.end_step(name_of(health ? health->status : CallStatus::timeout));
  if (calls.guard().base_is_proved()) return unknown(kNoSuchConsumer);
  CallFailure failure{CallStatus::unavailable, 0, {}, {}};
  failure.message = fmt::format(
      "{} answered \"not found\", and no request under this base URL has succeeded yet (probe: {}). Check the "
      "gateway's URL",
      health && !health->endpoint.empty() ? health->endpoint : std::string("the gateway"),
      health ? health->detail : std::string("no answer in time"));
  calls.recorder().gateway_called({"probe", failure.status, {}, &failure, call.trace()});
  return unavailable("probe", failure, calls);
}

// The gateway's id of the consumer, or the answer for who asks for its credentials.
Result<std::string, GatewayAnswer> CredentialSource::resolve(Call& call, std::string_view consumer,
                                                             GuardedCalls& calls) const {
  using Refused = Failure<GatewayAnswer>;
  auto asked = guarded(calls, call, GatewayUse::read, "resolve", [&] { return gateway_.resolve(call, consumer); });
  if (!asked) return Refused(failed(std::move(asked.error())));
  if (*asked) return std::move(**asked);
  const CallFailure& why = asked->error();
  if (why.status == CallStatus::not_found) return Refused(not_found(call, calls));
  if (why.status == CallStatus::invalid) return Refused(unknown(told("resolve", why)));
  return Refused(unavailable("resolve", why, calls));
}

Identity CredentialSource::identify(Call& call, std::string_view consumer, GuardedCalls& calls) const {
  const auto of = [](GatewayAnswer::Kind kind) {
    return Identity{kind == GatewayAnswer::Kind::unknown ? Identity::Kind::unknown : Identity::Kind::silent};
  };
  if (gateway_.can_resolve()) {
    auto resolved = resolve(call, consumer, calls);
    return resolved ? Identity{Identity::Kind::known, std::move(*resolved)} : of(resolved.error().kind);
  }
  const GatewayAnswer listed = list(call, consumer, calls);
  const bool known = listed.kind == GatewayAnswer::Kind::found || listed.kind == GatewayAnswer::Kind::no_credential;
  return known ? Identity{Identity::Kind::known, std::string(consumer)} : of(listed.kind);
}

GatewayAnswer CredentialSource::create(Call& call, std::string_view consumer, GuardedCalls& calls) const {
  std::string uuid(consumer);
  if (!is_uuid(consumer)) {
    auto resolved = resolve(call, consumer, calls);
    if (!resolved) return std::move(resolved.error());
    uuid = std::move(*resolved);
  }
  for (unsigned attempt = 0; attempt < kMaxKeys; ++attempt) {
    auto settled = create_with_key(call, consumer, proposed_key(uuid, attempt), calls);
    if (!settled) continue;
    if (settled->made && uuid != consumer) settled->id = std::move(uuid);
    return std::move(*settled);
  }
  return no_credential("The consumer has no JWT credential and every proposed key is taken");
}

plugin::Proposal propose(std::string key, Algorithm algorithm) {
  return {std::move(key), std::string(name_of(algorithm)), Secret(random_base64url(mac_bytes(algorithm)))};
}

// nullopt: a credential of another consumer has this key.
std::optional<GatewayAnswer> CredentialSource::create_with_key(Call& call, std::string_view consumer, std::string key,
                                                               GuardedCalls& calls) const {
  const plugin::Proposal proposal = propose(std::move(key), *creates_);
  auto asked = guarded(calls, call, GatewayUse::create, "create",
                       [&] { return gateway_.create_secret(call, consumer, proposal); });
  if (!asked) return failed(std::move(asked.error()));
  auto& created = *asked;
  if (created) {
    std::vector<plugin::GatewayCredential> one;
    one.push_back(std::move(*created));
    Selection selection = select_credentials(std::move(one));
    if (selection.usable.empty()) {
      return made(unavailable("create", {CallStatus::corrupt, 0, {}, "the created credential cannot sign"}, calls));
    }
    return made({GatewayAnswer::Kind::found, std::move(selection), {}, {}});
  }
  const CallStatus status = created.error().status;
  if (status == CallStatus::not_found) return unknown(told("create", created.error()));
  if (is_refusal(status)) {
    return no_credential("The consumer has no JWT credential and the gateway refuses to create one",
                         told("create", created.error()));
  }
  if (status == CallStatus::rate_limited) return unavailable("create", created.error(), calls);
  // It may have been carried out.
  if (status != CallStatus::conflict) return made(unavailable("create", created.error(), calls));
  // Another instance won, or another consumer's credential has this key: only the list can tell.
  GatewayAnswer again = list(call, consumer, calls);
  if (again.kind != GatewayAnswer::Kind::no_credential || again.selection.none_can_sign()) return again;
  return std::nullopt;
}

} // namespace authd::pipeline
