// SPDX-License-Identifier: Apache-2.0
#include "deadline_socket.h"

#include <system_error>
#include <typeinfo>
#include <vector>

#include <Poco/Net/DNS.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <openssl/err.h>
#include <poll.h>

namespace authd::cache_redis {
namespace {

using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;
using sdk::Status;

std::vector<SocketAddress> look_up(const Endpoint& to) {
  if (!to.path.empty()) return {SocketAddress(SocketAddress::UNIX_LOCAL, to.path)};
  Poco::Net::IPAddress numeric;
  if (Poco::Net::IPAddress::tryParse(to.host, numeric)) return {SocketAddress(numeric, to.port)};
  std::vector<SocketAddress> all;
  const auto found = Poco::Net::DNS::hostByName(to.host);
  for (const auto& address : found.addresses()) all.emplace_back(address, to.port);
  if (all.empty()) throw Poco::Net::HostNotFoundException(to.host);
  return all;
}

// Throws Poco::Exception; Poco::TimeoutException at the deadline.
StreamSocket connect_one(const SocketAddress& address, const Deadline& deadline) {
  StreamSocket socket;
  socket.connectNB(address);
  if (!deadline.await(socket.impl()->sockfd(), POLLOUT)) throw Poco::TimeoutException("no answer in time");
  if (const int error = socket.impl()->socketError(); error != 0)
    throw Poco::IOException(std::system_category().message(error));
  socket.setBlocking(false);
  if (address.family() != SocketAddress::UNIX_LOCAL) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  }
  return socket;
}

StreamSocket connect_any(const std::vector<SocketAddress>& addresses, const Deadline& deadline) {
  auto untried = static_cast<milliseconds::rep>(addresses.size());
  for (const SocketAddress& address : addresses) {
    // An address that swallows packets must leave time for the others.
    const Deadline share = deadline.capped(deadline.remaining() / untried);
    try {
      return connect_one(address, --untried == 0 ? deadline : share);
    } catch (const Poco::Exception&) {
      if (untried == 0) throw;
    }
  }
  throw Poco::IOException("no address");
}

// Poco's names say what happened ("Connection refused"), except that of the general one.
std::string reason(const Poco::Exception& e) {
  return typeid(e) == typeid(Poco::IOException) ? e.message() : e.displayText();
}

} // namespace

Outcome<DeadlineSocket::Ptr> DeadlineSocket::connect(const Endpoint& to, const Poco::Net::Context::Ptr& tls,
                                                     const Deadline& deadline) {
  Ptr socket;
  try {
    socket = new DeadlineSocket(connect_any(look_up(to), deadline), false, deadline);
    if (!tls.isNull()) socket->start_tls(to.host, tls);
    return socket;
  } catch (const Poco::TimeoutException&) {
    return failure(Fault::Kind::timed_out, Status::timeout, "no connection in time");
  } catch (const Poco::Exception& e) {
    if (!socket.isNull() && socket->fault()) return tl::make_unexpected(*socket->fault());
    return failure(Fault::Kind::lost, Status::unavailable, "no connection: " + reason(e));
  }
}

void DeadlineSocket::start_tls(const std::string& host, const Poco::Net::Context::Ptr& context) {
  SecureStreamSocket secured = SecureStreamSocket::attach(inner_, host, context);
  inner_ = secured;
  tls_ = true;
  persist(POLLIN, [&] { return secured.completeHandshake(); });
  try {
    secured.verifyPeerCertificate();
  } catch (const Poco::Exception& e) {
    fail(Fault::Kind::lost, Status::unavailable, "the certificate is not " + host + "'s: " + reason(e));
  }
}

template <class Operation>
int DeadlineSocket::persist(short natural_event, Operation&& operation) {
  for (;;) {
    if (deadline_.over()) fail(Fault::Kind::timed_out, Status::timeout, "no answer in time");
    int rc = 0;
    try {
      ERR_clear_error();
      rc = operation();
    } catch (const Poco::Exception& e) {
      fail(Fault::Kind::lost, Status::unavailable, (tls_ ? "TLS: " : "") + reason(e));
    }
    if (rc >= 0) return rc;
    short event = natural_event;
    if (tls_) event = rc == SecureStreamSocket::ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
    deadline_.await(inner_.impl()->sockfd(), event);
  }
}

int DeadlineSocket::receiveBytes(void* buffer, int length, int) {
  return persist(POLLIN, [&] { return inner_.receiveBytes(buffer, length); });
}

int DeadlineSocket::sendBytes(const void* buffer, int length, int) {
  const char* from = static_cast<const char*>(buffer);
  for (int sent = 0; sent < length;)
    sent += persist(POLLOUT, [&] { return inner_.sendBytes(from + sent, length - sent, MSG_NOSIGNAL); });
  return length;
}

bool DeadlineSocket::quiet() const {
  if (buffered()) return false;
  pollfd p{inner_.impl()->sockfd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

bool DeadlineSocket::readable(const Deadline& deadline) const {
  return buffered() || deadline.await(inner_.impl()->sockfd(), POLLIN);
}

// OpenSSL may hold what poll(2) cannot see any more.
bool DeadlineSocket::buffered() const { return tls_ && inner_.available() > 0; }

void DeadlineSocket::fail(Fault::Kind kind, Status status, std::string message) {
  if (!fault_) fault_ = Fault{kind, status, std::move(message)};
  throw Poco::IOException(fault_->message);
}

} // namespace authd::cache_redis
