// SPDX-License-Identifier: Apache-2.0
// The input is what a client sends first to the TLS port. Required: the verdict is the same whole and in pieces; no
// fixed bytes complete a handshake or are taken for a request; the server answers in records of TLS, or not at all.
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz_target.h"
#include "http/tls.h"
#include "support/certificates.h"

namespace authd::fuzz {
namespace {

http::TlsContext make_context() {
  const test::Authority authority;
  const test::Issued issued = authority.issue();
  const std::string trusted = authority.pem();
  return http::TlsContext(**TlsIdentity::make({issued.certificate, issued.key, trusted}, "server.tls.certificate"));
}

class Pair {
 public:
  Pair() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_) != 0)
      throw std::runtime_error("no pair of sockets");
  }
  ~Pair() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  int server() const { return ends_[0]; }
  int client() const { return ends_[1]; }

 private:
  int ends_[2];
};

struct Verdict {
  bool failed = false;
  bool ended = false; // the server has seen the client's end
  bool operator==(const Verdict&) const = default;
};

// Everything that is there; the server must not have received anything in clear.
void receive(http::TlsStream& stream, Verdict& verdict) {
  std::array<char, 4096> space;
  stream.on_ready();
  const ssize_t n = stream.receive(space);
  require(n <= 0, "without a handshake there is no request");
  verdict.failed = stream.failed();
  verdict.ended = n == 0;
  require(n == 0 || verdict.failed || errno == EAGAIN, "the server waits unless it has failed");
}

void require_records(int client) {
  std::array<unsigned char, 16384> answer;
  const ssize_t n = ::recv(client, answer.data(), answer.size(), 0);
  if (n <= 0) return;
  constexpr unsigned char kAlert = 0x15, kHandshake = 0x16; // RFC 8446, section 5.1
  // Not the version: OpenSSL repeats in an alert what the client gave as its own.
  require(n >= 5 && (answer[0] == kAlert || answer[0] == kHandshake), "the answer is a record of TLS");
}

Verdict verdict_on(std::string_view input, std::size_t first, std::size_t step) {
  static const http::TlsContext kContext = make_context();
  const Pair pair;
  const auto stream = http::TlsStream::over(pair.server(), kContext);
  Verdict verdict;
  for (std::size_t size = first; !input.empty() && !verdict.failed; size = step) {
    const std::string_view piece = input.substr(0, size);
    require(::send(pair.client(), piece.data(), piece.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(piece.size()),
            "the input fits into a socket");
    input.remove_prefix(piece.size());
    receive(*stream, verdict);
  }
  if (!verdict.failed) {
    ::shutdown(pair.client(), SHUT_WR);
    receive(*stream, verdict);
  }
  require(!stream->established(), "no fixed bytes complete a handshake");
  require(stream->send_close_notify(), "there is nothing to say goodbye to");
  require_records(pair.client());
  return verdict;
}

} // namespace

void tls_beginning(Bytes input) {
  const std::string_view text = as_text(input).substr(0, 32 * 1024);
  if (text.empty()) return;
  const std::size_t cut = 1 + place_in(text);
  const Verdict whole = verdict_on(text, text.size(), text.size());
  require(verdict_on(text, cut, text.size()) == whole, "the verdict is the same in two pieces");
  require(verdict_on(text, 1, 1 + text.size() / 16) == whole, "the verdict is the same in pieces");
}

} // namespace authd::fuzz
