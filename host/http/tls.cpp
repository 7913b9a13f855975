// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// For TLS 1.2; all ciphers of TLS 1.3 are of this kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// Those that every client has. Others (P-521, X448, finite fields) would cost whoever answers up to ten times as much.
constexpr const char* kGroups = "X25519:P-256:P-384";
// Wire format: length, then name (RFC 7301, 3.1).
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionScope[] = {'a', 'u', 't', 'h', 'd'};
constexpr long kTicketSeconds = 3600; // a resumed client does not present its certificate again

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11, offered, offered_size);
  *chosen = found;
  // RFC 7301, 3.2: a client that does not offer http/1.1 gets no_application_protocol.
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void configure(SSL_CTX* context) {
  // An end without close_notify is accepted: many clients send none, and every request states its length, so a
  // truncation is detected.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Releases the buffers of an idle connection, 34 KB. Pending output may grow and move between two sends.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1); // one recv per record, not one for its header and one for its body
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); // tickets need none
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// SSL_get_error(3): an old error in this thread's queue would be taken for the result of the next call.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string subject_of(const X509& certificate) {
  struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
  // What is not ASCII stays UTF-8.
  constexpr unsigned long kFlags = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (out == nullptr || X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0, kFlags) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

// A name with a NUL in it is none: it would be shorter to whoever reads it as a C string.
std::string text_of(const ASN1_STRING& name) {
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(&name)),
                              static_cast<std::size_t>(ASN1_STRING_length(&name)));
  return text.find('\0') == std::string_view::npos ? std::string(text) : std::string();
}

std::vector<std::string> alternatives_of(const X509& certificate) {
  struct Free {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(names.get(), i);
    if (name.type != GEN_DNS && name.type != GEN_URI && name.type != GEN_EMAIL) continue;
    std::string text = text_of(*name.d.ia5);
    if (name.type == GEN_DNS) std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

int size_of(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

} // namespace

TlsContext::TlsContext(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  const bool made = context != nullptr && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
                    SSL_CTX_set1_groups_list(context, kGroups) == 1 &&
                    SSL_CTX_set_session_id_context(context, kSessionScope, sizeof kSessionScope) == 1 &&
                    identity.equip_server(context);
  if (!made) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error(std::string("cannot set up TLS: ") + (reason != nullptr ? reason : "no memory"));
  }
  configure(context);
}

const BIO_METHOD* TlsStream::wire_method() {
  struct Free {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };
  static const std::unique_ptr<BIO_METHOD, Free> method = [] {
    std::unique_ptr<BIO_METHOD, Free> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a reactor"));
    if (made == nullptr) return made;
    BIO_meth_set_read(made.get(), read_wire);
    BIO_meth_set_write(made.get(), write_wire);
    BIO_meth_set_ctrl(made.get(), control_wire);
    return made;
  }();
  return method.get();
}

TlsStream::Wire& TlsStream::wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int TlsStream::read_wire(BIO* bio, char* into, int size) {
  Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  if (wire.may_read == 0) {
    wire.paused = true;
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t wanted = std::min(static_cast<std::size_t>(size), wire.may_read);
  ssize_t n = 0;
  do {
    n = ::recv(wire.socket, into, wanted, 0);
  } while (n < 0 && errno == EINTR);
  // After a short read the socket is empty: epoll(7), questions and answers.
  wire.drained = n < static_cast<ssize_t>(wanted);
  if (n > 0) wire.may_read -= static_cast<std::size_t>(n);
  wire.ended = n == 0;
  if (n < 0 && would_block(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

int TlsStream::write_wire(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do {
    n = ::send(wire_of(bio).socket, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long TlsStream::control_wire(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return wire_of(bio).ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0; // nothing is buffered
}

std::unique_ptr<TlsStream> TlsStream::over(int socket, const TlsContext& context) {
  std::unique_ptr<TlsStream> stream(new TlsStream(socket));
  stream->ssl_.reset(context.new_session());
  BIO* bio = wire_method() != nullptr ? BIO_new(wire_method()) : nullptr;
  if (stream->ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    forget_errors();
    return nullptr;
  }
  BIO_set_data(bio, &stream->wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl_.get(), bio, bio); // takes ownership
  SSL_set_accept_state(stream->ssl_.get());
  return stream;
}

ssize_t TlsStream::receive(std::span<char> space) {
  forget_errors();
  wire_.may_read = kMostPerReceive;
  wire_.paused = false;
  const int n = SSL_read(ssl_.get(), space.data(), size_of(space.size()));
  return n > 0 ? n : refused(n);
}

ssize_t TlsStream::send(const char* data, std::size_t size) {
  forget_errors();
  wire_.may_read = kMostPerReceive; // a handshake may have to read
  const int n = SSL_write(ssl_.get(), data, size_of(size));
  if (n > 0) return n;
  if (refused(n) < 0) return -1;
  // OpenSSL also reports a lost connection like this once the client has finished sending; send(2) has no end of
  // stream.
  failed_ = true;
  errno = EPIPE;
  return -1;
}

ssize_t TlsStream::refused(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    errno = EAGAIN;
    return -1;
  case SSL_ERROR_ZERO_RETURN:
    return 0;
  default:
    failed_ = true;
    forget_errors();
    errno = EPROTO;
    return -1;
  }
}

std::optional<CertificateNames> TlsStream::client_names() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return std::nullopt;
  CertificateNames names{subject_of(*certificate), alternatives_of(*certificate)};
  forget_errors();
  return names;
}

bool TlsStream::send_close_notify() {
  if (failed_ || close_notify_sent_ || !established()) return true;
  forget_errors();
  const int result = SSL_shutdown(ssl_.get());
  if (result < 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_WRITE) return false;
  forget_errors();
  close_notify_sent_ = true;
  return true;
}

} // namespace authd::http
