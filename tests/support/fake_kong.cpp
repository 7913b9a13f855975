// SPDX-License-Identifier: Apache-2.0
#include "support/fake_kong.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <Poco/Exception.h>

#include "base/json_writer.h"
#include "base/tls_identity.h"
#include "support/http_text.h"
#include "support/kong_json.h"
#include "support/numbered_consumers.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;

// Kong closes an Admin connection after this many requests (transcript 06).
constexpr std::size_t kRequestsPerConnection = 10000;
constexpr std::string_view kNotFound = R"({"message":"Not found"})";
constexpr std::string_view kUnexpected = R"({"message":"An unexpected error occurred"})";
constexpr std::string_view kNotAllowed = R"({"message":"Method not allowed"})";

// What stands in front of Kong, or a role of Kong Enterprise, says to a request that it lets nobody make.
std::string_view refusal(int status) {
  switch (status) {
  case 401:
    return R"({"message":"Unauthorized"})";
  case 403:
    return R"({"message":"reader, you do not have permissions to create this resource"})";
  case 404: // Kong's own proxy, whose route to the Admin API passes GET only
    return R"({"message":"no Route matched with those values"})";
  case 405:
    return kNotAllowed;
  default:
    return R"({"message":"Request size limit exceeded"})";
  }
}

std::shared_ptr<SSL_CTX> context_of(const KongTls& tls) {
  TlsIdentity::Pem pem{tls.own.certificate, tls.own.key, std::nullopt};
  if (!tls.clients.empty()) pem.authorities = tls.clients;
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!TlsIdentity::make(pem, "Kong's certificate").value()->equip_server(context.get()))
    throw std::runtime_error("OpenSSL refuses Kong's certificate");
  return context;
}

std::string html(int status) {
  const std::string title = std::to_string(status) + " " + std::string(reason(status));
  return "<html>\n<head><title>" + title + "</title></head>\n<body>\n<center><h1>" + title +
         "</h1></center>\n</body>\n</html>\n";
}

// nginx decodes the path before it resolves "..", and refuses what leads above the root.
bool leads_above_root(std::string_view path) {
  const std::string plain = decoded(path);
  int depth = 0;
  for (const std::string_view segment : split(plain, '/')) {
    if (segment == "..") {
      if (--depth < 0) return true;
    } else if (!segment.empty() && segment != ".") {
      ++depth;
    }
  }
  return false;
}

// The page size that is asked for; 0: not one that Kong takes.
std::size_t page_size(const std::map<std::string, std::string>& query) {
  const auto found = query.find("size");
  if (found == query.end()) return 100;
  std::size_t size = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), size);
  return size <= 1000 ? size : 0;
}

} // namespace

std::size_t KongTraffic::total() const { return std::accumulate(counts.begin(), counts.end(), std::size_t{0}); }

FakeKong::FakeKong() : FakeKong(Options()) {}

FakeKong::FakeKong(Options options)
    : options_(std::move(options)), tls_(options_.tls ? context_of(*options_.tls) : nullptr),
      server_([this](Peer& peer) { serve(peer); }, options_.port) {}

void FakeKong::set_tls(const KongTls& tls) {
  const std::lock_guard lock(mutex_);
  tls_ = context_of(tls);
}

long FakeKong::last_client_serial() const {
  const std::lock_guard lock(mutex_);
  return last_client_serial_;
}

std::string FakeKong::add_consumer(std::string username, std::string id) {
  const std::lock_guard lock(mutex_);
  return store_.add_consumer(std::move(username), std::move(id));
}

void FakeKong::add_credential(std::string_view consumer, KongCredential credential) {
  const std::lock_guard lock(mutex_);
  store_.create(*store_.find(consumer), std::move(credential));
}

void FakeKong::remove_credential(std::string_view consumer, std::string_view id_or_key) {
  const std::lock_guard lock(mutex_);
  store_.remove(*store_.find(consumer), id_or_key);
}

