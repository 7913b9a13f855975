// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <algorithm>
#include <utility>

namespace authd::cache_redis {
namespace {

using sdk::Status;

constexpr std::chrono::seconds kPeriod{10};
// A node that is stopped must not keep the others from being asked.
constexpr std::chrono::seconds kPatience{1};
// Each costs a thread until the next look; Redis recommends a thousand at most.
constexpr std::size_t kMostNodes = 1100;

} // namespace

ClusterTopology::ClusterTopology(const Dialer& dialer, const sdk::Host& host)
    : dialer_(dialer), host_(host), refresher_(kPeriod, [this](const Deadline& deadline) { refresh(deadline); }) {
  map_.owner.fill(SlotMap::kNobody);
}

void ClusterTopology::start(const Deadline& deadline) {
  refresher_.start();
  refresher_.await_first(deadline);
  if (const auto all = masters())
    for (const NodePtr& node : *all) node->await_first_attempt(deadline);
}

void ClusterTopology::stop() {
  refresher_.stop();
  std::map<std::string, NodePtr> nodes;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    nodes.swap(nodes_);
    map_.masters.clear();
    map_.owner.fill(SlotMap::kNobody);
  }
  for (const auto& [endpoint, node] : nodes) node->stop();
}

Outcome<NodePtr> ClusterTopology::route(std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (map_.masters.empty()) return tl::make_unexpected(why_none_);
  const auto owner = map_.owner[slot_of(key)];
  if (owner != SlotMap::kNobody) return node_at(map_.masters[owner]);
  refresher_.refresh_now();
  return failure(Fault::Kind::down, Status::unavailable, "no node of the cluster has this key's slot");
}

Outcome<std::vector<NodePtr>> ClusterTopology::masters() {
  const std::lock_guard lock(mutex_);
  if (map_.masters.empty()) return tl::make_unexpected(why_none_);
  std::vector<NodePtr> all;
  for (const Endpoint& master : map_.masters) all.push_back(node_at(master));
  return all;
}

Outcome<NodePtr> ClusterTopology::follow(const Redirection& to, const Node& from) {
  if (!to.ask) refresher_.refresh_now();
  Endpoint endpoint = to.to;
  if (endpoint.host.empty()) endpoint.host = from.endpoint().host;
  const std::lock_guard lock(mutex_);
  if (nodes_.size() >= kMostNodes)
    return failure(Fault::Kind::refused, Status::corrupt, "the cluster's nodes redirect to too many nodes");
  if (stopped_) return failure(Fault::Kind::down, Status::unavailable, "the cache tier is stopped");
  return node_at(endpoint);
}

bool ClusterTopology::delivers_to(const Endpoint& server) {
  const std::lock_guard lock(mutex_);
  return std::find(map_.masters.begin(), map_.masters.end(), server) != map_.masters.end();
}

NodePtr ClusterTopology::node_at(const Endpoint& endpoint) {
  NodePtr& node = nodes_[endpoint.text()];
  if (!node) node = std::make_shared<Node>(endpoint, dialer_, host_);
  return node;
}

void ClusterTopology::refresh(const Deadline& deadline) {
  Fault last;
  for (const Endpoint& server : servers_to_ask()) {
    auto map = ask(server, deadline.capped(kPatience));
    if (map) return adopt(std::move(*map));
    last = {map.error().kind, map.error().status, server.text() + ": " + map.error().message, {}};
  }
  const std::lock_guard lock(mutex_);
  why_none_ = {Fault::Kind::down, last.status, "no node could list the nodes of the cluster; " + last.message, {}};
  if (std::exchange(warned_, true)) return;
  host_.log(sdk::Level::warn, "redis-cluster-down", why_none_.message);
}

// Masters that answered lately first, then whom the url names. Each time another one begins: one that is
// cut off from the others would tell the same old story for ever.
std::vector<Endpoint> ClusterTopology::servers_to_ask() {
  std::vector<Endpoint> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, node] : nodes_)
      if (node->up()) all.push_back(node->endpoint());
  }
  if (!all.empty())
    std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(refreshes_++ % all.size()), all.end());
  for (const Endpoint& seed : dialer_.settings().url.endpoints)
    if (std::find(all.begin(), all.end(), seed) == all.end()) all.push_back(seed);
  return all;
}

Outcome<SlotMap> ClusterTopology::ask(const Endpoint& server, const Deadline& deadline) const {
  auto connection = dialer_.dial(server, deadline);
  if (!connection) return tl::make_unexpected(std::move(connection.error()));
  Command command("CLUSTER");
  command << "SLOTS";
  auto reply = (*connection)->exchange(command, deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  if (const std::string* error = error_of(*reply)) return tl::make_unexpected(classify_error(*error));
  auto map = parse_slots(*reply, server);
  if (!map) return failure(Fault::Kind::refused, Status::unavailable, "it has no slots: is it part of a cluster?");
  return std::move(*map);
}

void ClusterTopology::adopt(SlotMap map) {
  std::map<std::string, NodePtr> gone;
  {
    const std::lock_guard lock(mutex_);
    warned_ = false;
    map_ = std::move(map);
    gone.swap(nodes_);
    for (const Endpoint& master : map_.masters) {
      if (const auto kept = gone.extract(master.text())) nodes_[master.text()] = kept.mapped();
      node_at(master);
    }
  }
  for (const auto& [name, node] : gone) node->stop();
}

} // namespace authd::cache_redis
