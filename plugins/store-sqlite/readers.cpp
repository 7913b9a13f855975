// SPDX-License-Identifier: Apache-2.0
#include "readers.h"

#include <utility>

namespace authd::store_sqlite {

Readers::Lease::~Lease() {
  if (connection_ == nullptr) return;
  connection_->wait_while(nullptr);
  connection_->stop_after(nullptr);
  const std::lock_guard lock(readers_->mutex_);
  readers_->idle_.push_back(std::move(connection_));
}

std::unique_ptr<Connection> Readers::idle() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Expected<Readers::Lease> Readers::lease(const Remaining& remaining) {
  auto connection = idle();
  if (connection == nullptr) {
    auto opened = Connection::open(path_, Connection::Access::read, remaining);
    if (!opened) return tl::unexpected(opened.error());
    connection = std::move(*opened);
  }
  connection->wait_while(remaining);
  connection->stop_after(remaining);
  return Lease(*this, std::move(connection));
}

} // namespace authd::store_sqlite
