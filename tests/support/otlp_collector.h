// SPDX-License-Identifier: Apache-2.0
// A collector on loopback that takes OTLP/HTTP strictly, and fails as it is told to.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <Poco/JSON/Object.h>

#include "support/certificates.h"
#include "support/connection_server.h"

namespace authd::test {

struct OtlpExport {
  std::string path; // "/v1/traces"
  ReceivedRequest request;
  std::string body;             // gunzip'd
  Poco::JSON::Object::Ptr json; // strictly decoded

  // What it holds: spans, metrics or log records, by name of span and metric, body of record.
  std::map<std::string, Poco::JSON::Object::Ptr> items() const;
  std::vector<Poco::JSON::Object::Ptr> list() const; // the same, doubles too
  std::size_t count() const { return list().size(); }
  // An attribute of the resource as text; empty: absent.
  std::string resource(const std::string& name) const;
};

// Text of an attribute in "attributes" of `holder`; empty: absent.
std::string attribute_of(const Poco::JSON::Object& holder, const std::string& name);

class OtlpCollector {
 public:
  // What answers in place of a good collector: it may answer, or do otherwise with the connection.
  using Fault = std::function<void(Peer&, const ReceivedRequest&)>;

  // `own`: speaks TLS with this certificate; else plain.
  explicit OtlpCollector(std::uint16_t port = 0, const Issued& own = {});

  std::uint16_t port() const { return server_.port(); }
  std::size_t connections() const { return server_.accepted(); } // so far
  std::string url() const { return (context_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()); }

  // Requests to `path` (empty: to any) are answered so from now on. Null: as a good collector does.
  void set_fault(Fault fault, const std::string& path = {});
  // "HTTP/1.1 <status> ..." with the lines of `headers` and a body.
  static Fault answering(int status, const std::string& headers = {}, const std::string& body = "{}");

  // Requests that were understood, whatever was answered to them; the first `n` of them, once there are so many.
  // Fewer: the time was over.
  std::vector<OtlpExport> await(const std::string& path, std::size_t n, milliseconds at_most = milliseconds(20'000));
  std::vector<OtlpExport> received(const std::string& path) const;
  // Of the requests of the path that were understood, until one holds an item of that name.
  std::optional<OtlpExport> await_item(const std::string& path, const std::string& name,
                                       milliseconds at_most = milliseconds(20'000));
  // What was not understood, and why.
  std::vector<std::string> refusals() const;
  std::string everything() const; // headers and bodies of all requests, but for Authorization

 private:
  void serve(Peer& peer);
  bool take(Peer& peer, const ReceivedRequest& request);

  const std::shared_ptr<SSL_CTX> context_; // null: plain
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<OtlpExport> received_;    // guarded by mutex_
  std::vector<std::string> refusals_;   // guarded by mutex_
  std::map<std::string, Fault> faults_; // guarded by mutex_
  ConnectionServer server_;             // last: its threads use the rest
};

} // namespace authd::test
