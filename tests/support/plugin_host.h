// SPDX-License-Identifier: Apache-2.0
// A host in miniature: runs one plugin file through the real ABI, records what it logs and why it fails,
// and answers its HTTP requests from a script.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "authd/abi.h"
#include "authd/http.h"

namespace authd::test {

struct LogLine {
  std::uint32_t level = 0;
  std::string event;
  std::string message;
};

// What an authd_call points to.
struct TestCall {
  std::int64_t remaining_ms = INT64_MAX;
  std::string message;               // of the last fail()
  std::string setting;               // the one that it blames
  std::vector<std::string> problems; // all of them, "/setting: message"
  std::int32_t upstream_status = 0;
  std::uint32_t retry_after_ms = 0;

  const authd_call* abi() const { return reinterpret_cast<const authd_call*>(this); }
};

// What an authd_out points to.
struct TestOut {
  std::string bytes;
  int puts = 0;
  bool refuses = false;

  authd_out* abi() { return reinterpret_cast<authd_out*>(this); }
};

struct HttpExchange {
  std::string method, url, body;
  std::map<std::string, std::string> headers;
  std::uint32_t flags = 0, pool_size = 0, connect_timeout_ms = 0, max_attempts = 0, retry_base_ms = 0;
};

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  authd_status failure = AUTHD_OK; // other than OK: no answer at all
  bool hangs = false;              // until the call, one of the plugin's own, is withdrawn
};

using Setting = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
using Settings = std::map<std::string, Setting>; // by JSON pointer

class PluginHost {
 public:
  // Maps the file, takes its only component and remembers the settings for create. Throws
  // std::runtime_error when the file is no plugin.
  PluginHost(const char* file, Settings settings);
  ~PluginHost(); // stops and destroys what was created
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  authd_status create();
  authd_status start();
  authd_status stop();
  void* self() const { return self_; }
  const authd_component& component() const { return *component_; }
  template <class Ops>
  const Ops& ops() const {
    return *static_cast<const Ops*>(component_->ops);
  }

  // The minor that the host says it has; before create.
  void be_of_minor(std::uint16_t minor) { host_.minor = minor; }
  // A service of the host beside HTTP; before create. The table must outlive this host.
  void offer(const char* id, const void* table) { services_[id] = table; }

  TestCall& lifecycle_call() { return lifecycle_call_; }

  void answer(HttpAnswer answer);
  // Not while a thread of the plugin's may begin another.
  const std::vector<HttpExchange>& exchanges() const { return exchanges_; }
  bool wait_for_exchanges(std::size_t count, std::chrono::seconds at_most = std::chrono::seconds(10)) const;
  static int own_calls_open(); // of all instances

  std::vector<LogLine> log() const;
  // Waits until `count` lines of this event were logged.
  bool wait_for_log(std::string_view event, std::size_t count,
                    std::chrono::seconds at_most = std::chrono::seconds(10)) const;
  std::string everything_logged() const; // for secrets that must not be in it

 private:
  static PluginHost& of(const authd_host* host) { return *static_cast<PluginHost*>(host->ctx); }
  static void on_log(const authd_host*, const authd_call*, std::uint32_t, authd_str, authd_str) noexcept;
  static authd_status on_fail(const authd_host*, const authd_call*, authd_status, const authd_error*) noexcept;
  static authd_status on_put(const authd_host*, authd_out*, authd_bytes) noexcept;
  static std::int64_t on_remaining(const authd_host*, const authd_call*) noexcept;
  static authd_status on_get(const authd_host*, const authd_cfg*, authd_str, authd_value*) noexcept;
  static authd_status on_key(const authd_host*, const authd_cfg*, authd_str, std::uint32_t, authd_str*) noexcept;
  static const void* on_service(const authd_host*, const char*) noexcept;
  HttpAnswer exchange(HttpExchange seen);
  static authd_status on_exchange(const authd_http_v1*, const authd_call*, const authd_http_request*,
                                  authd_http_response*) noexcept;

  Settings settings_;
  authd_host host_{};
  authd_http_v1 http_{};
  std::map<std::string, const void*, std::less<>> services_;
  const authd_component* component_ = nullptr;
  void* self_ = nullptr;
  bool started_ = false;
  TestCall lifecycle_call_;

  mutable std::mutex mutex_; // of what follows: a plugin's own thread uses it too
  mutable std::condition_variable changed_;
  std::deque<HttpAnswer> answers_;
  std::vector<HttpExchange> exchanges_;
  std::vector<LogLine> log_;
};

inline authd_str str(std::string_view s) { return {s.data(), s.size()}; }
inline authd_bytes bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

} // namespace authd::test
