// SPDX-License-Identifier: Apache-2.0
#include "plugin/gateway.h"

#include <stdexcept>
#include <utility>

#include "plugin/abi_views.h"
#include "plugin/byte_sink.h"
#include "plugin/invoke.h"
#include "plugin/kinds.h"
#include "plugin/loader.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kMaxCredentials = 1024;
constexpr std::size_t kMaxField = 64 * 1024; // bytes
constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxDetail = 1024;

using Failed = authd::Failure<Failure>;

template <class View>
bool acceptable(const View& v) {
  return v.n <= kMaxField && (v.p != nullptr || v.n == 0);
}

std::string copy(authd_str s) { return std::string(view(s)); }
Secret copy(authd_bytes b) { return Secret(std::string(view(b))); }

// Takes what the plugin puts; remembers when that was not acceptable, whatever the plugin returns then.
class Collector {
 public:
  Collector() : sink_{sizeof sink_, 0, this, &Collector::put} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const authd_credential_sink* abi() const { return &sink_; }
  bool spoilt() const { return spoilt_; }
  std::vector<GatewayCredential>& credentials() { return credentials_; }

 private:
  static authd_status put(const authd_credential_sink* sink, const authd_credential* c) noexcept try {
    return static_cast<Collector*>(sink->ctx)->take(c);
  } catch (...) {
    static_cast<Collector*>(sink->ctx)->spoilt_ = true;
    return AUTHD_INTERNAL;
  }

  authd_status take(const authd_credential* c) {
    const bool good = c != nullptr && c->size >= sizeof *c && credentials_.size() < kMaxCredentials &&
                      acceptable(c->id) && acceptable(c->key) && acceptable(c->algorithm) &&
                      acceptable(c->secret);
    if (!good) {
      spoilt_ = true;
      return AUTHD_INVALID;
    }
    credentials_.push_back({copy(c->id), copy(c->key), copy(c->algorithm), copy(c->secret), c->created_at});
    return AUTHD_OK;
  }

  authd_credential_sink sink_;
  std::vector<GatewayCredential> credentials_;
  bool spoilt_ = false;
};

Failed corrupt(std::string_view why) {
  return Failed(Failure{Status::corrupt, 0, milliseconds(0), std::string(why)});
}

Failed unsupported(std::string_view operation) {
  return Failed(Failure{Status::unsupported, 0, milliseconds(0),
                        std::string("this gateway cannot ") + std::string(operation)});
}

Health::State to_state(std::uint32_t raw) {
  switch (raw) {
  case AUTHD_HEALTH_UP:
    return Health::State::up;
  case AUTHD_HEALTH_DEGRADED:
    return Health::State::degraded;
  default:
    return Health::State::down;
  }
}

constexpr std::string_view kSpoilt = "put more than 1,024 credentials, or one that is malformed";

} // namespace

Gateway::Gateway(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)),
      ops_(static_cast<const authd_gateway_ops*>(instance_->component().ops)) {
  if (std::string_view(instance_->component().kind) != AUTHD_GATEWAY_V1 ||
      !missing_operation(AUTHD_GATEWAY_V1, ops_).empty())
    throw std::invalid_argument(instance_->name() + " is no gateway adapter");
}

Result<std::vector<GatewayCredential>, Failure> Gateway::get_secret(Call& call,
                                                                    std::string_view consumer) const {
  Collector collector;
  const Status status = invoke(instance_->redaction(), call, [&] {
    return ops_->get_secret(instance_->self(), call.abi(), to_abi(consumer), collector.abi());
  });
  if (collector.spoilt()) return corrupt(kSpoilt);
  if (status != Status::ok) return Failed(call.take_failure(status));
  return std::move(collector.credentials());
}

Result<GatewayCredential, Failure> Gateway::create_secret(Call& call, std::string_view consumer,
                                                          const Proposal& proposal) const {
  if (!can_create()) return unsupported("create credentials");
  Collector collector;
  const authd_proposal wire{sizeof wire, 0, to_abi(proposal.key), to_abi(proposal.algorithm),
                            to_bytes(proposal.secret.reveal())};
  const Status status = invoke(instance_->redaction(), call, [&] {
    return ops_->create_secret(instance_->self(), call.abi(), to_abi(consumer), &wire, collector.abi());
  });
  if (collector.spoilt()) return corrupt(kSpoilt);
  if (status != Status::ok) return Failed(call.take_failure(status));
  if (collector.credentials().size() != 1)
    return corrupt("created a credential, but did not put exactly one");
  return std::move(collector.credentials().front());
}

Result<void, Failure> Gateway::delete_secret(Call& call, std::string_view consumer,
                                             std::string_view id) const {
  if (!AUTHD_HAS(ops_, delete_secret)) return unsupported("delete credentials");
  const Status status = invoke(instance_->redaction(), call, [&] {
    return ops_->delete_secret(instance_->self(), call.abi(), to_abi(consumer), to_abi(id));
  });
  if (status != Status::ok) return Failed(call.take_failure(status));
  return {};
}

Result<std::string, Failure> Gateway::resolve(Call& call, std::string_view consumer) const {
  if (!AUTHD_HAS(ops_, resolve)) return std::string(consumer);
  std::string id;
  authd_out out{id, kMaxId};
  const Status status = invoke(instance_->redaction(), call, [&] {
    return ops_->resolve(instance_->self(), call.abi(), to_abi(consumer), &out);
  });
  if (out.overflow) return corrupt("put a consumer id of more than 256 bytes");
  if (status != Status::ok) return Failed(call.take_failure(status));
  if (id.empty()) return corrupt("resolved the consumer, but put no id");
  return id;
}

Health Gateway::probe(Call& call) const {
  std::string detail;
  std::string endpoint;
  authd_out detail_out{.target = detail, .limit = kMaxDetail, .cuts = true};
  authd_out endpoint_out{.target = endpoint, .limit = kMaxDetail, .cuts = true};
  authd_health raw{sizeof raw, AUTHD_HEALTH_UP, &detail_out, &endpoint_out};
  const auto before = steady_now();
  const Status status =
      invoke(instance_->redaction(), call, [&] { return ops_->probe(instance_->self(), call.abi(), &raw); });
  const auto took = std::chrono::duration_cast<milliseconds>(steady_now() - before);
  const auto& redaction = instance_->redaction();
  Health health{to_state(raw.state), redaction.clean(detail), redaction.clean(endpoint), took};
  if (status != Status::ok) {
    health.state = Health::State::down;
    health.detail = call.take_failure(status).message;
  }
  return health;
}

bool Gateway::can_create() const { return AUTHD_HAS(ops_, create_secret); }
const std::string& Gateway::plugin_id() const { return instance_->plugin_id(); }

} // namespace authd::plugin
