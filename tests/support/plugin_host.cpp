// SPDX-License-Identifier: Apache-2.0
#include "plugin_host.h"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

#include "authd/calls.h"

namespace authd::test {
namespace {

std::string copy(authd_str s) { return s.p == nullptr ? std::string() : std::string(s.p, s.n); }
std::string copy(authd_bytes b) {
  return b.p == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(b.p), b.n);
}

TestCall& writable(const authd_call* call) { return *const_cast<TestCall*>(reinterpret_cast<const TestCall*>(call)); }

// Service authd.calls/1, whose functions know no host.
std::mutex own_calls_mutex;
std::condition_variable own_call_withdrawn;
int open_own_calls = 0;

const authd_call* open_own_call(std::int64_t timeout_ms) noexcept {
  const std::lock_guard lock(own_calls_mutex);
  ++open_own_calls;
  auto* call = new TestCall;
  call->remaining_ms = timeout_ms;
  return call->abi();
}

void withdraw_own_call(const authd_call* call) noexcept {
  const std::lock_guard lock(own_calls_mutex);
  writable(call).remaining_ms = 0;
  own_call_withdrawn.notify_all();
}

void failure_of_own_call(const authd_call* call, authd_error* out) noexcept {
  const TestCall& record = writable(call);
  *out = {sizeof *out, 0, record.upstream_status, record.retry_after_ms, str(record.message), {}};
}

void close_own_call(const authd_call* call) noexcept {
  const std::lock_guard lock(own_calls_mutex);
  --open_own_calls;
  delete &writable(call);
}

constexpr authd_calls_v1 kOwnCalls{sizeof(authd_calls_v1), 0, &open_own_call, &withdraw_own_call, &failure_of_own_call,
                                   &close_own_call};

void await_withdrawal(const authd_call* call) {
  std::unique_lock lock(own_calls_mutex);
  own_call_withdrawn.wait(lock, [&] { return writable(call).remaining_ms == 0; });
}

// Of "/tags/0" with an array at "/tags"; nullptr: there is none.
const std::string* item_at(const Settings& settings, const std::string& pointer) {
  const std::size_t slash = pointer.rfind('/');
  const auto array = settings.find(pointer.substr(0, slash));
  if (slash == 0 || array == settings.end()) return nullptr;
  const auto* items = std::get_if<std::vector<std::string>>(&array->second);
  const std::size_t at = std::stoul(pointer.substr(slash + 1));
  return items != nullptr && at < items->size() ? &(*items)[at] : nullptr;
}

} // namespace

PluginHost::PluginHost(const char* file, Settings settings) : settings_(std::move(settings)) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<authd_plugin_v1_fn>(dlsym(library, AUTHD_PLUGIN_ENTRY));
  if (entry == nullptr) throw std::runtime_error(dlerror());
  component_ = &entry(AUTHD_ABI_MINOR)->components[0];

  host_ = {sizeof host_, AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR, this,    &on_log,    &on_fail,
           &on_put,      &on_remaining,   &on_get,         &on_key, &on_service};
  http_ = {sizeof http_, 0, &host_, &on_exchange};
}

PluginHost::~PluginHost() {
  if (started_) stop();
  if (self_ != nullptr) component_->lifecycle->destroy(self_);
}

authd_status PluginHost::create() {
  return component_->lifecycle->create(&host_, nullptr, lifecycle_call_.abi(), &self_);
}

authd_status PluginHost::start() {
  if (!AUTHD_HAS(component_->lifecycle, start)) return AUTHD_OK;
  const authd_status status = component_->lifecycle->start(self_, lifecycle_call_.abi());
  started_ = status == AUTHD_OK;
  return status;
}

authd_status PluginHost::stop() {
  started_ = false;
  if (!AUTHD_HAS(component_->lifecycle, stop)) return AUTHD_OK;
  return component_->lifecycle->stop(self_, lifecycle_call_.abi());
}

std::vector<LogLine> PluginHost::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

bool PluginHost::wait_for_log(std::string_view event, std::size_t count, std::chrono::seconds at_most) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] {
    return std::count_if(log_.begin(), log_.end(), [&](const LogLine& l) { return l.event == event; }) >=
           static_cast<std::ptrdiff_t>(count);
  });
}

void PluginHost::answer(HttpAnswer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
}

bool PluginHost::wait_for_exchanges(std::size_t count, std::chrono::seconds at_most) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] { return exchanges_.size() >= count; });
}

int PluginHost::own_calls_open() {
  const std::lock_guard lock(own_calls_mutex);
  return open_own_calls;
}

