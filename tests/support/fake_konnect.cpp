// SPDX-License-Identifier: Apache-2.0
#include "support/fake_konnect.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>

#include "support/http_text.h"
#include "support/kong_json.h"

namespace authd::test {
namespace {

using Kind = KonnectFault::Kind;
using Operation = KonnectOperation;

std::size_t number_in(const std::map<std::string, std::string>& query, const char* name, std::size_t otherwise) {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  std::size_t number = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

Poco::JSON::Object::Ptr parse_body(const std::string& body) {
  try {
    return Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    return nullptr;
  }
}

} // namespace

std::size_t KonnectTraffic::total() const { return std::accumulate(counts.begin(), counts.end(), std::size_t{0}); }

FakeKonnect::FakeKonnect() : FakeKonnect(Options()) {}

FakeKonnect::FakeKonnect(Options options)
    : options_(std::move(options)), server_([this](Peer& peer) { serve(peer); }, options_.port) {}

std::string FakeKonnect::add_consumer(std::string username, std::string id) {
  const std::lock_guard lock(mutex_);
  return store_.add_consumer(std::move(username), std::move(id));
}

void FakeKonnect::add_credential(std::string_view consumer, KongCredential credential) {
  const std::lock_guard lock(mutex_);
  store_.create(*store_.find(consumer), std::move(credential));
}

void FakeKonnect::remove_consumer(std::string_view consumer) {
  const std::lock_guard lock(mutex_);
  store_.remove_consumer(consumer);
}

std::vector<KongCredential> FakeKonnect::credentials(std::string_view consumer) const {
  const std::lock_guard lock(mutex_);
  std::vector<KongCredential> out;
  for (const auto& [id, credential] : const_cast<KongStore&>(store_).find(consumer)->credentials)
    out.push_back(credential);
  return out;
}

std::vector<std::pair<std::string, std::string>> FakeKonnect::realms_created() const {
  const std::lock_guard lock(mutex_);
  return realms_created_;
}

void FakeKonnect::add_realm(std::string name) {
  const std::lock_guard lock(mutex_);
  realms_.insert(std::move(name));
}

void FakeKonnect::set_fault(KonnectOperation operation, KonnectFault fault) {
  const std::lock_guard lock(mutex_);
  faults_[static_cast<std::size_t>(operation)] = std::move(fault);
}

void FakeKonnect::set_fault(KonnectFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.fill(fault);
}

KonnectTraffic FakeKonnect::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

void FakeKonnect::forget_traffic() {
  const std::lock_guard lock(mutex_);
  traffic_ = {};
}

bool FakeKonnect::await(KonnectOperation operation, std::size_t count, milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  return asked_.wait_for(lock, at_most, [&] { return traffic_[operation] >= count; });
}

void FakeKonnect::serve(Peer& peer) {
  while (const auto request = peer.read_request())
    if (!reply(peer, *request)) return;
}

// False: the connection is over.
bool FakeKonnect::reply(Peer& peer, const ReceivedRequest& request) {
  const Route where = route(request);
  const KonnectFault fault = note(request, where.operation);
  if (fault.delay.count() > 0 && !peer.wait(fault.delay)) return false;
  if (fault.kind == Kind::reset) return peer.reset(), false;
  if (fault.kind == Kind::hang) return peer.hang(), false;
  if (fault.kind == Kind::garbage) return peer.send("220 mail.example ESMTP\r\n"), false;
  auto refused = refuse(request, where, fault);
  const Answer answered = refused ? std::move(*refused) : answer(request, where);
  if (fault.kind == Kind::store_then_hang) return peer.hang(), false;
  const bool close = request.header("Connection").value_or("") == "close";
  return peer.send(render(answered)) && !close;
}

KonnectFault FakeKonnect::note(const ReceivedRequest& request, KonnectOperation operation) {
  const std::lock_guard lock(mutex_);
  ++traffic_.counts[static_cast<std::size_t>(operation)];
  traffic_.targets.push_back(request.target);
  asked_.notify_all();
  KonnectFault& active = faults_[static_cast<std::size_t>(operation)];
  const KonnectFault fault = active;
  if (active.times > 0 && --active.times == 0) active = {};
  return fault;
}

FakeKonnect::Route FakeKonnect::route(const ReceivedRequest& request) const {
  Route out;
  std::string_view target = request.target;
  const auto mark = std::min(target.find('?'), target.size());
  if (mark < target.size()) out.query = parse_query(target.substr(mark + 1));
  std::string_view path = target.substr(0, mark);
  if (!path.starts_with(options_.prefix)) return out;
  path.remove_prefix(options_.prefix.size());
  const std::string realms = options_.control_plane.empty() ? "/realms" : "/v1/realms";
  if (path == realms) {
    out.operation = Operation::create_realm;
    return out;
  }
  if (path.starts_with(realms + "/")) {
    out.operation = Operation::realm;
    out.realm = decoded(path.substr(realms.size() + 1));
    return out;
  }
  route_entity(out, request.method, path);
  return out;
}

// [/v2/control-planes/{id}]/core-entities/consumers[/{consumer}[/jwt[/{credential}]]]
void FakeKonnect::route_entity(Route& out, const std::string& method, std::string_view path) const {
  constexpr std::string_view kEntities = "/core-entities/consumers";
  const auto at = path.find(kEntities);
  if (at == std::string_view::npos) return;
  out.known_plane = path.substr(0, at) == plane_path();
  const auto segments = split(path.substr(at + kEntities.size()), '/'); // "", consumer, "jwt", credential
  if (segments.size() >= 3 && segments[2] != "jwt") return;
  if (segments.size() >= 2) out.consumer = decoded(segments[1]);
  if (segments.size() == 1) out.operation = Operation::consumers;
  if (segments.size() == 2) out.operation = Operation::consumer;
  if (segments.size() == 3) out.operation = method == "POST" ? Operation::create : Operation::list;
  if (segments.size() == 4 && method == "DELETE") {
    out.operation = Operation::remove;
    out.credential = decoded(segments[3]);
  }
}

// What comes before any entity is looked at.
std::optional<FakeKonnect::Answer> FakeKonnect::refuse(const ReceivedRequest& request, const Route& route,
                                                       const KonnectFault& fault) const {
  const bool problem = route.operation == Operation::realm || route.operation == Operation::create_realm;
  if (request.header("Authorization") != "Bearer " + options_.token) return error(401, "Unauthorized", problem);
  if (fault.kind == Kind::forbidden_403) return error(403, "Forbidden", problem);
  if (fault.kind == Kind::error_500) return error(500, "An unexpected error occurred", problem);
  if (fault.kind != Kind::rate_limited_429) return std::nullopt;
  Answer limited = error(429, "Too Many Requests", true);
  if (!fault.retry_after.empty()) limited.extra_header = "Retry-After: " + fault.retry_after + "\r\n";
  return limited;
}

FakeKonnect::Answer FakeKonnect::answer(const ReceivedRequest& request, const Route& route) {
  const std::lock_guard lock(mutex_);
  ++variant_;
  switch (route.operation) {
  case Operation::other:
    return error(404, "Not Found", true);
  case Operation::realm:
    if (realms_.count(route.realm) == 0) return error(404, "Realm not found", true);
    return {200, R"({"id":"44e96a35-843f-4590-b0ec-3a958e6297cb","name":"x"})"};
  case Operation::create_realm:
    return create_realm(request);
  default:
    return route.known_plane ? answer_entity(request, route) : error(404, "Control plane not found", true);
  }
}

FakeKonnect::Answer FakeKonnect::answer_entity(const ReceivedRequest& request, const Route& route) {
  if (route.operation == Operation::consumers) return {200, R"({"data":[],"next":null})"};
  KongConsumer* consumer = store_.find(route.consumer);
  // Unlike Kong's, these take the consumer's id only.
  const bool by_name = route.operation != Operation::consumer && !is_uuid(route.consumer);
  if (consumer == nullptr || by_name) return error(404, "Not found", false);
  switch (route.operation) {
  case Operation::list:
    return list(*consumer, route);
  case Operation::create:
    return create(*consumer, request);
  case Operation::remove:
    store_.remove(*consumer, route.credential);
    return {204, {}};
  default:
    return {200, consumer_json(*consumer)};
  }
}

FakeKonnect::Answer FakeKonnect::list(const KongConsumer& consumer, const Route& route) const {
  const std::size_t size = number_in(route.query, "size", 100);
  if (size == 0 || size > 1000) return error(400, "size must be between 1 and 1000", false);
  auto from = consumer.credentials.begin();
  if (const auto offset = route.query.find("offset"); offset != route.query.end()) {
    const std::string after = id_in_offset(offset->second);
    if (after.empty()) return error(400, "invalid offset", false);
    from = consumer.credentials.upper_bound(after);
  }
  std::vector<std::string> page;
  std::string last_id;
  for (; from != consumer.credentials.end() && page.size() < std::min(size, options_.largest_page); ++from) {
    page.push_back(credential_json(consumer, from->second, variant_));
    last_id = from->first;
  }
  const std::string offset = from == consumer.credentials.end() ? std::string() : offset_after(last_id);
  return {200, list_json(page, "/core-entities/consumers/" + consumer.id + "/jwt", offset, variant_)};
}

// A key that is taken is 400 here, not Kong's 409.
FakeKonnect::Answer FakeKonnect::create(KongConsumer& consumer, const ReceivedRequest& request) {
  if (parse_body(request.body).isNull()) return error(400, "invalid JSON", false);
  const auto stored = store_.create(consumer, proposed_credential(request.body));
  if (stored) return {201, credential_json(consumer, *stored, variant_)};
  return {400, R"({"code":3,"message":"data constraint error","details":[{"type":"ERROR_TYPE_REFERENCE",)"
               R"("field":"key","messages":["key (type: unique) constraint failed"]}]})"};
}

FakeKonnect::Answer FakeKonnect::create_realm(const ReceivedRequest& request) {
  const auto body = parse_body(request.body);
  const bool whole = !body.isNull() && (options_.control_plane.empty() || body->isArray("allowed_control_planes"));
  if (request.method != "POST" || !whole) return error(400, "invalid realm", true);
  const auto name = body->optValue<std::string>("name", {});
  realms_created_.emplace_back(name, request.body);
  if (!realms_.insert(name).second) return error(409, "Realm exists", true);
  return {201, R"({"id":"44e96a35-843f-4590-b0ec-3a958e6297cb","name":"x"})"};
}

FakeKonnect::Answer FakeKonnect::error(int status, std::string_view message, bool problem) {
  const std::string number = std::to_string(status);
  if (!problem) return {status, R"({"message":")" + std::string(message) + R"(","status":)" + number + "}"};
  return {status,
          R"({"status":)" + number + R"(,"title":")" + std::string(reason(status)) +
              R"(","instance":"konnect:trace:3674017986744198214","detail":")" + std::string(message) + "\"}",
          true};
}

std::string FakeKonnect::render(const Answer& answer) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " " + std::string(reason(answer.status));
  out += "\r\nDate: Sun, 22 Nov 2026 06:35:44 GMT\r\n";
  if (answer.status != 204) {
    out += answer.problem ? "Content-Type: application/problem+json\r\n" : "Content-Type: application/json\r\n";
    out += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  }
  return out + answer.extra_header + "\r\n" + answer.body;
}

} // namespace authd::test
