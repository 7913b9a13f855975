// SPDX-License-Identifier: Apache-2.0
#include "http_client/connections.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace authd::http_client {
namespace {

std::shared_ptr<SSL_CTX> context_with(const TlsIdentity& identity, SSL_CTX* authorities) {
  std::shared_ptr<SSL_CTX> context = net::make_bare_tls_context();
  if (authorities != nullptr) SSL_CTX_set1_cert_store(context.get(), SSL_CTX_get_cert_store(authorities));
  if (!identity.equip_client(context.get()))
    throw std::runtime_error("OpenSSL does not accept the configured certificates");
  return context;
}

} // namespace

ClientTls::ClientTls(net::SystemTlsContext& system, std::shared_ptr<const TlsIdentity> identity)
    : system_(system), identity_(std::move(identity)) {
  if (identity_ != nullptr && identity_->has_authorities()) own_ = context_with(*identity_, nullptr);
}

std::shared_ptr<SSL_CTX> ClientTls::get() {
  if (identity_ == nullptr) return system_.get();
  if (identity_->has_authorities()) return own_; // which never changes
  const std::shared_ptr<SSL_CTX> system = system_.get();
  const std::lock_guard lock(mutex_);
  if (made_from_ != system) {
    own_ = context_with(*identity_, system.get());
    made_from_ = system;
  }
  return own_;
}

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
