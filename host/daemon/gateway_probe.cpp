// SPDX-License-Identifier: Apache-2.0
#include "daemon/gateway_probe.h"

#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"
#include "daemon/plugin_set.h"
#include "http_client/service.h"
#include "pipeline/invalidation_hub.h"
#include "pipeline/provisioning.h"
#include "plugin/gateway.h"
#include "plugin/loader.h"

namespace authd::daemon {
namespace {

using Verdict = Finding::Verdict;

constexpr seconds kPatience{15};

class Probing {
 public:
  Probing(const config::Config& config, const plugin::Gateway& gateway)
      : config_(config), gateway_(gateway), nobody_(view(UuidSource().next())) {}

  std::vector<Finding> run() {
    if (!ask_health()) return std::move(findings_);
    try_reading();
    try_creating();
    return std::move(findings_);
  }

 private:
  void add(Verdict verdict, std::string text) { findings_.push_back({verdict, std::move(text)}); }

  bool ask_health() {
    Call call(steady_now() + kPatience);
    const plugin::Health health = gateway_.probe(call);
    const std::string where = health.endpoint.empty() ? gateway_.plugin_id() : health.endpoint;
    if (health.state != plugin::Health::State::up) {
      add(Verdict::bad, fmt::format("{}: {}", where, health.detail));
      return health.state == plugin::Health::State::degraded;
    }
    add(Verdict::good, fmt::format("{} answers, in {} ms", where, health.response_time.count()));
    return true;
  }

  void try_reading() {
    Call call(steady_now() + kPatience);
    const SteadyTime begin = steady_now();
    const auto listed = gateway_.get_secret(call, nobody_);
    const auto took = std::chrono::duration_cast<milliseconds>(steady_now() - begin);
    if (!listed && listed.error().status != CallStatus::not_found) {
      add(Verdict::bad, fmt::format("cannot read credentials: {}", listed.error().message));
      return;
    }
    add(Verdict::good, fmt::format("accepts authd, which may read credentials; took {} ms", took.count()));
    if (took > config_.breaker.timeout) {
      add(Verdict::warning, fmt::format("that is longer than breaker.timeout ({} ms): requests would not wait for it",
                                        config_.breaker.timeout.count()));
    }
  }

  void try_creating() {
    if (!config_.gateway.auto_provision)
      return add(Verdict::good, "creating was not tried: gateway.auto_provision is false");
    if (!gateway_.can_create())
      return add(Verdict::warning,
                 fmt::format("{} creates no credentials: a consumer without one gets AUTH_013", gateway_.plugin_id()));
    Call call(steady_now() + kPatience);
    const auto created = gateway_.create_secret(
        call, nobody_,
        pipeline::propose("authd-probe-" + nobody_,
                          pipeline::parse_algorithm(config_.gateway.algorithm).value_or(pipeline::Algorithm::hs256)));
    if (created) return undo(created->id);
    if (created.error().status == CallStatus::not_found)
      return add(Verdict::good, "may create credentials (a Kong without a database answers alike)");
    add(Verdict::bad, fmt::format("cannot create credentials: {}; give authd's role the right to, or set "
                                  "gateway.auto_provision = false",
                                  created.error().message));
  }

  // A gateway that takes credentials for consumers that it does not have.
  void undo(const std::string& id) {
    Call call(steady_now() + kPatience);
    const auto deleted = gateway_.delete_secret(call, nobody_, id);
    add(deleted ? Verdict::good : Verdict::warning,
        fmt::format("may create credentials; made one for {}{}", nobody_,
                    deleted ? " and deleted it" : ", which could not be deleted: " + deleted.error().message));
  }

  const config::Config& config_;
  const plugin::Gateway& gateway_;
  const std::string nobody_;
  std::vector<Finding> findings_;
};

} // namespace

std::vector<Finding> probe_gateway(const config::Config& config, Log& log) {
  http_client::HttpService exchanges;
  pipeline::InvalidationHub hub;
  modules::EventBus events(log);
  modules::CurrentStore store;
  modules::RecordSpaces records(store, config.master_keys, MovableClock(config.test_clock));
  modules::Tokens tokens(store, MovableClock(config.test_clock), has_signer(config));
  const ServiceSources sources{exchanges,         hub, events, store, records, tokens, MovableClock(config.test_clock),
                               config.master_keys};
  const plugin::Loader loader(trust_policy(config), plugin_services(sources), log);
  auto instance = loader.load(config.gateway, config.plugins.dir, pin_for(config, config.gateway), AUTHD_GATEWAY_V1);
  if (!instance) throw Refused(lines_of(instance.error(), config.gateway));
  if (const auto started = (*instance)->start(); !started) throw Refused(lines_of(started.error(), config.gateway));
  const plugin::Gateway gateway(std::move(*instance));
  return Probing(config, gateway).run();
}

} // namespace authd::daemon
