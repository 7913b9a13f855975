// SPDX-License-Identifier: Apache-2.0
#include "plugin/instance.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/frozen_sizes.h"
#include "config/kinds.h"
#include "plugin/calls_under_way.h"
#include "plugin/descriptor.h"

namespace authd::plugin {
namespace {

using Refused = authd::Failure<Refusal>;

constexpr milliseconds kLifecycleDeadline{10'000};

} // namespace

// Invariants: `created_` from a successful create until destroy was called, which happens once;
// `started_` implies `created_`.
class Instance::Impl {
 public:
  Impl(const authd_component& component, Origin origin, std::string name, config::PluginSettings settings,
       Services services, Log& log, std::shared_ptr<const TlsIdentity> tls)
      : component_(known_part(&component)), origin_(std::move(origin)),
        host_(std::move(name), origin_.plugin_id, std::move(settings), std::move(services), log, origin_.min_minor,
              std::move(tls), origin_.declared, origin_.base_url),
        callee_(plugin::callee(origin_.plugin_id, host_.instance())) {}

  ~Impl() {
    stop();
    if (!created_) return;
    Call call(steady_now() + kLifecycleDeadline); // destroy does not see it; the thread that waits for its end does
    invoke(callee_, "destroy", host_.redaction(), call, [&] {
      component_.lifecycle->destroy(self_);
      return AUTHD_OK;
    });
  }

  Result<void, Refusal> create() {
    Call call(steady_now() + kLifecycleDeadline);
    call.keep_problems();
    bool threw = true;
    const CallStatus status = invoke(callee_, "create", host_.redaction(), call, [&] {
      const authd_status raw = component_.lifecycle->create(host_.abi(), host_.settings(), call.abi(), &self_);
      threw = false;
      return raw;
    });
    created_ = status == CallStatus::ok;
    if (created_) return {};
    const auto code = threw ? RefusalCode::create_threw : RefusalCode::create_failed;
    return failed(code, "cannot be created", call.take_problems(status));
  }

  Result<void, Refusal> start() {
    if (started_) return {};
    if (!AUTHD_HAS(component_.lifecycle, start)) {
      started_ = true;
      return {};
    }
    Call call(steady_now() + kLifecycleDeadline);
    const CallStatus status = invoke(callee_, "start", host_.redaction(), call,
                                     [&] { return component_.lifecycle->start(self_, call.abi()); });
    report_overrun(call, "start");
    started_ = status == CallStatus::ok;
    if (started_) return {};
    return failed(RefusalCode::start_failed, "cannot be started", {call.take_failure(status)});
  }

  void stop() {
    if (!std::exchange(started_, false) || !AUTHD_HAS(component_.lifecycle, stop)) return;
    Call call(steady_now() + kLifecycleDeadline);
    const CallStatus status =
        invoke(callee_, "stop", host_.redaction(), call, [&] { return component_.lifecycle->stop(self_, call.abi()); });
    report_overrun(call, "stop");
    if (status == CallStatus::ok) return;
    host_.log().write(Level::warn, "plugin-stop-failed", call.take_failure(status).message,
                      {{"authd.plugin.id", host_.plugin_id()}, {"authd.plugin.instance", host_.instance()}});
  }

  Result<void, Refusal> check() const {
    const std::string_view missing = config::missing_operation(component_.kind, component_.ops);
    if (!missing.empty())
      return refuse(RefusalCode::operation_missing, where(),
                    fmt::format("{} {} lacks {}", component_.kind, component_.name, missing),
                    "Implement it: its kind requires it");
    for (const char* const* id = component_.needs; id != nullptr && *id != nullptr; ++id) {
      if (host_.service(*id) == nullptr)
        return refuse(RefusalCode::service_missing, where(),
                      fmt::format("needs the service {}, which this version of authd does not provide", *id),
                      "Use a version of authd that provides it, or an older version of the plugin");
    }
    return {};
  }