std::string PluginHost::everything_logged() const {
  std::string all;
  for (const LogLine& line : log()) all += line.event + ": " + line.message + "\n";
  return all;
}

void PluginHost::on_log(const authd_host* host, const authd_call*, std::uint32_t level, authd_str event,
                        authd_str message) noexcept {
  PluginHost& self = of(host);
  const std::lock_guard lock(self.mutex_);
  self.log_.push_back({level, copy(event), copy(message)});
  self.changed_.notify_all();
}

authd_status PluginHost::on_fail(const authd_host*, const authd_call* call, authd_status status,
                                 const authd_error* error) noexcept {
  TestCall& record = writable(call);
  record.message = copy(error->message);
  record.setting = copy(error->setting);
  record.problems.push_back(record.setting + ": " + record.message);
  record.upstream_status = error->upstream_status;
  record.retry_after_ms = error->retry_after_ms;
  return status;
}

authd_status PluginHost::on_put(const authd_host*, authd_out* out, authd_bytes bytes) noexcept {
  auto& sink = *reinterpret_cast<TestOut*>(out);
  if (sink.refuses) return AUTHD_INVALID;
  sink.bytes += copy(bytes);
  ++sink.puts;
  return AUTHD_OK;
}

std::int64_t PluginHost::on_remaining(const authd_host*, const authd_call* call) noexcept {
  return writable(call).remaining_ms;
}

authd_status PluginHost::on_get(const authd_host* host, const authd_cfg*, authd_str pointer,
                                authd_value* value) noexcept {
  const auto& settings = of(host).settings_;
  const std::string at = copy(pointer);
  if (const auto* item = item_at(settings, at)) {
    value->type = AUTHD_TYPE_STRING;
    value->s = str(*item);
    return AUTHD_OK;
  }
  const auto found = settings.find(at);
  if (found == settings.end()) return AUTHD_NOT_FOUND;
  if (const auto* array = std::get_if<std::vector<std::string>>(&found->second)) {
    value->type = AUTHD_TYPE_ARRAY;
    value->i = static_cast<std::int64_t>(array->size());
  } else if (const auto* b = std::get_if<bool>(&found->second)) {
    value->type = AUTHD_TYPE_BOOL;
    value->i = *b ? 1 : 0;
  } else if (const auto* i = std::get_if<std::int64_t>(&found->second)) {
    value->type = AUTHD_TYPE_INT;
    value->i = *i;
  } else {
    value->type = AUTHD_TYPE_STRING;
    value->s = str(std::get<std::string>(found->second));
  }
  return AUTHD_OK;
}

authd_status PluginHost::on_key(const authd_host*, const authd_cfg*, authd_str, std::uint32_t, authd_str*) noexcept {
  return AUTHD_NOT_FOUND;
}

const void* PluginHost::on_service(const authd_host* host, const char* id) noexcept {
  if (std::string_view(id) == AUTHD_CALLS_V1) return &kOwnCalls;
  if (std::string_view(id) == AUTHD_HTTP_V1) return &of(host).http_;
  const auto found = of(host).services_.find(std::string_view(id));
  return found != of(host).services_.end() ? found->second : nullptr;
}

// The script's next answer.
HttpAnswer PluginHost::exchange(HttpExchange seen) {
  const std::lock_guard lock(mutex_);
  exchanges_.push_back(std::move(seen));
  changed_.notify_all();
  if (answers_.empty()) return {0, "the script has no answer for this request", {}, AUTHD_INTERNAL};
  HttpAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

authd_status PluginHost::on_exchange(const authd_http_v1* http, const authd_call* call,
                                     const authd_http_request* request, authd_http_response* response) noexcept {
  PluginHost& self = of(http->host);
  HttpExchange seen{copy(request->method), copy(request->url), copy(request->body),         {},
                    request->flags,        request->pool_size, request->connect_timeout_ms, request->max_attempts,
                    request->retry_base_ms};
  for (std::size_t i = 0; i < request->header_count; ++i)
    seen.headers[copy(request->headers[i].name)] = copy(request->headers[i].value);
  const HttpAnswer answer = self.exchange(std::move(seen));
  if (answer.hangs) await_withdrawal(call);
  if (answer.hangs) return AUTHD_TIMEOUT;
  if (answer.failure != AUTHD_OK) {
    if (!answer.body.empty()) writable(call).message = answer.body;
    return answer.failure;
  }
  response->status = answer.status;
  for (const auto& [name, value] : answer.headers) response->on_header(response->ctx, str(name), str(value));
  response->on_body(response->ctx, bytes(answer.body));
  return AUTHD_OK;
}

} // namespace authd::test
