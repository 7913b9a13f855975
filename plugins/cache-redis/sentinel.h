// SPDX-License-Identifier: Apache-2.0
// A master and its replicas, watched by sentinels, which say who is master now. They are asked every
// second and on request, so a failover is noticed although the old master may still answer.
#pragma once

#include <mutex>
#include <vector>

#include "topology.h"

namespace authd::cache_redis {

class SentinelTopology final : public Topology {
 public:
  SentinelTopology(const Dialer& dialer, const sdk::Host& host);

  void start(const Deadline& deadline) override;
  void stop() override;
  Outcome<NodePtr> route(std::string_view key) override;
  Outcome<std::vector<NodePtr>> masters() override;
  void request_refresh() override { refresher_.refresh_now(); }
  bool delivers_to(const Endpoint& server) override;

 private:
  void refresh(const Deadline& deadline);
  Outcome<Endpoint> ask(const Endpoint& sentinel, const Deadline& deadline);
  void found(Endpoint master);
  void not_found(Fault why);

  const Dialer& dialer_;
  const sdk::Host host_;

  mutable std::mutex mutex_;
  NodePtr master_; // null until a sentinel has named one
  Fault why_none_{Fault::Kind::down, sdk::Status::unavailable, "no Sentinel has been asked yet", {}};
  bool warned_ = false;

  // Of the thread alone:
  std::vector<Endpoint> sentinels_;        // the one that answered last first
  std::unique_ptr<Connection> connection_; // to it

  TopologyRefresher refresher_;
};

} // namespace authd::cache_redis