  const authd_component& component() const { return component_; }
  const Origin& origin() const { return origin_; }
  const HostContext& host() const { return host_; }
  const Callee& callee() const { return callee_; }
  void* self() const { return self_; }

 private:
  const std::string& where() const { return origin_.path.empty() ? host_.instance() : origin_.path; }

  static std::string_view remedy_for(CallStatus status) {
    switch (status) {
    case CallStatus::unavailable:
    case CallStatus::timeout:
    case CallStatus::rate_limited:
    case CallStatus::cancelled:
      return "Check that authd can reach what the plugin needs, and start authd again";
    case CallStatus::corrupt:
    case CallStatus::internal:
    case CallStatus::unsupported:
      return "Report it to the plugin's author";
    default:
      return "Correct its settings";
    }
  }

  // Nothing can end a plugin's call but the plugin, so an operator must learn whom a reload or an exit waits
  // for.
  void report_overrun(const Call& call, std::string_view what) {
    if (steady_now() <= call.deadline()) return;
    host_.log().write(Level::warn, "plugin-overrun", fmt::format("{} took longer than ten seconds", what),
                      {{"authd.plugin.id", host_.plugin_id()}, {"authd.plugin.instance", host_.instance()}});
  }

  Refused failed(RefusalCode code, std::string_view what, const std::vector<CallFailure>& failures) const {
    const auto refused = [&](CallStatus status, std::string_view why) {
      return refusal(code, where(), fmt::format("{} {} ({}): {}", host_.instance(), what, name_of(status), why),
                     remedy_for(status));
    };
    std::string all;
    std::vector<Refusal::Problem> problems;
    for (const CallFailure& f : failures) {
      const std::string named = f.setting.empty() ? f.message : fmt::format("{}: {}", f.setting, f.message);
      all += (all.empty() ? "" : "; ") + named;
      problems.push_back({f.setting, f.message, refused(f.status, named).line});
    }
    Refusal whole = refused(failures.back().status, all);
    whole.problems = std::move(problems);
    return Refused(std::move(whole));
  }

  const authd_component component_; // as this host knows it
  const Origin origin_;
  HostContext host_;
  const Callee& callee_;
  void* self_ = nullptr;
  bool created_ = false;
  bool started_ = false;
};

Instance::Instance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Instance::~Instance() = default;
Result<void, Refusal> Instance::start() { return impl_->start(); }
void Instance::stop() { impl_->stop(); }
const std::string& Instance::name() const { return impl_->host().instance(); }
const std::string& Instance::plugin_id() const { return impl_->origin().plugin_id; }
const std::string& Instance::plugin_version() const { return impl_->origin().version; }
unsigned Instance::min_minor() const { return impl_->origin().min_minor; }
const std::string& Instance::mode() const { return impl_->origin().mode.empty() ? plugin_id() : impl_->origin().mode; }
const Declared& Instance::declared() const {
  static const Declared nothing;
  return impl_->origin().declared != nullptr ? *impl_->origin().declared : nothing;
}
const std::string& Instance::path() const { return impl_->origin().path; }
const authd_component& Instance::component() const { return impl_->component(); }
void* Instance::self() const { return impl_->self(); }
bool Instance::uses(std::string_view service) const { return impl_->host().uses(service); }
const Callee& Instance::callee() const { return impl_->callee(); }
const Redaction& Instance::redaction() const { return impl_->host().redaction(); }

Result<std::shared_ptr<Instance>, Refusal> create_instance(const authd_component& component, Origin origin,
                                                           std::string name, config::PluginSettings settings,
                                                           Services services, Log& log,
                                                           std::shared_ptr<const TlsIdentity> tls) {
  auto impl = std::make_unique<Instance::Impl>(component, std::move(origin), std::move(name), std::move(settings),
                                               std::move(services), log, std::move(tls));
  if (auto ok = impl->check(); !ok) return Refused(ok.error());
  if (auto ok = impl->create(); !ok) return Refused(ok.error());
  return std::make_shared<Instance>(std::move(impl));
}

} // namespace authd::plugin