void FakeKong::remove_consumer(std::string_view consumer) {
  const std::lock_guard lock(mutex_);
  store_.remove_consumer(consumer);
}

std::vector<KongCredential> FakeKong::credentials(std::string_view consumer) const {
  const std::lock_guard lock(mutex_);
  std::vector<KongCredential> out;
  for (const auto& [id, credential] : const_cast<KongStore&>(store_).find(consumer)->credentials) {
    out.push_back(credential);
  }
  return out;
}

void FakeKong::set_fault(KongOperation operation, KongFault fault) {
  const std::lock_guard lock(mutex_);
  faults_[static_cast<std::size_t>(operation)] = fault;
}

void FakeKong::set_fault(KongFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.fill(fault);
}

void FakeKong::set_database_reachable(bool reachable) {
  const std::lock_guard lock(mutex_);
  database_reachable_ = reachable;
}

void FakeKong::set_plugins(std::string plugins) {
  const std::lock_guard lock(mutex_);
  plugins_ = std::move(plugins);
}

KongTraffic FakeKong::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

void FakeKong::forget_traffic() {
  const std::lock_guard lock(mutex_);
  traffic_ = {};
}

bool FakeKong::await(KongOperation operation, std::size_t count, milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  return asked_.wait_for(lock, at_most, [&] { return traffic_[operation] >= count; });
}

bool FakeKong::let_in(Peer& peer) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<SSL_CTX> tls = tls_;
  lock.unlock();
  if (tls == nullptr) return true;
  if (!peer.secure(tls.get())) return false;
  lock.lock();
  last_client_serial_ = peer.client_serial();
  return true;
}

void FakeKong::serve(Peer& peer) {
  if (!let_in(peer)) return;
  for (std::size_t n = 1; n <= kRequestsPerConnection; ++n) {
    const auto request = peer.read_request();
    if (!request || !reply(peer, *request, n > 1, n == kRequestsPerConnection)) return;
  }
}

// False: the connection is over.
bool FakeKong::reply(Peer& peer, const ReceivedRequest& request, bool reused, bool last) {
  const Route where = route(request);
  KongFault fault = note(request, where.operation);
  if (fault.delay.count() > 0 && !peer.wait(fault.delay)) return false;
  if (fault.kind == Kind::reset_reused) fault.kind = reused ? Kind::reset : Kind::none;
  if (fault.kind == Kind::hang || fault.kind == Kind::reset) return misbehave(peer, fault, {});
  Answer reply = answer(request, where, fault);
  const bool asked_to_close = request.header("Connection").value_or("") == "close";
  reply.close = reply.close || last || asked_to_close;
  const std::string bytes = render(reply, request.method == "HEAD");
  if (misbehave(peer, fault, bytes)) return peer.send(bytes) && !reply.close;
  return fault.kind == Kind::drip && !reply.close;
}

