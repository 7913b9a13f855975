// SPDX-License-Identifier: Apache-2.0
#include "scripted_gateway.h"

#include <algorithm>
#include <stdexcept>

namespace authd::pipeline::test {
namespace {

std::string text(authd_str s) { return {s.p, s.n}; }
authd_str borrowed(const std::string& s) { return {s.data(), s.size()}; }

authd_status put_all(const authd_host* host, const authd_call* call, const Answer& answer,
                     const authd_credential_sink* sink) {
  for (const Listed& c : answer.credentials) {
    const authd_credential credential{sizeof(authd_credential),
                                      0,
                                      borrowed(c.id),
                                      borrowed(c.key),
                                      borrowed(c.algorithm),
                                      {reinterpret_cast<const std::uint8_t*>(c.secret.data()), c.secret.size()},
                                      c.created_at};
    if (const authd_status status = sink->put(sink, &credential); status != AUTHD_OK) return status;
  }
  if (answer.retry_after_ms == 0) return answer.status;
  const authd_error error{sizeof(authd_error), 0, 429, answer.retry_after_ms, {"slow down", 9}, {}};
  return host->fail(host, call, answer.status, &error);
}

ScriptedGateway& test_of(void* self) { return *static_cast<ScriptedGateway*>(self); }

} // namespace

struct ScriptedGateway::Tables {
  static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call*, void** self) {
    authd_value value{sizeof(authd_value), 0, 0, 0, {nullptr, 0}};
    const std::string pointer = "/test";
    const authd_status status = host->cfg_get(host, cfg, borrowed(pointer), &value);
    *self = reinterpret_cast<void*>(static_cast<std::intptr_t>(value.i));
    resolve_host() = host;
    return status;
  }
  static void destroy(void*) {}
  static const authd_host*& resolve_host() {
    static const authd_host* host = nullptr;
    return host;
  }

  static authd_status get_secret(void* self, const authd_call* call, authd_str consumer,
                                 const authd_credential_sink* sink) {
    test_of(self).on_call(*Call::from_abi(call));
    return put_all(resolve_host(), call, test_of(self).on_list(text(consumer)), sink);
  }
  static authd_status create_secret(void* self, const authd_call* call, authd_str consumer, const authd_proposal* p,
                                    const authd_credential_sink* sink) {
    const Listed proposed{"id-of-" + text(p->key), text(p->key), text(p->algorithm),
                          std::string(reinterpret_cast<const char*>(p->secret.p), p->secret.n), 7};
    return put_all(resolve_host(), call, test_of(self).on_create(text(consumer), proposed), sink);
  }
  static authd_status resolve(void* self, const authd_call*, authd_str consumer, authd_out* out) {
    const Answer answer = test_of(self).on_resolve(text(consumer));
    if (answer.status != AUTHD_OK) return answer.status;
    const std::string& id = answer.credentials.front().id;
    return resolve_host()->put(resolve_host(), out, {reinterpret_cast<const std::uint8_t*>(id.data()), id.size()});
  }
  static authd_status probe(void* self, const authd_call*, authd_health* health) {
    const auto [status, up] = test_of(self).on_probe();
    if (!up) health->state = AUTHD_HEALTH_DOWN;
    return status;
  }
};

ScriptedGateway::ScriptedGateway(bool can_create, bool can_resolve) : log_(Log::Options{}) {
  static const authd_lifecycle lifecycle{sizeof(authd_lifecycle), 0,      Tables::create, nullptr, nullptr,
                                         Tables::destroy,         nullptr};
  static authd_gateway_ops ops;
  ops = {sizeof(authd_gateway_ops),
         0,
         Tables::get_secret,
         can_create ? Tables::create_secret : nullptr,
         nullptr,
         Tables::probe,
         can_resolve ? Tables::resolve : nullptr};
  static const authd_component component{
      sizeof(authd_component), 0, AUTHD_GATEWAY_V1, "scripted", "", "{}", nullptr, &lifecycle, &ops};
  config::PluginSettings settings;
  config::PluginValue self;
  self.type = config::PluginValue::Type::integer;
  self.integer = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(this));
  settings.values.emplace("/test", self);
  auto instance = plugin::adopt(component, "scripted", std::move(settings), log_);
  if (!instance) throw std::runtime_error(instance.error().line);
  gateway_ = std::make_unique<plugin::Gateway>(*instance);
}

void CountingRecorder::gateway_called(const GatewayReport& report) {
  const std::lock_guard lock(mutex_);
  operations_.emplace_back(report.operation);
}

void CountingRecorder::breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) {
  const std::lock_guard lock(mutex_);
  moves_.emplace_back(breaker, transition.to);
}

void CountingRecorder::tier_failed(const TierReport& report) {
  const std::lock_guard lock(mutex_);
  tier_failures_.emplace_back(report.operation);
}

int CountingRecorder::calls(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count(operations_.begin(), operations_.end(), operation));
}

std::vector<CircuitBreaker::State> CountingRecorder::moves() const {
  const std::lock_guard lock(mutex_);
  std::vector<CircuitBreaker::State> all;
  for (const auto& [breaker, to] : moves_) all.push_back(to);
  return all;
}

std::vector<CircuitBreaker::State> CountingRecorder::moves(std::string_view of) const {
  const std::lock_guard lock(mutex_);
  std::vector<CircuitBreaker::State> some;
  for (const auto& [breaker, to] : moves_)
    if (breaker == of) some.push_back(to);
  return some;
}

int CountingRecorder::tier_failures(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count(tier_failures_.begin(), tier_failures_.end(), operation));
}

} // namespace authd::pipeline::test
