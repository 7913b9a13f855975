// SPDX-License-Identifier: Apache-2.0
// A class as a signer; see signer.h for the rules. Signer must have:
//   static constexpr ComponentInfo info;   // .flags: AUTHD_SIGNER_INLINE_*
//   Signer(Host, const Config&, Call&);    // throw InvalidSetting, or call.refuse(...) for each bad setting
//   Status generate(Call&, std::string_view algorithm, KeySink& out);
//   Status sign(Call&, std::string_view id, std::string_view message, ByteSink& signature);
//   Status public_keys(Call&, KeySink& out);
//   Status remove(Call&, std::string_view id);
// and may have:
//   Status start(Call&);  Status stop(Call&);  Status health(Call&, HealthReport& out);
#pragma once

#include "authd/component.hpp"
#include "authd/declaration.hpp"
#include "authd/signer.h"

namespace authd::sdk {

struct PublicKey {
  std::string_view id = {};
  std::string_view algorithm = {};
  std::string_view spki = {};      // DER
  std::int64_t created_at_ms = 0;  // 0: unknown
};

// Where keys go. Anything but Status::ok: give up and return that.
class KeySink {
 public:
  explicit KeySink(const authd_key_sink* sink) : sink_(sink) {}

  Status put(const PublicKey& key) {
    const authd_public_key wire{
        sizeof(authd_public_key), 0, raw(key.id), raw(key.algorithm), raw_bytes(key.spki), key.created_at_ms};
    return static_cast<Status>(sink_->put(sink_, &wire));
  }

 private:
  const authd_key_sink* sink_;
};

namespace detail {

template <class T>
constexpr authd_signer_ops signer_ops_of() {
  authd_signer_ops ops{};
  ops.size = sizeof ops;
  ops.flags = T::info.flags;
  ops.generate = [](void* self, const authd_call* call, authd_str algorithm, const authd_key_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      KeySink sink(out);
      return t.generate(c, view(algorithm), sink);
    });
  };
  ops.sign = [](void* self, const authd_call* call, authd_str id, authd_bytes message, authd_out* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      ByteSink sink(c.host(), out);
      return t.sign(c, view(id), view(message), sink);
    });
  };
  ops.public_keys = [](void* self, const authd_call* call, const authd_key_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      KeySink sink(out);
      return t.public_keys(c, sink);
    });
  };
  ops.remove = [](void* self, const authd_call* call, authd_str id) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.remove(c, view(id)); });
  };
  return ops;
}

template <class T>
inline constexpr authd_signer_ops signer_ops = signer_ops_of<T>();

} // namespace detail

template <class Signer>
struct SignerComponent {
  static constexpr authd_component component =
      detail::component_of<Signer>(AUTHD_SIGNER_V1, &detail::signer_ops<Signer>);
  static constexpr void declare(detail::NoteText& text) { detail::put_declaration<Signer>(text); }
};

} // namespace authd::sdk
