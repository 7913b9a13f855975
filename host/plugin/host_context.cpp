// SPDX-License-Identifier: Apache-2.0
// Plugins call these through noexcept pointers: nothing may be thrown from here.
#include "plugin/host_context.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "base/call.h"
#include "base/frozen_sizes.h"

namespace authd::plugin {
namespace {

using config::PluginValue;

const HostContext& context(const authd_host* host) { return *static_cast<const HostContext*>(host->ctx); }

Level to_level(std::uint32_t level) {
  switch (level) {
  case AUTHD_LOG_DEBUG:
    return Level::debug;
  case AUTHD_LOG_INFO:
    return Level::info;
  case AUTHD_LOG_WARN:
    return Level::warn;
  default:
    return Level::error;
  }
}

void host_log(const authd_host* host, const authd_call* call, std::uint32_t level, authd_str event,
              authd_str message) noexcept try {
  const HostContext& self = context(host);
  const Level at = to_level(level);
  if (!self.log().enabled(at)) return;
  const auto& redaction = self.redaction();
  const std::string_view request = call != nullptr ? Call::from_abi(call)->request_id() : std::string_view();
  self.log().write(at, redaction.clean(view(event)), redaction.clean(view(message)),
                   {{"authd.plugin.id", self.plugin_id()},
                    {"authd.plugin.instance", self.instance()},
                    {"http.request.id", request}});
} catch (...) {
  // Out of memory: the line is lost.
}

authd_status host_fail(const authd_host* host, const authd_call* call, authd_status status,
                       const authd_error* error) noexcept try {
  if (call == nullptr) return status;
  CallFailure failure{to_status(status), 0, milliseconds(0), {}};
  if (is_whole(error)) {
    const authd_error known = known_part(error);
    failure.upstream_status = known.upstream_status;
    failure.retry_after = milliseconds(known.retry_after_ms);
    failure.message = context(host).redaction().clean(view(known.message));
    failure.setting = context(host).redaction().clean(view(known.setting));
  }
  Call::from_abi(call)->record(std::move(failure));
  return status;
} catch (...) {
  return status;
}

authd_status host_put(const authd_host*, authd_out* out, authd_bytes bytes) noexcept try {
  if (out == nullptr || (bytes.p == nullptr && bytes.n > 0)) return AUTHD_INVALID;
  if (bytes.n > out->limit - out->target.size()) {
    out->overflow = true;
    if (!out->cuts) return AUTHD_INVALID;
    bytes.n = out->limit - out->target.size();
  }
  if (bytes.n > 0) out->target.append(reinterpret_cast<const char*>(bytes.p), bytes.n);
  return AUTHD_OK;
} catch (...) {
  return AUTHD_INTERNAL;
}

std::int64_t host_remaining_ms(const authd_host*, const authd_call* call) noexcept {
  return call != nullptr ? Call::from_abi(call)->remaining_ms() : std::numeric_limits<std::int64_t>::max();
}

std::uint32_t type_of(PluginValue::Type type) {
  switch (type) {
  case PluginValue::Type::boolean:
    return AUTHD_TYPE_BOOL;
  case PluginValue::Type::integer:
    return AUTHD_TYPE_INT;
  case PluginValue::Type::number:
    return AUTHD_TYPE_DOUBLE;
  case PluginValue::Type::string:
    return AUTHD_TYPE_STRING;
  case PluginValue::Type::array:
    return AUTHD_TYPE_ARRAY;
  case PluginValue::Type::object:
    return AUTHD_TYPE_OBJECT;
  }
  return AUTHD_TYPE_NULL;
}

authd_status host_cfg_get(const authd_host*, const authd_cfg* cfg, authd_str pointer, authd_value* out) noexcept try {
  if (cfg == nullptr || !is_whole(out)) return AUTHD_INVALID;
  const auto found = cfg->settings.values.find(view(pointer));
  if (found == cfg->settings.values.end()) return AUTHD_NOT_FOUND;
  const PluginValue& value = found->second;
  fill(out, {0, type_of(value.type), value.integer, value.number, to_abi(value.text.reveal())});
  return AUTHD_OK;
} catch (...) {
  return AUTHD_INTERNAL;
}

authd_status host_cfg_key(const authd_host*, const authd_cfg* cfg, authd_str pointer, std::uint32_t i,
                          authd_str* out) noexcept try {
  if (cfg == nullptr || out == nullptr) return AUTHD_INVALID;
  const auto found = cfg->settings.keys.find(view(pointer));
  if (found == cfg->settings.keys.end() || i >= found->second.size()) return AUTHD_NOT_FOUND;
  *out = to_abi(found->second[i]);
  return AUTHD_OK;
} catch (...) {
  return AUTHD_INTERNAL;
}

const void* host_service(const authd_host* host, const char* id) noexcept try {
  return id != nullptr ? context(host).service(id) : nullptr;
} catch (...) {
  return nullptr;
}

// The host's side of service "authd.calls/1" (authd/calls.h). It keeps nothing: a call that a plugin opens
// is an ordinary Call that lives until the plugin closes it.
constexpr std::int64_t kLongest_ms = 24 * 60 * 60 * 1000; // far from where the clock's nanoseconds overflow

Call* owned(const authd_call* call) { return const_cast<Call*>(Call::from_abi(call)); }

const authd_call* open(std::int64_t timeout_ms) noexcept {
  const milliseconds timeout(std::clamp<std::int64_t>(timeout_ms, 0, kLongest_ms));
  const Call* call = new (std::nothrow) Call(steady_now() + timeout);
  return call != nullptr ? call->abi() : nullptr;
}

void withdraw(const authd_call* call) noexcept {
  if (call != nullptr) owned(call)->cancel();
}

void failure(const authd_call* call, authd_error* out) noexcept {
  if (call == nullptr || !is_whole(out)) return;
  const CallFailure& recorded = Call::from_abi(call)->failure();
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto retry_after_ms = std::clamp<std::int64_t>(recorded.retry_after.count(), 0, kMost);
  fill(out, {0, 0, recorded.upstream_status, static_cast<std::uint32_t>(retry_after_ms), to_abi(recorded.message),
             to_abi(recorded.setting)});
}

void close(const authd_call* call) noexcept { delete owned(call); }

} // namespace

const authd_calls_v1* own_calls() {
  static constexpr authd_calls_v1 table{sizeof(authd_calls_v1), 0, &open, &withdraw, &failure, &close};
  return &table;
}

HostContext::HostContext(std::string instance, std::string plugin_id, config::PluginSettings settings,
                         Services services, Log& log, unsigned min_minor, std::shared_ptr<const TlsIdentity> tls,
                         std::shared_ptr<const Declared> declared, std::string base_url)
    : instance_(std::move(instance)), plugin_id_(std::move(plugin_id)), min_minor_(min_minor),
      settings_(std::move(settings)), services_(std::move(services)), tls_(std::move(tls)),
      declared_(std::move(declared)), base_url_(std::move(base_url)), log_(log),
      redaction_(settings_), table_{sizeof(authd_host), AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR, this,
                                    &host_log,          &host_fail,      &host_put,       &host_remaining_ms,
                                    &host_cfg_get,      &host_cfg_key,   &host_service} {}

const void* HostContext::service(std::string_view id) const {
  if (declared_ != nullptr && !declared_->needs_service(id)) return nullptr;
  if (id == AUTHD_CALLS_V1) return own_calls(); // needs nothing that only main has
  const auto offered = services_.find(id);
  if (offered == services_.end()) return nullptr;
  const std::lock_guard lock(opened_mutex_);
  auto& opened = opened_[offered->first];
  if (!opened) opened = offered->second({abi(), instance_, min_minor_, tls_, declared_.get(), base_url_});
  return opened.get();
}

bool HostContext::uses(std::string_view id) const {
  const std::lock_guard lock(opened_mutex_);
  const auto opened = opened_.find(id);
  return opened != opened_.end() && opened->second != nullptr;
}

} // namespace authd::plugin
