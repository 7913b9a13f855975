// SPDX-License-Identifier: Apache-2.0
// How many connections each client address has open, over all reactors: server.max_connections_per_peer.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "base/ip_address.h"

namespace authd::http {

// Memory: one entry for each address that has a connection, so at most as many as there are connections. [thread-safe]
class PeerShares {
 public:
  // One connection, counted for as long as this lives; a default one counts none.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : shares_(std::exchange(other.shares_, nullptr)), peer_(other.peer_), connections_(other.connections_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(shares_, other.shares_);
      std::swap(peer_, other.peer_);
      std::swap(connections_, other.connections_);
      return *this;
    }
    ~Share() {
      if (shares_ != nullptr) shares_->give_back(peer_);
    }
    // What the peer had open when this one came, this one included; 0 of a default one.
    unsigned connections() const { return connections_; }

   private:
    friend class PeerShares;
    Share(PeerShares* shares, const IpAddress& peer, unsigned connections)
        : shares_(shares), peer_(peer), connections_(connections) {}

    PeerShares* shares_ = nullptr;
    IpAddress peer_;
    unsigned connections_ = 0;
  };

  // An IPv6 client is its /64: it has all addresses in it (RFC 4291, section 2.5.4; RFC 6177).
  Share take(const IpAddress& client);
  std::size_t peers() const; // that have a connection

 private:
  void give_back(const IpAddress& peer);

  mutable std::mutex mutex_;
  std::map<IpAddress, unsigned> connections_; // guarded by mutex_
};

} // namespace authd::http
