// SPDX-License-Identifier: Apache-2.0
// A client over TLS that sends exactly the bytes it is given and waits for everything with a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "support/certificates.h"
#include "support/http_client.h"

namespace authd::test {

struct TlsOptions {
  std::string authority = {}; // PEM; empty: whoever the server says he is
  Issued own = {};            // the client's certificate, if it has one
  int newest = 0;             // TLS1_1_VERSION and so on; 0: what the library has
  std::string protocol = {};  // offered by ALPN
  std::string groups = {};    // for the key exchange: "X25519:P-256"; empty: what the library has
  int receive_buffer_bytes = 0;
  SSL_SESSION* session = nullptr; // to be resumed
};

// TlsConnection::failure when the connection went without a word of TLS.
inline constexpr const char* kLost = "connection lost";

// The handshake failed; the text is OpenSSL's reason ("tlsv1 alert protocol version").
struct TlsRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// How a connection ended for a client that waited for an answer.
enum class TlsEnding {
  open,     // it did not
  notified, // close_notify
  cut,      // a FIN without it
  failed,   // an alert or a reset
};

class TlsConnection {
 public:
  // Connects to 127.0.0.1 and shakes hands. Throws std::system_error, TlsRefused.
  explicit TlsConnection(std::uint16_t port, const TlsOptions& options = {});
  TlsConnection(TlsConnection&&) noexcept = default;

  bool send(std::string_view bytes);             // false: the connection broke first
  std::size_t send_some(std::string_view bytes); // as much as goes at once
  std::optional<HttpReply> read(milliseconds at_most = std::chrono::seconds(20), bool head = false);
  HttpReply exchange(std::string_view request); // throws std::runtime_error when no answer comes
  // Waits until the server ends the connection. Bytes that come before are discarded.
  TlsEnding await_end(milliseconds at_most = std::chrono::seconds(20));
  void say_goodbye(); // close_notify, and goes on reading
  void cut();         // a FIN in the middle of everything

  long serial() const;          // of the server's certificate
  std::size_t chain() const;    // certificates that the server sent
  std::string version() const;  // "TLSv1.3"
  std::string protocol() const; // chosen by ALPN; empty: none
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // OpenSSL's word for what ended it: "tlsv13 alert certificate required".
  const std::string& failure() const { return failure_; }
  HttpConnection& wire() { return wire_; }
  SSL* ssl() { return ssl_.get(); }

 private:
  enum class Step { done, again, ended };
  Step after(int result, std::chrono::steady_clock::time_point deadline);
  bool fill(std::chrono::steady_clock::time_point deadline);

  HttpConnection wire_;
  std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, OpenSslDeleter<SSL_free>> ssl_;
  std::string received_;
  std::string failure_;
  TlsEnding ending_ = TlsEnding::open;
};

} // namespace authd::test
