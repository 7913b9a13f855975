// SPDX-License-Identifier: Apache-2.0
// Components whose operations a test writes as lambdas. Adopted, not loaded, so that plain tables can do
// what a compiler would not let an author do.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "authd/signer.h"
#include "authd/store.h"
#include "base/abi_views.h"
#include "plugin/loader.h"

namespace authd::plugin::test {

struct Script {
  std::function<authd_status(const authd_host*, const authd_cfg*, const authd_call*)> create;
  std::function<authd_status(const authd_call*)> start;
  std::function<authd_status(const authd_call*, authd_str, authd_out*)> cache_get;
  std::function<authd_status(const authd_call*, authd_str, const authd_credential_sink*)> get_secret;
  std::function<authd_status(const authd_call*, authd_str, const authd_proposal*, const authd_credential_sink*)>
      create_secret;
  std::function<authd_status(const authd_call*, authd_health*)> probe;
  std::function<authd_status(const authd_call*, authd_str, authd_out*)> resolve;
  std::function<authd_status(const authd_call*, authd_str, const authd_key_sink*)> generate;
  std::function<authd_status(const authd_call*, authd_str, authd_bytes, authd_out*)> sign;
  std::function<authd_status(const authd_call*, const authd_key_sink*)> public_keys;
  std::function<authd_status(const authd_call*, authd_str)> remove;
  std::function<authd_status(const authd_call*, const authd_stored_sink*)> read_records; // get, find and scan
  std::function<authd_status(const authd_call*, const authd_stored_change*, std::size_t, std::size_t*,
                             const authd_stored_sink*)>
      apply_changes;
  std::vector<std::string> life; // "create", "start", ...
  const authd_host* host = nullptr;
};

// The tables are members, so that a test can cut them short before it adopts them. Outlives the instance.
class Scripted {
 public:
  explicit Scripted(const char* kind) { component.kind = kind; }
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;

  Script script;
  authd_lifecycle lifecycle{sizeof(authd_lifecycle), 0, &create, &start, &stop, &destroy, nullptr};
  authd_cache_ops cache{
      sizeof(authd_cache_ops), 0, &cache_get, &cache_get, &cache_set, &cache_del, &cache_clear, nullptr, nullptr};
  authd_gateway_ops gateway{sizeof(authd_gateway_ops), 0, &get_secret, &create_secret, nullptr, &probe, &resolve};
  authd_signer_ops signer{sizeof(authd_signer_ops), 0, &generate, &sign, &public_keys, &remove};
  authd_store_ops store{
      sizeof(authd_store_ops), 0, &store_get, &store_find, &store_apply, &store_scan, nullptr, nullptr, nullptr};
  authd_component component{
      sizeof(authd_component), 0, "", "scripted", "scripted by a test", "{}", nullptr, &lifecycle, nullptr};

  std::shared_ptr<Instance> adopted(Log& log, config::PluginSettings settings = {}) {
    auto instance = try_adopt(log, std::move(settings));
    if (!instance) throw std::runtime_error(instance.error().line);
    return *instance;
  }

  Result<std::shared_ptr<Instance>, Refusal> try_adopt(Log& log, config::PluginSettings settings = {},
                                                       unsigned min_minor = AUTHD_ABI_MINOR) {
    const std::string_view kind = component.kind;
    component.ops = &gateway;
    if (kind == AUTHD_CACHE_V1) component.ops = &cache;
    if (kind == AUTHD_SIGNER_V1) component.ops = &signer;
    if (kind == AUTHD_STORE_V1) component.ops = &store;
    next() = this;
    return adopt(component, "scripted", std::move(settings), log, {}, min_minor);
  }

 private:
  // create has no other way to learn whose script it is; adopting is done by one thread.
  static Scripted*& next() {
    static Scripted* value = nullptr;
    return value;
  }
  static Script& of(void* self) { return static_cast<Scripted*>(self)->script; }

  static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call* call, void** self) {
    *self = next();
    Script& script = of(*self);
    script.life.emplace_back("create");
    script.host = host;
    return script.create ? script.create(host, cfg, call) : AUTHD_OK;
  }
  static authd_status start(void* self, const authd_call* call) {
    of(self).life.emplace_back("start");
    return of(self).start ? of(self).start(call) : AUTHD_OK;
  }
  static authd_status stop(void* self, const authd_call*) {
    of(self).life.emplace_back("stop");
    return AUTHD_OK;
  }
  static void destroy(void* self) { of(self).life.emplace_back("destroy"); }
  static authd_status cache_get(void* self, const authd_call* call, authd_str key, authd_out* out) {
    return of(self).cache_get(call, key, out);
  }
  static authd_status cache_set(void*, const authd_call*, authd_str, authd_bytes, std::int64_t, std::int64_t) {
    return AUTHD_OK;
  }
  static authd_status cache_del(void*, const authd_call*, authd_str) { return AUTHD_OK; }
  static authd_status cache_clear(void*, const authd_call*, authd_str) { return AUTHD_OK; }
  static authd_status get_secret(void* self, const authd_call* call, authd_str consumer,
                                 const authd_credential_sink* sink) {
    return of(self).get_secret(call, consumer, sink);
  }
  static authd_status create_secret(void* self, const authd_call* call, authd_str consumer,
                                    const authd_proposal* proposal, const authd_credential_sink* sink) {
    return of(self).create_secret(call, consumer, proposal, sink);
  }
  static authd_status probe(void* self, const authd_call* call, authd_health* health) {
    return of(self).probe(call, health);
  }
  static authd_status resolve(void* self, const authd_call* call, authd_str consumer, authd_out* id) {
    return of(self).resolve(call, consumer, id);
  }
  static authd_status store_get(void* self, const authd_call* call, authd_str, authd_bytes,
                                const authd_stored_sink* sink) {
    return of(self).read_records(call, sink);
  }
  static authd_status store_find(void* self, const authd_call* call, authd_str, const authd_stored_index*,
                                 std::uint32_t, authd_bytes, std::uint32_t, const authd_stored_sink* sink) {
    return of(self).read_records(call, sink);
  }
  static authd_status store_scan(void* self, const authd_call* call, authd_str, authd_bytes, std::uint32_t,
                                 const authd_stored_sink* sink) {
    return of(self).read_records(call, sink);
  }
  static authd_status store_apply(void* self, const authd_call* call, const authd_stored_change* changes,
                                  std::size_t count, std::uint32_t, std::size_t* failed,
                                  const authd_stored_sink* sink) {
    return of(self).apply_changes(call, changes, count, failed, sink);
  }
  static authd_status generate(void* self, const authd_call* call, authd_str algorithm, const authd_key_sink* sink) {
    return of(self).generate(call, algorithm, sink);
  }
  static authd_status sign(void* self, const authd_call* call, authd_str id, authd_bytes message, authd_out* out) {
    return of(self).sign(call, id, message, out);
  }
  static authd_status public_keys(void* self, const authd_call* call, const authd_key_sink* sink) {
    return of(self).public_keys(call, sink);
  }
  static authd_status remove(void* self, const authd_call* call, authd_str id) { return of(self).remove(call, id); }
};

} // namespace authd::plugin::test
