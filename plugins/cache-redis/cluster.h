// SPDX-License-Identifier: Apache-2.0
// A Redis cluster: keys by slot. Which node has which slot is asked every ten seconds and on request;
// until that is known, an operation follows the redirection that it is answered.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "slot_map.h"
#include "topology.h"

namespace authd::cache_redis {

class ClusterTopology final : public Topology {
 public:
  ClusterTopology(const Dialer& dialer, const sdk::Host& host);

  void start(const Deadline& deadline) override;
  void stop() override;
  Outcome<NodePtr> route(std::string_view key) override;
  Outcome<std::vector<NodePtr>> masters() override;
  Outcome<NodePtr> follow(const Redirection& to, const Node& from) override;
  void request_refresh() override { refresher_.refresh_now(); }
  bool delivers_to(const Endpoint& server) override;

 private:
  void refresh(const Deadline& deadline);
  std::vector<Endpoint> servers_to_ask();
  Outcome<SlotMap> ask(const Endpoint& server, const Deadline& deadline) const;
  void adopt(SlotMap map);
  NodePtr node_at(const Endpoint& endpoint); // with mutex_ held

  const Dialer& dialer_;
  const sdk::Host host_;

  mutable std::mutex mutex_;
  SlotMap map_;                          // without masters until a node has answered
  std::map<std::string, NodePtr> nodes_; // by endpoint: the masters, and whom a redirection named since
  Fault why_none_{Fault::Kind::down, sdk::Status::unavailable, "no node of the cluster has been asked yet", {}};
  bool warned_ = false;
  bool stopped_ = false;

  std::size_t refreshes_ = 0; // of the thread alone

  TopologyRefresher refresher_;
};

} // namespace authd::cache_redis
