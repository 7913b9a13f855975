// SPDX-License-Identifier: Apache-2.0
// What a C++ plugin sees of the host: thin views over the tables of abi.h. All of them are borrowed for
// the call they were handed to, except Host and Config, which stay valid until the instance is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/abi.h"

namespace authd::sdk {

using std::chrono::milliseconds;

enum class [[nodiscard]] Status : std::int32_t{
    ok = AUTHD_OK,
    not_found = AUTHD_NOT_FOUND,
    conflict = AUTHD_CONFLICT,
    invalid = AUTHD_INVALID,
    denied = AUTHD_DENIED,
    rate_limited = AUTHD_RATE_LIMITED,
    unavailable = AUTHD_UNAVAILABLE,
    timeout = AUTHD_TIMEOUT,
    cancelled = AUTHD_CANCELLED,
    unsupported = AUTHD_UNSUPPORTED,
    corrupt = AUTHD_CORRUPT,
    internal = AUTHD_INTERNAL,
    would_block = AUTHD_WOULD_BLOCK,
};

enum class Level : std::uint32_t {
  debug = AUTHD_LOG_DEBUG,
  info = AUTHD_LOG_INFO,
  warn = AUTHD_LOG_WARN,
  error = AUTHD_LOG_ERROR,
};

constexpr authd_status raw(Status s) { return static_cast<authd_status>(s); }
constexpr authd_str raw(std::string_view s) { return {s.data(), s.size()}; }
inline authd_bytes raw_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view view(authd_str s) { return s.p != nullptr ? std::string_view(s.p, s.n) : ""; }
inline std::string_view view(authd_bytes b) {
  return b.p != nullptr ? std::string_view(reinterpret_cast<const char*>(b.p), b.n) : "";
}

// A value, or the status of the failure whose detail is already recorded on the call.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status failure) : status_(failure == Status::ok ? Status::internal : failure) {}

  explicit operator bool() const { return value_.has_value(); }
  Status status() const { return status_; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_ = Status::ok;
};

// Thrown by a constructor: create is refused, and the host says where the setting stands.
class InvalidSetting : public std::invalid_argument {
 public:
  // `pointer` as for Config ("/url"); `why` says what is wrong with the value and holds no secret.
  InvalidSetting(std::string_view pointer, const std::string& why)
      : std::invalid_argument(why), pointer_(pointer) {}
  const std::string& pointer() const { return pointer_; }

 private:
  std::string pointer_;
};

class Host {
 public:
  explicit Host(const authd_host* host) : host_(host) {}

  // Outside of a call; within one prefer Call::log.
  void log(Level level, std::string_view event, std::string_view message) const {
    host_->log(host_, nullptr, static_cast<std::uint32_t>(level), raw(event), raw(message));
  }
  // A table by id and revision, nullptr when this host has none.
  template <class Table>
  const Table* service(const char* id) const {
    return static_cast<const Table*>(host_->service(host_, id));
  }
  const authd_host* abi() const { return host_; }

 private:
  const authd_host* host_;
};

// One operation: its deadline, its place in the log, and why it failed.
class Call {
 public:
  Call(const Host& host, const authd_call* call) : host_(host.abi()), call_(call) {}

  // Time left; zero: the deadline has passed or the call is withdrawn. milliseconds::max(): none, as on a
  // NONBLOCKING tier; do not add that to a clock. In a gateway's operations it is five seconds longer than
  // the client waits (gateway.h).
  milliseconds remaining() const { return milliseconds(host_->remaining_ms(host_, call_)); }
  bool expired() const { return remaining() <= milliseconds::zero(); }

  // Records the failure and returns `status`: `return call.fail(Status::denied, "...", 403);`
  // `message` says what, where and the mend, and holds no secret.
  Status fail(Status status, std::string_view message, int upstream_status = 0,
              milliseconds retry_after = {}) const {
    const authd_error error{sizeof(authd_error), 0,
                            upstream_status,     static_cast<std::uint32_t>(retry_after.count()),
                            raw(message),        {}};
    return static_cast<Status>(host_->fail(host_, call_, raw(status), &error));
  }

  // Of a constructor and of start: what is wrong with the setting at this pointer ("/url"), without a secret.
  // A constructor may go on and refuse others, so that all are reported at once; its create fails then.
  Status refuse(std::string_view pointer, std::string_view why) {
    refused_ = true;
    std::string named; // a host of 1.0 does not know the setting otherwise
    if (host_->minor < 1)
      named.append(pointer.substr(pointer.starts_with('/') ? 1 : 0)).append(": ").append(why);
    const authd_error error{sizeof(authd_error), 0, 0, 0, raw(named.empty() ? why : named), raw(pointer)};
    return static_cast<Status>(host_->fail(host_, call_, raw(Status::invalid), &error));
  }
  bool refused() const { return refused_; } // whether refuse was called

