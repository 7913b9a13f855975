// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/key_ring.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/base64url.h"
#include "pipeline/hmac.h"

namespace authd::modules::keys {
namespace {

using Failed = authd::Failure<CallFailure>;

Failed failed(CallStatus status, std::string why) {
  return Failed(CallFailure{status, 0, milliseconds(0), std::move(why)});
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Active keys first, because some verifiers take the first of an algorithm.
bool is_shown_before(const Key& a, const Key& b) {
  const auto rank = [](const Key& key) {
    return std::pair(key.state == State::active ? 0 : key.state == State::next ? 1 : 2, std::string_view(key.kid));
  };
  return rank(a) < rank(b);
}

std::string etag_of(std::string_view json) {
  const auto digits = pipeline::hex_of_first<16>(pipeline::sha256(json, ""));
  return fmt::format("\"{}\"", std::string_view(digits.data(), digits.size()));
}

} // namespace

KeyRing::KeyRing(RecordStore& store, plugin::Signer signer, Rotation rotation, std::string instance,
                 const MovableClock& clock, Log& log, std::shared_ptr<SigningObserver> observer)
    : clock_(clock), observer_(std::move(observer)),
      rotator_(store, std::move(signer), std::move(rotation), std::move(instance), log),
      snapshot_(std::make_shared<Snapshot>()) {}

std::shared_ptr<const KeyRing::Snapshot> KeyRing::snapshot() const {
  const std::shared_lock lock(mutex_);
  return snapshot_;
}

bool KeyRing::is_algorithm(std::string_view algorithm) const {
  return contains(rotator_.rotation().algorithms, algorithm);
}

bool KeyRing::is_read() const { return snapshot()->is_read; }

bool KeyRing::can_sign() const {
  const auto keys = snapshot();
  const auto& wanted = algorithms();
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& algorithm) { return keys->active.contains(algorithm); });
}

bool KeyRing::signs_inline(std::string_view algorithm) const {
  return rotator_.signer().signs_inline(algorithm.empty() ? default_algorithm() : algorithm);
}

Result<std::string, CallFailure> KeyRing::sign(Call& call, std::string_view algorithm, std::string_view type,
                                               std::string_view claims) const {
  const std::string_view wanted = algorithm.empty() ? default_algorithm() : algorithm;
  if (!is_algorithm(wanted)) return failed(CallStatus::invalid, fmt::format("signer.algorithms has no {}", wanted));
  const auto keys = snapshot();
  const auto active = keys->active.find(wanted);
  if (active == keys->active.end())
    return failed(CallStatus::unavailable, fmt::format("there is no active key for {} yet", wanted));
  const RingKey& key = keys->by_kid.at(active->second);
  if (!key.held)
    return failed(CallStatus::unavailable,
                  fmt::format("the signer does not have key {}, which is active", active->second));
  std::string token;
  append_base64url(token, fmt::format(R"({{"typ":"{}","alg":"{}","kid":"{}"}})", type, wanted, active->second));
  token += '.';
  append_base64url(token, claims);
  const auto began = std::chrono::steady_clock::now();
  std::string signature;
  if (auto signed_in = rotator_.signer().sign(call, key.signer_id, token, signature); !signed_in)
    return Failed(std::move(signed_in.error()));
  if (observer_ != nullptr) observer_->signed_in(wanted, std::chrono::steady_clock::now() - began);
  token += '.';
  append_base64url(token, signature);
  return token;
}

