// SPDX-License-Identifier: Apache-2.0
#include "daemon/signing_keys.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "authd/signer.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "plugin/signer.h"

namespace authd::daemon {
namespace {

using endpoints::AdminActions;
using modules::keys::KeyRing;

constexpr milliseconds kLookEvery{500}, kBetweenFirstLooks{50};
constexpr seconds kPatience{5}, kOperatorsPatience{50};
constexpr std::size_t kInstanceBytes = 12;

modules::keys::Rotation rotation_of(const config::Signing& signing) {
  modules::keys::Rotation rotation;
  rotation.algorithms = signing.algorithms;
  rotation.rotate_every = signing.rotate_every;
  return rotation;
}

std::shared_ptr<plugin::Instance> signer_among(const PluginSet& plugins) {
  for (const PluginSet::Running* running : plugins.running())
    if (running->kind == AUTHD_SIGNER_V1) return running->instance;
  return nullptr;
}

std::string date_of(std::int64_t ms) { return iso8601(WallTime(milliseconds(ms))); }

std::string json_of(const std::vector<KeyRing::Listed>& keys) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("keys").begin_array();
  for (const auto& [key, held] : keys) {
    json.begin_object().member("kid", key.kid).member("algorithm", key.algorithm);
    json.member("state", name_of(key.state)).member("since", date_of(key.since_ms));
    json.member("created", date_of(key.created_ms)).member("emergency", key.emergency);
    json.member("signerId", key.signer_id).member("held", held).end_object();
  }
  json.end_array().end_object();
  return body;
}

int status_for(CallStatus status) {
  if (status == CallStatus::conflict) return 409;
  return status == CallStatus::invalid ? 400 : 503;
}

AdminActions::KeysOutcome no_signer() { return {404, "There is no [signer], so authd has no keys of its own"}; }

} // namespace

// auth_sign_seconds.
class SigningKeys::Observer final : public modules::keys::SigningObserver {
 public:
  Observer(telemetry::Metrics& metrics, const std::vector<std::string>& algorithms) : metrics_(metrics) {
    for (const std::string& algorithm : algorithms)
      histograms_[algorithm] = metrics.histogram(telemetry::Id::auth_sign, {algorithm});
  }
  void signed_in(std::string_view algorithm, std::chrono::nanoseconds took) override {
    const auto at = histograms_.find(algorithm);
    if (at != histograms_.end()) metrics_.observe(at->second, took);
  }

 private:
  telemetry::Metrics& metrics_;
  std::map<std::string, telemetry::Metrics::Histogram, std::less<>> histograms_;
};

SigningKeys::SigningKeys(const PluginSet& plugins, const config::Config& config, const ServiceSources& sources,
                         telemetry::Metrics& metrics, Log& log)
    : tokens_(sources.tokens), log_(log) {
  auto signer = signer_among(plugins);
  if (signer == nullptr) return;
  ring_ = std::make_shared<KeyRing>(sources.store, plugin::Signer(std::move(signer)), rotation_of(config.signing),
                                    random_base64url(kInstanceBytes), tokens_.clock(), log,
                                    std::make_shared<Observer>(metrics, config.signing.algorithms));
  look_for_first_keys();
  gauges_ = metrics.add_source([ring = ring_](telemetry::Reading& reading) {
    for (const auto& [state, count] : ring->counts())
      reading.set(telemetry::Id::auth_keys, {name_of(state)}, static_cast<double>(count));
  });
  tokens_.use(ring_);
  thread_ = std::thread([this] { work(); });
}

SigningKeys::~SigningKeys() {
  if (ring_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  tokens_.use(nullptr);
}

// Another instance, started at the same time, may be making them.
void SigningKeys::look_for_first_keys() {
  const SteadyTime until = steady_now() + kPatience;
  for (look(); !keys_fail_ && !ring_->can_sign() && steady_now() < until; look())
    std::this_thread::sleep_for(kBetweenFirstLooks);
}

void SigningKeys::work() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLookEvery, [this] { return ending_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void SigningKeys::look() {
  Call keys_call(steady_now() + kPatience), revoked_call(steady_now() + kPatience);
  tell_if_changed("signing keys", ring_->look(keys_call), keys_fail_);
  tell_if_changed("revoked tokens", tokens_.revoked().refresh(revoked_call), revoked_fail_);
}

void SigningKeys::tell_if_changed(const char* what, const Result<void, CallFailure>& outcome, bool& failing) {
  if (!outcome && !failing)
    log_.write(Level::error, "keys-not-read",
               fmt::format("the {} cannot be read from the store: {}", what, outcome.error().message));
  if (outcome && failing) log_.write(Level::info, "keys-read", fmt::format("the {} are read again", what));
  failing = !outcome;
}

AdminActions::KeysOutcome SigningKeys::list() const {
  return ring_ == nullptr ? no_signer() : AdminActions::KeysOutcome{200, json_of(ring_->list())};
}

AdminActions::KeysOutcome SigningKeys::rotate(std::string_view algorithm, bool emergency) {
  if (ring_ == nullptr) return no_signer();
  std::vector<std::string> wanted = ring_->algorithms();
  if (!algorithm.empty()) wanted = {std::string(algorithm)};
  Call call(steady_now() + kOperatorsPatience);
  for (const std::string& one : wanted)
    if (const auto done = ring_->rotate(call, one, emergency); !done)
      return {status_for(done.error().status), done.error().message};
  return list();
}

} // namespace authd::daemon
