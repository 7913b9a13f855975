// SPDX-License-Identifier: Apache-2.0
#include "http/tls_context.h"

#include <stdexcept>
#include <string_view>

#include <openssl/err.h>

namespace authd::http {
namespace {

// Of TLS 1.2; those of 1.3 are all of this kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// As the wire has it: length, then name (RFC 7301, 3.1).
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionScope[] = {'a', 'u', 't', 'h', 'd'};
constexpr long kTicketSeconds = 3600; // a resumed client does not show its certificate again

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11, offered, offered_size);
  *chosen = found;
  // RFC 7301, 3.2: a client that speaks none of ours gets no_application_protocol.
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_terms(SSL_CTX* context) {
  // An end without close_notify counts as an end: every request says itself how long it is, so a cut is
  // noticed, and many clients end like that.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // The buffers of an idle connection, 34 KB, are given back. What waits to be sent may grow in between, and
  // move.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);                          // a record in one recv, not its head and then its body
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); // tickets need none
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

} // namespace

TlsContext::TlsContext(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  const bool made = context != nullptr && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
                    SSL_CTX_set_session_id_context(context, kSessionScope, sizeof kSessionScope) == 1 &&
                    identity.equip_server(context);
  if (!made) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error(std::string("TLS cannot be set up: ") + (reason != nullptr ? reason : "no memory"));
  }
  set_terms(context);
}

} // namespace authd::http
