// SPDX-License-Identifier: Apache-2.0
#include "topology.h"

#include "cluster.h"
#include "sentinel.h"

namespace authd::cache_redis {
namespace {

class SingleServer final : public Topology {
 public:
  SingleServer(const Dialer& dialer, const sdk::Host& host)
      : dialer_(dialer), host_(host), endpoint_(dialer.settings().url.endpoints.front()) {}

  void start(const Deadline& deadline) override {
    node_ = std::make_shared<Node>(endpoint_, dialer_, host_);
    node_->await_first_attempt(deadline);
  }
  void stop() override {
    if (node_) node_->stop();
  }
  Outcome<NodePtr> route(std::string_view) override {
    if (node_) return node_;
    return failure(Fault::Kind::down, sdk::Status::unavailable, "the cache tier was not started");
  }
  Outcome<std::vector<NodePtr>> masters() override {
    return route({}).map([](NodePtr node) { return std::vector{std::move(node)}; });
  }
  bool delivers_to(const Endpoint&) override { return true; }

 private:
  const Dialer& dialer_;
  const sdk::Host host_;
  const Endpoint endpoint_;
  NodePtr node_; // from start on
};

} // namespace

Outcome<NodePtr> Topology::follow(const Redirection&, const Node&) {
  return tl::make_unexpected(classify_error("MOVED"));
}

std::unique_ptr<Topology> make_topology(const Dialer& dialer, const sdk::Host& host) {
  switch (dialer.settings().url.deployment) {
  case Deployment::sentinel:
    return std::make_unique<SentinelTopology>(dialer, host);
  case Deployment::cluster:
    return std::make_unique<ClusterTopology>(dialer, host);
  case Deployment::single:
    break;
  }
  return std::make_unique<SingleServer>(dialer, host);
}

} // namespace authd::cache_redis
