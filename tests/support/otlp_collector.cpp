// SPDX-License-Identifier: Apache-2.0
#include "support/otlp_collector.h"

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <Poco/JSON/Array.h>

#include "base/tls_identity.h"
#include "support/http_text.h"
#include "support/otlp_decoder.h"

namespace authd::test {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

struct Shape {
  const char* message;
  const char* resources;
  const char* scopes;
  const char* items;
};

const std::map<std::string, Shape>& shapes() {
  static const std::map<std::string, Shape> all{
      {"/v1/traces", {"ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"}},
      {"/v1/metrics", {"ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"}},
      {"/v1/logs", {"ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"}}};
  return all;
}

std::string why_refused(const ReceivedRequest& request) {
  if (request.method != "POST") return "method " + request.method;
  if (shapes().count(request.target) == 0) return "target " + request.target;
  if (request.header("Content-Type") != "application/json") return "not application/json";
  if (request.header("Content-Encoding") != "gzip") return "not gzip'd";
  return {};
}

std::string answer_text(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason(status)) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

// Null: plain.
std::shared_ptr<SSL_CTX> context_of(const Issued& own) {
  if (own.certificate.empty()) return nullptr;
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!TlsIdentity::make({own.certificate, own.key, std::nullopt}, "the collector")
           .value()
           ->equip_server(context.get()))
    throw std::runtime_error("OpenSSL refuses the collector's certificate");
  return context;
}

template <class Visit>
void for_each_item(const OtlpExport& e, Visit visit) {
  const Shape& shape = shapes().at(e.path);
  const auto resources = e.json->getArray(shape.resources);
  for (unsigned r = 0; r < resources->size(); ++r) {
    const auto scopes = resources->getObject(r)->getArray(shape.scopes);
    for (unsigned s = 0; s < scopes->size(); ++s) {
      const auto items = scopes->getObject(s)->getArray(shape.items);
      for (unsigned i = 0; i < items->size(); ++i) visit(items->getObject(i));
    }
  }
}

std::string text_of(const Object& any_value) {
  return any_value.begin() == any_value.end() ? std::string() : any_value.begin()->second.convert<std::string>();
}

} // namespace

std::map<std::string, Object::Ptr> OtlpExport::items() const {
  std::map<std::string, Object::Ptr> all;
  for_each_item(*this, [&](const Object::Ptr& item) {
    all[item->has("name") ? item->getValue<std::string>("name") : text_of(*item->getObject("body"))] = item;
  });
  return all;
}

std::vector<Object::Ptr> OtlpExport::list() const {
  std::vector<Object::Ptr> all;
  for_each_item(*this, [&](const Object::Ptr& item) { all.push_back(item); });
  return all;
}

std::string OtlpExport::resource(const std::string& name) const {
  const auto resources = json->getArray(shapes().at(path).resources);
  return attribute_of(*resources->getObject(0)->getObject("resource"), name);
}

std::string attribute_of(const Object& holder, const std::string& name) {
  const auto attributes = holder.getArray("attributes");
  for (unsigned i = 0; !attributes.isNull() && i < attributes->size(); ++i) {
    const auto attribute = attributes->getObject(i);
    if (attribute->getValue<std::string>("key") == name) return text_of(*attribute->getObject("value"));
  }
  return {};
}

OtlpCollector::OtlpCollector(std::uint16_t port, const Issued& own)
    : context_(context_of(own)), server_([this](Peer& peer) { serve(peer); }, port) {}

void OtlpCollector::set_fault(Fault fault, const std::string& path) {
  const std::lock_guard lock(mutex_);
  faults_[path] = std::move(fault);
}

OtlpCollector::Fault OtlpCollector::answering(int status, const std::string& headers, const std::string& body) {
  return [=](Peer& peer, const ReceivedRequest&) { peer.send(answer_text(status, headers, body)); };
}

std::vector<OtlpExport> OtlpCollector::received(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<OtlpExport> some;
  for (const OtlpExport& e : received_) {
    if (e.path == path) some.push_back(e);
  }
  return some;
}

std::vector<OtlpExport> OtlpCollector::await(const std::string& path, std::size_t n, milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    auto some = received(path);
    if (some.size() >= n) return {some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n)};
    std::unique_lock lock(mutex_);
    if (changed_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + milliseconds(50))) ==
            std::cv_status::timeout &&
        std::chrono::steady_clock::now() >= deadline)
      return some;
  }
}

std::optional<OtlpExport> OtlpCollector::await_item(const std::string& path, const std::string& name,
                                                    milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (std::size_t seen = 0; std::chrono::steady_clock::now() < deadline;) {
    const auto some =
        await(path, seen + 1, std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()));
    for (; seen < some.size(); ++seen) {
      if (some[seen].items().count(name) > 0) return some[seen];
    }
  }
  return std::nullopt;
}

std::vector<std::string> OtlpCollector::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

std::string OtlpCollector::everything() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const OtlpExport& e : received_) {
    for (const auto& [name, value] : e.request.headers)
      all += name == "Authorization" ? "" : name + ": " + value + "\n";
    all += e.body + "\n";
  }
  return all;
}

void OtlpCollector::serve(Peer& peer) {
  if (context_ != nullptr && !peer.secure(context_.get())) return;
  while (const auto request = peer.read_request()) {
    if (!take(peer, *request)) return;
  }
}

// False: the connection is not used any more.
bool OtlpCollector::take(Peer& peer, const ReceivedRequest& request) {
  std::string why = why_refused(request);
  OtlpExport received{request.target, request, {}, {}};
  try {
    if (why.empty()) {
      received.body = gunzip(request.body);
      received.json = decode_otlp(shapes().at(request.target).message, received.body);
    }
  } catch (const std::exception& error) {
    why = error.what();
  }
  Fault fault;
  {
    const std::lock_guard lock(mutex_);
    if (why.empty()) received_.push_back(std::move(received));
    if (!why.empty()) refusals_.push_back(why);
    fault = faults_[request.target] ? faults_[request.target] : faults_[""];
    changed_.notify_all();
  }
  if (fault) {
    fault(peer, request);
    return true;
  }
  return peer.send(why.empty() ? answer_text(200, "", "{}") : answer_text(400, "", R"({"message":"not OTLP"})"));
}

} // namespace authd::test