  // `event` is a stable word such as "consumer-listed". The line says which request the call is for, if it is
  // for one: a lookup, which all who ask for a consumer share, is for none.
  void log(Level level, std::string_view event, std::string_view message) const {
    host_->log(host_, call_, static_cast<std::uint32_t>(level), raw(event), raw(message));
  }
  const authd_host* host() const { return host_; }
  const authd_call* abi() const { return call_; }

 private:
  const authd_host* host_;
  const authd_call* call_;
  bool refused_ = false;
};

// Where bytes go. Anything but Status::ok: give up and return that.
class ByteSink {
 public:
  ByteSink(const authd_host* host, authd_out* out) : host_(host), out_(out) {}
  Status put(std::string_view bytes) {
    return static_cast<Status>(host_->put(host_, out_, raw_bytes(bytes)));
  }

 private:
  const authd_host* host_;
  authd_out* out_;
};

// The answer of a probe; up unless said otherwise.
class HealthReport {
 public:
  HealthReport(const authd_host* host, authd_health* health) : host_(host), health_(health) {}

  void degraded(std::string_view why) { set(AUTHD_HEALTH_DEGRADED, why); }
  void down(std::string_view why) { set(AUTHD_HEALTH_DOWN, why); }
  // What was asked, e.g. the URL without credentials.
  void endpoint(std::string_view what) { host_->put(host_, health_->endpoint, raw_bytes(what)); }

 private:
  void set(std::uint32_t state, std::string_view why) {
    health_->state = state;
    host_->put(host_, health_->detail, raw_bytes(why));
  }

  const authd_host* host_;
  authd_health* health_;
};

// The settings of an instance, validated against its schema, defaults included. Pointers are RFC 6901
// ("/admin_url", "/hosts/0"). Asking for another type than the schema's throws InvalidSetting, which ends
// in a failed create; so does a required_... that is not set.
class Config {
 public:
  Config(const Host& host, const authd_cfg* cfg) : host_(host.abi()), cfg_(cfg) {}

  bool has(std::string_view pointer) const { return find(pointer).has_value(); }
  // [borrowed] until the instance is destroyed.
  std::string_view string(std::string_view pointer, std::string_view otherwise = {}) const {
    const auto v = find(pointer, AUTHD_TYPE_STRING);
    return v ? view(v->s) : otherwise;
  }
  std::string_view required_string(std::string_view pointer) const {
    const auto v = find(pointer, AUTHD_TYPE_STRING);
    if (!v) throw InvalidSetting(pointer, "is required");
    return view(v->s);
  }
  std::int64_t integer(std::string_view pointer, std::int64_t otherwise) const {
    const auto v = find(pointer, AUTHD_TYPE_INT);
    return v ? v->i : otherwise;
  }
  milliseconds duration(std::string_view pointer, milliseconds otherwise) const {
    return milliseconds(integer(pointer, otherwise.count()));
  }
  bool boolean(std::string_view pointer, bool otherwise) const {
    const auto v = find(pointer, AUTHD_TYPE_BOOL);
    return v ? v->i != 0 : otherwise;
  }
  double number(std::string_view pointer, double otherwise) const {
    const auto v = find(pointer);
    if (v && v->type == AUTHD_TYPE_INT) return static_cast<double>(v->i);
    if (v && v->type != AUTHD_TYPE_DOUBLE) wrong_type(pointer);
    return v ? v->d : otherwise;
  }
  // The strings of an array; empty when it is not set.
  std::vector<std::string_view> strings(std::string_view pointer) const {
    std::vector<std::string_view> all;
    const auto array = find(pointer, AUTHD_TYPE_ARRAY);
    for (std::int64_t k = 0; array && k < array->i; ++k)
      all.push_back(required_string(std::string(pointer) + "/" + std::to_string(k)));
    return all;
  }
  // The names of an object's members, in the order of the configuration.
  std::vector<std::string_view> keys(std::string_view pointer) const {
    std::vector<std::string_view> all;
    authd_str name{};
    for (std::uint32_t i = 0; host_->cfg_key(host_, cfg_, raw(pointer), i, &name) == AUTHD_OK; ++i)
      all.push_back(view(name));
    return all;
  }

 private:
  [[noreturn]] static void wrong_type(std::string_view pointer) {
    throw InvalidSetting(pointer, "is read as another type than its schema says");
  }
  std::optional<authd_value> find(std::string_view pointer) const {
    authd_value value{};
    value.size = sizeof value;
    if (host_->cfg_get(host_, cfg_, raw(pointer), &value) != AUTHD_OK) return std::nullopt;
    return value;
  }
  std::optional<authd_value> find(std::string_view pointer, std::uint32_t type) const {
    auto value = find(pointer);
    if (value && value->type != type) wrong_type(pointer);
    return value;
  }

  const authd_host* host_;
  const authd_cfg* cfg_;
};

} // namespace authd::sdk