// RFC 8725: the algorithm is that of the key, whatever the token says, so neither "none" nor a symmetric one can be.
Result<CheckedClaims, CallFailure> KeyRing::verify(std::string_view token, const Expectation& expected) const {
  const auto invalid = [](std::string why) {
    return failed(CallStatus::invalid, "the token is refused: " + std::move(why));
  };
  auto parts = take_apart(token);
  if (!parts) return invalid(std::move(parts.error()));
  const auto keys = snapshot();
  const auto key = keys->by_kid.find(parts->kid);
  if (key == keys->by_kid.end()) return invalid("its kid names no key of ours");
  const VerifyingKey& verifying = key->second.verifying;
  if (parts->algorithm != verifying.algorithm()) return invalid("its alg is not that of its key");
  if (!expected.algorithms.empty() && !contains(expected.algorithms, verifying.algorithm()))
    return invalid("its alg is none that is expected");
  if (!expected.type.empty() && !is_type(parts->type, expected.type)) return invalid("its typ is not the one expected");
  if (!verifying.verifies(parts->signed_part, parts->signature)) return invalid("its signature is wrong");
  auto checked = check_claims(*parts, expected, now_ms());
  if (!checked) return invalid(std::move(checked.error()));
  return std::move(*checked);
}

PublishedKeys KeyRing::published() const {
  const auto keys = snapshot();
  return {keys->json, keys->etag, now_ms() < keys->emergency_end_ms ? kMaxAgeInEmergency : kMaxAge};
}

Result<void, CallFailure> KeyRing::look(Call& call) {
  const std::lock_guard work(work_);
  return refresh(call);
}

Result<void, CallFailure> KeyRing::refresh(Call& call) {
  const auto keys = rotator_.look(call, now_ms());
  if (!keys) return Failed(keys.error());
  if (is_shown(*keys)) return {};
  auto next = made_of(*keys);
  const std::unique_lock lock(mutex_);
  snapshot_.swap(next);
  return {};
}

Result<void, CallFailure> KeyRing::rotate(Call& call, std::string_view algorithm, bool emergency) {
  if (!is_algorithm(algorithm))
    return failed(CallStatus::invalid, fmt::format("signer.algorithms has no {}", algorithm));
  const std::lock_guard work(work_);
  auto done =
      emergency ? rotator_.rotate_in_emergency(call, algorithm, now_ms()) : rotator_.rotate(call, algorithm, now_ms());
  if (!done) return done;
  return refresh(call);
}

std::vector<KeyRing::Listed> KeyRing::list() const { return snapshot()->all; }

std::map<State, int> KeyRing::counts() const {
  std::map<State, int> counts{{State::next, 0}, {State::active, 0}, {State::retained, 0}};
  for (const Listed& listed : snapshot()->all)
    if (listed.key.is_published()) ++counts[listed.key.state];
  return counts;
}

bool KeyRing::is_shown(const std::vector<Key>& keys) const {
  const auto shown = snapshot();
  return shown->is_read && shown->all.size() == keys.size() &&
         std::all_of(keys.begin(), keys.end(), [&](const Key& key) {
           return std::any_of(shown->all.begin(), shown->all.end(), [&](const Listed& listed) {
             return listed.key.kid == key.kid && listed.key.version == key.version &&
                    listed.held == rotator_.holds(key);
           });
         });
}

std::shared_ptr<const KeyRing::Snapshot> KeyRing::made_of(const std::vector<Key>& keys) const {
  auto made = std::make_shared<Snapshot>();
  made->is_read = true;
  std::vector<Key> shown = keys;
  std::sort(shown.begin(), shown.end(), is_shown_before);
  made->emergency_end_ms = emergency_end_ms(keys);
  made->json = R"({"keys":[)";
  for (Key& key : shown) {
    const bool held = rotator_.holds(key);
    auto verifying = key.is_published() ? VerifyingKey::parse(key.algorithm, key.public_key) : std::nullopt;
    if (verifying && verifying->kid() == key.kid) {
      made->json.append(made->by_kid.empty() ? "" : ",").append(verifying->jwk());
      if (key.state == State::active) made->active[key.algorithm] = key.kid;
      made->by_kid.try_emplace(key.kid, RingKey{std::move(*verifying), key.signer_id, held});
    }
    made->all.push_back({std::move(key), held});
  }
  made->json += "]}";
  made->etag = etag_of(made->json);
  return made;
}

} // namespace authd::modules::keys