// True: nothing was done, answer as usual.
bool FakeKong::misbehave(Peer& peer, const KongFault& fault, const std::string& answer) {
  switch (fault.kind) {
  case Kind::hang:
  case Kind::store_then_hang:
    peer.hang();
    return false;
  case Kind::reset:
    peer.reset();
    return false;
  case Kind::drip:
    peer.drip(answer, fault.every);
    return false;
  case Kind::garbage:
    peer.send("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    return false;
  case Kind::truncate:
    peer.send(std::string_view(answer).substr(0, answer.size() - std::min<std::size_t>(answer.size(), 12)));
    return false;
  default:
    return true;
  }
}

KongFault FakeKong::note(const ReceivedRequest& request, KongOperation operation) {
  const std::lock_guard lock(mutex_);
  const std::size_t number = traffic_.counts[static_cast<std::size_t>(operation)]++;
  if (options_.count_targets) traffic_.targets.push_back(request.target);
  if (options_.record_requests) traffic_.requests.push_back(request);
  asked_.notify_all();
  const KongFault& fault = faults_[static_cast<std::size_t>(operation)];
  return number % fault.one_in == 0 ? fault : KongFault{};
}

FakeKong::Route FakeKong::route(const ReceivedRequest& request) {
  Route out;
  const std::string_view target = request.target;
  const auto mark = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, mark);
  if (mark < target.size()) out.query = parse_query(target.substr(mark + 1));
  out.above_root = leads_above_root(path);
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto segments = split(path, '/');
  if (path == "/status") out.operation = KongOperation::status;
  out.plugins = path == "/plugins";
  if (segments.size() < 3 || segments[1] != "consumers" || segments[2].empty()) return out;
  out.in_path = segments[2];
  out.consumer = decoded(segments[2]);
  const bool below = segments.size() >= 4 && segments[3] == "jwt";
  if (segments.size() == 3) out.operation = KongOperation::consumer;
  if (segments.size() == 4 && below) {
    out.operation = request.method == "POST" ? KongOperation::create : KongOperation::list;
  }
  if (segments.size() == 5 && below) {
    out.credential = decoded(segments[4]);
    out.operation = request.method == "DELETE" ? KongOperation::remove : KongOperation::credential;
  }
  return out;
}

std::optional<FakeKong::Answer> FakeKong::faulty(const KongFault& fault) {
  switch (fault.kind) {
  case Kind::html_400:
    return Answer{400, html(400), true, true};
  case Kind::error_500:
    return Answer{500, std::string(kUnexpected)};
  case Kind::html_502:
    return Answer{502, html(502), true};
  case Kind::html_404:
    return Answer{404, html(404), true};
  case Kind::unauthorized_401:
    return Answer{401, R"({"message":"Unauthorized"})"};
  case Kind::refuse:
    return Answer{fault.status, std::string(refusal(fault.status))};
  case Kind::rate_limited_429:
    return Answer{429, R"({"message":"API rate limit exceeded"})", false, false,
                  fault.retry_after == 0 ? std::string()
                                         : "Retry-After: " + std::to_string(fault.retry_after) + "\r\n"};
  default:
    return std::nullopt;
  }
}

FakeKong::Answer FakeKong::answer(const ReceivedRequest& request, const Route& route, const KongFault& fault) {
  const std::lock_guard lock(mutex_);
  ++variant_;
  if (route.above_root) return {400, html(400), true, true};
  if (auto instead = faulty(fault)) return std::move(*instead);
  if (route.operation == KongOperation::status) return status();
  if (!database_reachable_) return {500, std::string(kUnexpected)};
  if (route.plugins && plugins_) return {200, R"({"data":[)" + *plugins_ + R"(],"next":null})"};
  KongConsumer* consumer = store_.find(route.consumer);
  std::optional<KongConsumer> computed;
  if (consumer == nullptr && options_.numbered) computed = numbered_consumer(route.consumer);
  // What is created has to stay; what only follows from a number costs no memory.
  if (computed && route.operation == KongOperation::create) {
    consumer = &store_.keep(std::move(*computed));
  } else if (computed) {
    consumer = &*computed;
  }
  if (route.operation == KongOperation::other || consumer == nullptr) return {404, std::string(kNotFound)};
  switch (route.operation) {
  case KongOperation::list:
    if (request.method != "GET" && request.method != "HEAD") return {405, std::string(kNotAllowed)};
    return list(*consumer, route);
  case KongOperation::create: {
    Answer created = create(*consumer, request);
    if (fault.kind == Kind::store_then_500) return {500, std::string(kUnexpected)};
    return created;
  }
  case KongOperation::remove:
    return remove(*consumer, route);
  default:
    return show(*consumer, route);
  }
}

