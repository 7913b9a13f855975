// SPDX-License-Identifier: Apache-2.0
#include "http_client/connection_pool.h"

#include <algorithm>
#include <iterator>

namespace authd::http_client {

std::optional<net::DeadlineSocket> ConnectionPool::take(std::string_view origin, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(idle_, [&](const Idle& idle) { return now - idle.since >= kMaxIdle; });
  while (true) {
    const auto found =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.origin == origin; });
    if (found == idle_.rend()) return std::nullopt;
    net::DeadlineSocket socket = std::move(found->socket);
    idle_.erase(std::next(found).base());
    if (socket.quiet()) return socket;
  }
}

void ConnectionPool::keep(std::string origin, net::DeadlineSocket socket, std::size_t most, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto is_same = [&](const Idle& idle) { return idle.origin == origin; };
  if (static_cast<std::size_t>(std::count_if(idle_.begin(), idle_.end(), is_same)) >= most) {
    idle_.erase(std::find_if(idle_.begin(), idle_.end(), is_same));
  } else if (idle_.size() >= kMaxTotal) {
    idle_.erase(idle_.begin());
  }
  idle_.push_back({std::move(origin), std::move(socket), now});
}

std::size_t ConnectionPool::size() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

} // namespace authd::http_client
