// SPDX-License-Identifier: Apache-2.0
#include "http_client/client_tls.h"

#include <stdexcept>
#include <utility>

namespace authd::http_client {
namespace {

std::shared_ptr<SSL_CTX> context_with(const TlsIdentity& identity, SSL_CTX* authorities) {
  std::shared_ptr<SSL_CTX> context = net::make_bare_tls_context();
  if (authorities != nullptr) SSL_CTX_set1_cert_store(context.get(), SSL_CTX_get_cert_store(authorities));
  if (!identity.equip_client(context.get()))
    throw std::runtime_error("OpenSSL refuses the certificates of its settings");
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

} // namespace authd::http_client
