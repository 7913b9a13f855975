// SPDX-License-Identifier: Apache-2.0
#include "net/tls_context.h"

#include <new>
#include <stdexcept>

#include <openssl/err.h>

namespace authd::net {

std::shared_ptr<SSL_CTX> make_bare_tls_context() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

std::shared_ptr<SSL_CTX> make_tls_context(const std::string& ca_file) {
  std::shared_ptr<SSL_CTX> context = make_bare_tls_context();
  ERR_clear_error();
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    const char* why = ERR_reason_error_string(ERR_peek_error());
    throw std::invalid_argument("no certificates can be read from " + ca_file + " (" +
                                (why != nullptr ? why : "unknown reason") + ")");
  }
  return context;
}

std::shared_ptr<SSL_CTX> SystemTlsContext::get() {
  const std::lock_guard lock(mutex_);
  if (!context_) context_ = make_tls_context();
  return context_;
}

void SystemTlsContext::forget() {
  const std::lock_guard lock(mutex_);
  context_.reset();
}

} // namespace authd::net
