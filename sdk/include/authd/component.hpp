// SPDX-License-Identifier: Apache-2.0
// From a class to the tables of its kind. Each thunk here is a border: exceptions stop at it.
#pragma once

#include <exception>
#include <memory>
#include <stdexcept>

#include "authd/endpoint.h"
#include "authd/views.hpp"

namespace authd::sdk {

// What a class says of itself, as `static constexpr ComponentInfo info`.
struct ComponentInfo {
  const char* name;          // what a configuration says after plugin =
  const char* summary;       // one line
  const char* schema;        // JSON Schema (the subset in docs/plugins.md), a string literal
  const char* needs[16] = {}; // ids of services without which it cannot run, at most 15
  std::uint32_t flags = 0;   // of the kind's operations table, e.g. AUTHD_CACHE_NONBLOCKING
  // For the note (note.h), since 1.1:
  const char* mode = nullptr; // what /health calls this adapter, e.g. "API_GATEWAY"
  const char* adds = nullptr; // the environment variable that adds this tier, e.g. "REDIS_ENABLED"
};

// What a component's note says beside its descriptor.
struct NoteExtras {
  enum class Remote { unsaid, no, yes };
  const char* mode = nullptr;
  const char* adds = nullptr;
  Remote remote = Remote::unsaid;
};

namespace detail {

// What `self` points to.
template <class T>
struct Box {
  Host host;
  const authd_exchange_v1* exchange = nullptr; // of a module: looked up once, because a look-up takes a lock
  T object;

  Box(Host h, const Config& config, Call& call) : host(h), object(h, config, call) {
    if constexpr (requires { T::routes; }) exchange = h.template service<authd_exchange_v1>(AUTHD_EXCHANGE_V1);
  }
};

// Runs `body` on the instance; an exception becomes AUTHD_INTERNAL with its message recorded.
template <class T, class Body>
authd_status guarded(void* self, const authd_call* abi_call, Body body) noexcept {
  auto& box = *static_cast<Box<T>*>(self);
  Call call(box.host, abi_call);
  try {
    return raw(body(box.object, call));
  } catch (const std::exception& e) {
    return raw(call.fail(Status::internal, e.what()));
  } catch (...) {
    return raw(call.fail(Status::internal, "unknown exception"));
  }
}

template <class T>
authd_status create(const authd_host* abi_host, const authd_cfg* cfg, const authd_call* abi_call,
                    void** self) noexcept {
  const Host host(abi_host);
  Call call(host, abi_call);
  try {
    auto box = std::make_unique<Box<T>>(host, Config(host, cfg), call);
    if (call.refused()) return AUTHD_INVALID;
    *self = box.release();
    return AUTHD_OK;
  } catch (const InvalidSetting& e) {
    return raw(call.refuse(e.pointer(), e.what()));
  } catch (const std::invalid_argument& e) {
    return raw(call.fail(Status::invalid, e.what()));
  } catch (const std::exception& e) {
    return raw(call.fail(Status::internal, e.what()));
  } catch (...) {
    return raw(call.fail(Status::internal, "unknown exception"));
  }
}

template <class T>
void destroy(void* self) noexcept {
  delete static_cast<Box<T>*>(self);
}

template <class T>
authd_status health(void* self, const authd_call* call, authd_health* out) noexcept {
  return guarded<T>(self, call, [&](T& t, Call& c) {
    HealthReport report(c.host(), out);
    return t.health(c, report);
  });
}

// Optional members are looked for by name, so that one with a wrong signature is an error, not absent.
template <class T>
constexpr authd_lifecycle lifecycle_of() {
  authd_lifecycle l{};
  l.size = sizeof l;
  l.create = &create<T>;
  l.destroy = &destroy<T>;
  if constexpr (requires { &T::start; })
    l.start = [](void* self, const authd_call* call) noexcept {
      return guarded<T>(self, call, [](T& t, Call& c) -> Status { return t.start(c); });
    };
  if constexpr (requires { &T::stop; })
    l.stop = [](void* self, const authd_call* call) noexcept {
      return guarded<T>(self, call, [](T& t, Call& c) -> Status { return t.stop(c); });
    };
  if constexpr (requires { &T::health; }) l.health = &health<T>;
  return l;
}

template <class T>
inline constexpr authd_lifecycle lifecycle = lifecycle_of<T>();

template <class T>
constexpr authd_component component_of(const char* kind, const void* ops) {
  return {sizeof(authd_component), 0,  kind, T::info.name, T::info.summary, T::info.schema, T::info.needs,
          &lifecycle<T>,           ops};
}

} // namespace detail
} // namespace authd::sdk