FakeKong::Answer FakeKong::list(const KongConsumer& consumer, const Route& route) const {
  const std::size_t size = page_size(route.query);
  if (size == 0) {
    return {400, R"({"name":"invalid size","message":"size must be an integer between 1 and 1000","code":9})"};
  }
  auto from = consumer.credentials.begin();
  if (const auto offset = route.query.find("offset"); offset != route.query.end()) {
    const std::string after = id_in_offset(offset->second);
    if (after.empty()) {
      return {400, R"({"name":"invalid offset","message":"')" + offset->second +
                       R"(' is not a valid offset: bad json encoding","code":7})"};
    }
    from = consumer.credentials.upper_bound(after);
  }
  std::vector<std::string> page;
  std::string last_id;
  for (; from != consumer.credentials.end() && page.size() < size; ++from) {
    page.push_back(credential_json(consumer, from->second, variant_));
    last_id = from->first;
  }
  const std::string offset = from == consumer.credentials.end() ? std::string() : offset_after(last_id);
  return {200, list_json(page, "/consumers/" + route.in_path + "/jwt", offset, variant_)};
}

FakeKong::Answer FakeKong::create(KongConsumer& consumer, const ReceivedRequest& request) {
  if (options_.dbless) {
    return {405, R"({"message":"cannot create 'jwt_secrets' entities when not using a database",)"
                 R"("name":"operation unsupported","code":12})"};
  }
  const std::string type = request.header("Content-Type").value_or("application/json");
  if (type.find("json") == std::string::npos) return {415, html(415), true};
  KongCredential proposed;
  try {
    proposed = proposed_credential(request.body.empty() ? "{}" : request.body);
  } catch (const Poco::Exception&) {
    return {400, R"({"message":"Cannot parse JSON body"})"};
  }
  const auto wrong = std::find_if_not(proposed.tags.begin(), proposed.tags.end(), is_tag);
  if (wrong != proposed.tags.end())
    return {400, invalid_tag_json(static_cast<std::size_t>(wrong - proposed.tags.begin()) + 1, *wrong)};
  const auto stored = store_.create(consumer, proposed);
  if (!stored) return {409, unique_violation_json(proposed.key)};
  return {201, credential_json(consumer, *stored, variant_)};
}

FakeKong::Answer FakeKong::remove(KongConsumer& consumer, const Route& route) {
  if (options_.dbless) {
    return {405, R"({"message":"cannot remove 'jwt_secrets' entities by 'key' when not using a database",)"
                 R"("name":"operation unsupported","code":12})"};
  }
  if (!store_.remove(consumer, route.credential)) return {404, std::string(kNotFound)};
  return {204, {}};
}

FakeKong::Answer FakeKong::show(const KongConsumer& consumer, const Route& route) {
  if (route.credential.empty()) return {200, consumer_json(consumer)};
  for (const auto& [id, credential] : consumer.credentials) {
    if (id != route.credential && credential.key != route.credential) continue;
    return {200, credential_json(consumer, credential, 0)};
  }
  return {404, std::string(kNotFound)};
}

FakeKong::Answer FakeKong::status() const {
  if (options_.dbless) return {200, status_json(std::nullopt)};
  return {200, status_json(database_reachable_)};
}

std::string FakeKong::render(const Answer& answer, bool head_only) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " " + std::string(reason(answer.status));
  out += "\r\nDate: Sun, 22 Nov 2026 06:35:44 GMT\r\n";
  if (answer.status != 204) {
    out += answer.html ? "Content-Type: text/html; charset=UTF-8\r\n"
                       : "Content-Type: application/json; charset=utf-8\r\n";
    out += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  }
  out += answer.close ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
  // nginx answers for itself what never reaches Kong.
  if (!(answer.html && answer.status == 400)) {
    out += "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n"
           "X-Kong-Admin-Latency: 6\r\nServer: kong/3.9.1\r\n";
  }
  out += answer.extra_header + "\r\n";
  return head_only ? out : out + answer.body;
}

} // namespace authd::test
