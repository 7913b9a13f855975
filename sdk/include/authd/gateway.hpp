// SPDX-License-Identifier: Apache-2.0
// A class as a gateway adapter. See gateway.h for what each operation means; Adapter must have:
//   static constexpr ComponentInfo info;
//   Adapter(Host, const Config&, Call&);            // throw InvalidSetting, or call.refuse(...) for each bad setting
//   Status get_secret(Call&, std::string_view consumer, CredentialSink& out);
//   Status probe(Call&, HealthReport& out);
// and may have:
//   Status create_secret(Call&, std::string_view consumer, const Proposal&, CredentialSink& out);
//   Status delete_secret(Call&, std::string_view consumer, std::string_view credential_id);
//   Status resolve(Call&, std::string_view consumer, ByteSink& id);
//   Status start(Call&);  Status stop(Call&);
#pragma once

#include "authd/component.hpp"
#include "authd/gateway.h"

namespace authd::sdk {

struct Credential {
  std::string_view id = {};
  std::string_view key = {};
  std::string_view algorithm = {};
  std::string_view secret = {}; // empty for asymmetric algorithms
  std::int64_t created_at = 0;  // seconds since the epoch, 0 if unknown
};

struct Proposal {
  std::string_view key = {};
  std::string_view algorithm = {};
  std::string_view secret = {}; // printable ASCII
};

// Where credentials go. Anything but Status::ok: give up and return that.
class CredentialSink {
 public:
  explicit CredentialSink(const authd_credential_sink* sink) : sink_(sink) {}

  Status put(const Credential& c) {
    const authd_credential wire{
        sizeof(authd_credential), 0,           raw(c.id), raw(c.key), raw(c.algorithm),
        raw_bytes(c.secret),      c.created_at};
    return static_cast<Status>(sink_->put(sink_, &wire));
  }

 private:
  const authd_credential_sink* sink_;
};

namespace detail {

template <class T>
authd_status create_secret(void* self, const authd_call* call, authd_str consumer,
                           const authd_proposal* proposal, const authd_credential_sink* out) noexcept {
  return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
    CredentialSink sink(out);
    const Proposal wanted{view(proposal->key), view(proposal->algorithm), view(proposal->secret)};
    return t.create_secret(c, view(consumer), wanted, sink);
  });
}

template <class T>
constexpr authd_gateway_ops gateway_ops_of() {
  authd_gateway_ops ops{};
  ops.size = sizeof ops;
  ops.flags = T::info.flags;
  ops.get_secret = [](void* self, const authd_call* call, authd_str consumer,
                      const authd_credential_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      CredentialSink sink(out);
      return t.get_secret(c, view(consumer), sink);
    });
  };
  ops.probe = [](void* self, const authd_call* call, authd_health* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      HealthReport report(c.host(), out);
      return t.probe(c, report);
    });
  };
  if constexpr (requires { &T::create_secret; }) ops.create_secret = &create_secret<T>;
  if constexpr (requires { &T::delete_secret; })
    ops.delete_secret = [](void* self, const authd_call* call, authd_str consumer, authd_str id) noexcept {
      return guarded<T>(
          self, call, [&](T& t, Call& c) -> Status { return t.delete_secret(c, view(consumer), view(id)); });
    };
  if constexpr (requires { &T::resolve; })
    ops.resolve = [](void* self, const authd_call* call, authd_str consumer, authd_out* id) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
        ByteSink sink(c.host(), id);
        return t.resolve(c, view(consumer), sink);
      });
    };
  return ops;
}

template <class T>
inline constexpr authd_gateway_ops gateway_ops = gateway_ops_of<T>();

} // namespace detail

template <class Adapter>
struct GatewayComponent {
  static constexpr authd_component component =
      detail::component_of<Adapter>(AUTHD_GATEWAY_V1, &detail::gateway_ops<Adapter>);
  static constexpr NoteExtras note{Adapter::info.mode, Adapter::info.adds};
};

} // namespace authd::sdk
