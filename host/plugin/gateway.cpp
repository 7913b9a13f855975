// SPDX-License-Identifier: Apache-2.0
#include "plugin/gateway.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "base/frozen_sizes.h"
#include "config/kinds.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kMaxCredentials = 1024;
constexpr std::size_t kMaxField = 0xFFFF; // bytes: what the record of a cached credential can hold
constexpr std::size_t kMaxId = 256;

using Failed = authd::Failure<CallFailure>;

// What is wrong with a field of a credential; empty: nothing.
template <class View>
std::string fault_of(std::string_view name, const View& v) {
  if (v.n > kMaxField) return fmt::format("put a credential whose {} is longer than {} bytes", name, kMaxField);
  if (v.p == nullptr && v.n > 0) return fmt::format("put a credential whose {} is NULL, but has a length", name);
  return {};
}

std::string copy(authd_str s) { return std::string(view(s)); }
Secret copy(authd_bytes b) { return Secret(std::string(view(b))); }

std::string fault_of(const authd_credential& c) {
  for (std::string fault :
       {fault_of("id", c.id), fault_of("key", c.key), fault_of("algorithm", c.algorithm), fault_of("secret", c.secret)})
    if (!fault.empty()) return fault;
  return {};
}

// Takes what the plugin puts; remembers when that was not acceptable, whatever the plugin returns then.
class Collector {
 public:
  Collector() : sink_{sizeof sink_, 0, this, &Collector::put} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const authd_credential_sink* abi() const { return &sink_; }
  const std::string& fault() const { return fault_; } // the first; empty: all that was put is good
  std::vector<GatewayCredential>& credentials() { return credentials_; }

 private:
  static authd_status put(const authd_credential_sink* sink, const authd_credential* c) noexcept try {
    auto& self = *static_cast<Collector*>(sink->ctx);
    if (c == nullptr) return self.refuse("put NULL for a credential");
    if (!is_whole(c)) return self.refuse("put a credential that is shorter than in ABI 1.0");
    return self.take(known_part(c));
  } catch (...) {
    static_cast<Collector*>(sink->ctx)->fault_ = "out of memory"; // so short that it allocates nothing
    return AUTHD_INTERNAL;
  }

  authd_status take(const authd_credential& c) {
    if (credentials_.size() >= kMaxCredentials)
      return refuse(fmt::format("put more than {} credentials", kMaxCredentials));
    if (std::string fault = fault_of(c); !fault.empty()) return refuse(std::move(fault));
    credentials_.push_back({copy(c.id), copy(c.key), copy(c.algorithm), copy(c.secret), c.created_at});
    return AUTHD_OK;
  }

  authd_status refuse(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    return AUTHD_INVALID;
  }

  authd_credential_sink sink_;
  std::vector<GatewayCredential> credentials_;
  std::string fault_;
};

Failed corrupt(std::string_view why) {
  return Failed(CallFailure{CallStatus::corrupt, 0, milliseconds(0), std::string(why)});
}

Failed unsupported(std::string_view operation) {
  return Failed(CallFailure{CallStatus::unsupported, 0, milliseconds(0),
                            std::string("this gateway cannot ") + std::string(operation)});
}

// That there is no such thing, or that its name is taken, is an ordinary answer: it needs no reason.
Failed not_done(Call& call, CallStatus status) {
  const bool ordinary = status == CallStatus::not_found || status == CallStatus::conflict;
  const bool says_why = !call.failure().message.empty();
  CallFailure failure = call.take_failure(status);
  if (ordinary && !says_why) failure.message.clear();
  return Failed(std::move(failure));
}

} // namespace

Gateway::Gateway(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)), ops_(static_cast<const authd_gateway_ops*>(instance_->component().ops)) {
  if (std::string_view(instance_->component().kind) != AUTHD_GATEWAY_V1 ||
      !config::missing_operation(AUTHD_GATEWAY_V1, ops_).empty())
    throw std::invalid_argument(instance_->name() + " is not a gateway adapter");
}

Result<std::vector<GatewayCredential>, CallFailure> Gateway::get_secret(Call& call, std::string_view consumer) const {
  Collector collector;
  const CallStatus status = invoke(instance_->callee(), "get_secret", instance_->redaction(), call, [&] {
    return ops_->get_secret(instance_->self(), call.abi(), to_abi(consumer), collector.abi());
  });
  if (!collector.fault().empty()) return corrupt(collector.fault());
  if (status != CallStatus::ok) return not_done(call, status);
  return std::move(collector.credentials());
}

Result<GatewayCredential, CallFailure> Gateway::create_secret(Call& call, std::string_view consumer,
                                                              const Proposal& proposal) const {
  if (!can_create()) return unsupported("create credentials");
  Collector collector;
  const authd_proposal wire{sizeof wire, 0, to_abi(proposal.key), to_abi(proposal.algorithm),
                            to_bytes(proposal.secret.reveal())};
  const CallStatus status = invoke(instance_->callee(), "create_secret", instance_->redaction(), call, [&] {
    return ops_->create_secret(instance_->self(), call.abi(), to_abi(consumer), &wire, collector.abi());
  });
  if (!collector.fault().empty()) return corrupt(collector.fault());
  if (status != CallStatus::ok) return not_done(call, status);
  if (collector.credentials().size() != 1) return corrupt("created a credential, but did not put exactly one");
  return std::move(collector.credentials().front());
}

Result<void, CallFailure> Gateway::delete_secret(Call& call, std::string_view consumer, std::string_view id) const {
  if (!AUTHD_HAS(ops_, delete_secret)) return unsupported("delete credentials");
  const CallStatus status = invoke(instance_->callee(), "delete_secret", instance_->redaction(), call, [&] {
    return ops_->delete_secret(instance_->self(), call.abi(), to_abi(consumer), to_abi(id));
  });
  if (status != CallStatus::ok) return not_done(call, status);
  return {};
}

Result<std::string, CallFailure> Gateway::resolve(Call& call, std::string_view consumer) const {
  if (!AUTHD_HAS(ops_, resolve)) return std::string(consumer);
  std::string id;
  authd_out out{id, kMaxId};
  const CallStatus status = invoke(instance_->callee(), "resolve", instance_->redaction(), call, [&] {
    return ops_->resolve(instance_->self(), call.abi(), to_abi(consumer), &out);
  });
  if (out.overflow) return corrupt("put a consumer id of more than 256 bytes");
  if (status != CallStatus::ok) return not_done(call, status);
  if (id.empty()) return corrupt("resolved the consumer, but put no id");
  return id;
}

Health Gateway::probe(Call& call) const { return ask_health(*instance_, "probe", ops_->probe, call); }

bool Gateway::can_resolve() const { return AUTHD_HAS(ops_, resolve); }
bool Gateway::can_create() const { return AUTHD_HAS(ops_, create_secret); }
const std::string& Gateway::plugin_id() const { return instance_->plugin_id(); }
const std::string& Gateway::mode() const { return instance_->mode(); }

} // namespace authd::plugin
