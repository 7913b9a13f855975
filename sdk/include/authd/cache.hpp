// SPDX-License-Identifier: Apache-2.0
// A class as one cache tier. See cache.h for what each operation means; Tier must have:
//   static constexpr ComponentInfo info;              // flags: AUTHD_CACHE_*
//   Tier(Host, const Config&, Call&);               // throw InvalidSetting, or call.refuse(...) for each bad setting
//   Status get(Call&, std::string_view key, ByteSink& out);
//   Status get_stale(Call&, std::string_view key, ByteSink& out);
//   Status set(Call&, std::string_view key, std::string_view value, milliseconds ttl, milliseconds stale);
//   Status del(Call&, std::string_view key);          // not_found: there was none
//   Status clear(Call&, std::string_view prefix);     // the host asks for it
// and may have:
//   Status stats(Call&, authd_cache_stats& out);      // zeroed before; entries = kUnknownEntries
//   Status take(Call&, std::string_view key, std::int64_t max_requests, milliseconds window, std::int64_t cost,
//               authd_verdict& out);                  // zeroed before; since 1.2
//   Status start(Call&);  Status stop(Call&);  Status health(Call&, HealthReport&);
#pragma once

#include "authd/cache.h"
#include "authd/component.hpp"

namespace authd::sdk {

// authd_cache_stats.entries of a tier that cannot tell.
inline constexpr std::uint64_t kUnknownEntries = UINT64_MAX;

namespace detail {

template <class T>
constexpr authd_cache_ops cache_ops_of() {
  authd_cache_ops ops{};
  ops.size = sizeof ops;
  ops.flags = T::info.flags;
  ops.get = [](void* self, const authd_call* call, authd_str key, authd_out* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      ByteSink sink(c.host(), out);
      return t.get(c, view(key), sink);
    });
  };
  ops.get_stale = [](void* self, const authd_call* call, authd_str key, authd_out* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      ByteSink sink(c.host(), out);
      return t.get_stale(c, view(key), sink);
    });
  };
  ops.set = [](void* self, const authd_call* call, authd_str key, authd_bytes value, std::int64_t ttl_ms,
               std::int64_t stale_ms) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      return t.set(c, view(key), view(value), milliseconds(ttl_ms), milliseconds(stale_ms));
    });
  };
  ops.del = [](void* self, const authd_call* call, authd_str key) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.del(c, view(key)); });
  };
  ops.clear = [](void* self, const authd_call* call, authd_str prefix) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.clear(c, view(prefix)); });
  };
  if constexpr (requires { &T::stats; })
    ops.stats = [](void* self, const authd_call* call, authd_cache_stats* out) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.stats(c, *out); });
    };
  if constexpr (requires { &T::take; })
    ops.take = [](void* self, const authd_call* call, authd_str key, std::int64_t max_requests, std::int64_t window_ms,
                  std::int64_t cost, authd_verdict* verdict) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
        return t.take(c, view(key), max_requests, milliseconds(window_ms), cost, *verdict);
      });
    };
  return ops;
}

template <class T>
inline constexpr authd_cache_ops cache_ops = cache_ops_of<T>();

} // namespace detail

template <class Tier>
struct CacheComponent {
  static constexpr authd_component component =
      detail::component_of<Tier>(AUTHD_CACHE_V1, &detail::cache_ops<Tier>);
  // What blocks does I/O, so its values leave the process, whether or not it says so.
  static constexpr bool leaves_process =
      (Tier::info.flags & AUTHD_CACHE_REMOTE) != 0 || (Tier::info.flags & AUTHD_CACHE_NONBLOCKING) == 0;
  static constexpr NoteExtras note{Tier::info.mode, Tier::info.adds,
                                   leaves_process ? NoteExtras::Remote::yes : NoteExtras::Remote::no};
};

} // namespace authd::sdk
