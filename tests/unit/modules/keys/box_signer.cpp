// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/box_signer.h"

#include <stdexcept>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "plugin/loader.h"

namespace authd::modules::keys::test {
namespace {

// The tables are plain C: this is how they find their box.
struct Tables {
  static KeyBox& box_of(void* self) { return *static_cast<KeyBox*>(self); }

  static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call*, void** self) {
    authd_value value{sizeof(authd_value), 0, 0, 0, {nullptr, 0}};
    const authd_status status = host->cfg_get(host, cfg, to_abi("/box"), &value);
    *self = reinterpret_cast<void*>(static_cast<std::intptr_t>(value.i));
    return status;
  }
  static void destroy(void*) {}

  static authd_status put(const std::string& id, const KeyBox::Kept& kept, const authd_key_sink* sink) {
    const std::string spki = kept.key.spki();
    const authd_public_key wire{sizeof wire,       0, to_abi(id), to_abi(kept.key.algorithm()), to_bytes(spki),
                                kept.created_at_ms};
    return sink->put(sink, &wire);
  }

  static authd_status generate(void* self, const authd_call*, authd_str algorithm, const authd_key_sink* sink) {
    KeyBox& box = box_of(self);
    if (box.failing != AUTHD_OK) return box.failing;
    auto key = signer_file::PrivateKey::generate(view(algorithm));
    if (!key) return AUTHD_UNSUPPORTED;
    authd_status status = AUTHD_OK;
    {
      const std::lock_guard lock(box.mutex);
      const std::string id = "key-" + std::to_string(++box.made);
      status = put(id, box.keys.try_emplace(id, KeyBox::Kept{std::move(*key), box.now_ms()}).first->second, sink);
    }
    box.after_generate();
    return status;
  }

  static authd_status sign(void* self, const authd_call*, authd_str id, authd_bytes message, authd_out* out) {
    KeyBox& box = box_of(self);
    const std::lock_guard lock(box.mutex);
    const auto at = box.keys.find(view(id));
    if (at == box.keys.end()) return AUTHD_NOT_FOUND;
    out->target = at->second.key.sign(view(message));
    return AUTHD_OK;
  }

  static authd_status public_keys(void* self, const authd_call*, const authd_key_sink* sink) {
    KeyBox& box = box_of(self);
    if (box.failing != AUTHD_OK) return box.failing;
    const std::lock_guard lock(box.mutex);
    ++box.listed;
    for (const auto& [id, kept] : box.keys) put(id, kept, sink);
    return AUTHD_OK;
  }

  static authd_status remove(void* self, const authd_call*, authd_str id) {
    KeyBox& box = box_of(self);
    if (box.failing != AUTHD_OK) return box.failing;
    const std::lock_guard lock(box.mutex);
    box.keys.erase(std::string(view(id)));
    return AUTHD_OK;
  }
};

} // namespace

plugin::Signer signer_of(KeyBox& box, Log& log) {
  static const authd_lifecycle lifecycle{sizeof(authd_lifecycle), 0,      Tables::create, nullptr, nullptr,
                                         Tables::destroy,         nullptr};
  static const authd_signer_ops ops{sizeof(authd_signer_ops), AUTHD_SIGNER_INLINE_ES256 | AUTHD_SIGNER_INLINE_EDDSA,
                                    Tables::generate,         Tables::sign,
                                    Tables::public_keys,      Tables::remove};
  static const authd_component component{
      sizeof(authd_component), 0, AUTHD_SIGNER_V1, "box", "", "{}", nullptr, &lifecycle, &ops};
  config::PluginSettings settings;
  config::PluginValue self;
  self.type = config::PluginValue::Type::integer;
  self.integer = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(&box));
  settings.values.emplace("/box", self);
  auto instance = plugin::adopt(component, "box", std::move(settings), log);
  if (!instance) throw std::runtime_error(instance.error().line);
  return plugin::Signer(*instance);
}

} // namespace authd::modules::keys::test
