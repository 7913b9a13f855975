// SPDX-License-Identifier: Apache-2.0
#include "topology.h"

#include <exception>
#include <utility>

#include "cluster.h"
#include "sentinel.h"

namespace authd::cache_redis {
namespace {

constexpr milliseconds kShortestPause{100};

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

// --- TopologyRefresher

TopologyRefresher::TopologyRefresher(milliseconds period, std::function<void(const Deadline&)> refresh)
    : period_(period), refresh_(std::move(refresh)) {}

TopologyRefresher::~TopologyRefresher() { stop(); }

void TopologyRefresher::start() {
  thread_ = std::thread([this] { run(); });
}

void TopologyRefresher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.raise();
  work_.notify_all();
  refreshed_.notify_all();
  if (thread_.joinable()) thread_.join();
  stop_.close();
}

void TopologyRefresher::refresh_now() {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  work_.notify_one();
}

void TopologyRefresher::await_first(const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  refreshed_.wait_for(lock, deadline.remaining(), [this] { return has_refreshed_ || stopping_; });
}

// When memory has run out, the next refresh may succeed; an exception that left the thread would end the process.
void TopologyRefresher::refresh() noexcept {
  try {
    refresh_(Deadline(std::chrono::hours(1)).cancelled_by(stop_.descriptor()));
  } catch (const std::exception&) {
  }
}

void TopologyRefresher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    requested_ = false;
    lock.unlock();
    refresh();
    lock.lock();
    has_refreshed_ = true;
    refreshed_.notify_all();
    work_.wait_for(lock, kShortestPause, [this] { return stopping_; });
    work_.wait_for(lock, period_, [this] { return stopping_ || requested_; });
  }
}

// --- the deployments

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
