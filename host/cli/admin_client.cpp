// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_client.h"

#include <istream>
#include <stdexcept>
#include <string_view>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>

namespace authd::cli {
namespace {

using namespace Poco::Net;

constexpr std::string_view kUnixPrefix = "unix:";

bool is_unix(const std::string& listen) { return listen.rfind(kUnixPrefix, 0) == 0; }

StreamSocket connect(const std::string& listen, const Poco::Timespan& timeout) {
  const SocketAddress address = is_unix(listen)
                                    ? SocketAddress(SocketAddress::UNIX_LOCAL, listen.substr(kUnixPrefix.size()))
                                    : SocketAddress(listen);
  StreamSocket socket;
  socket.connect(address, timeout);
  return socket;
}

} // namespace

AdminReply call_admin(const std::string& listen, const std::string& method, const std::string& path,
                      const std::string& body, seconds timeout) {
  if (listen.empty()) throw std::runtime_error("admin.listen is not set: there is no admin listener to talk to");
  try {
    const Poco::Timespan patience(static_cast<long>(timeout.count()), 0);
    HTTPClientSession session(connect(listen, patience));
    session.setTimeout(patience);
    HTTPRequest request(method, path, HTTPMessage::HTTP_1_1);
    request.setHost(is_unix(listen) ? "localhost" : listen);
    request.setContentType("application/json");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
    session.sendRequest(request) << body;
    HTTPResponse response;
    AdminReply reply;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), reply.body);
    reply.status = response.getStatus();
    return reply;
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("cannot reach authd at " + listen + " (" + error.displayText() +
                             "): is it running, and may this user connect?");
  }
}

} // namespace authd::cli
