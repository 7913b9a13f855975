// SPDX-License-Identifier: Apache-2.0
// Konnect as its published OpenAPI has it: one control plane's core entities (consumers, their JWT
// credentials) and the realms, behind an access token, with faults that can be switched while it runs. What
// the document leaves open (the body of a 404, the status of a conflict) is answered in the ways seen in the
// field.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/connection_server.h"
#include "support/kong_store.h"

namespace authd::test {

enum class KonnectOperation { consumers, consumer, list, create, remove, realm, create_realm, other };
constexpr std::size_t kKonnectOperations = 8;

struct KonnectFault {
  enum class Kind {
    none,
    hang,             // reads the request, never answers
    reset,            // RST instead of an answer
    error_500,        // as core entities report it, or a problem where the other APIs would
    forbidden_403,    // a token without the role
    rate_limited_429, // with `retry_after`
    store_then_hang,  // create: stored, but never answered
    garbage,          // something that is not HTTP
  };
  Kind kind = Kind::none;
  milliseconds delay{0};         // before anything else happens
  std::string retry_after = "1"; // empty: none is sent
  std::size_t times = 0;         // requests that it strikes; 0: all, until it is changed
};

struct KonnectTraffic {
  std::array<std::size_t, kKonnectOperations> counts{}; // faults included
  std::vector<std::string> targets;                     // as they stood in the request lines
  std::size_t operator[](KonnectOperation operation) const { return counts[static_cast<std::size_t>(operation)]; }
  std::size_t total() const;
};

// [thread-safe]
class FakeKonnect {
 public:
  struct Options {
    std::uint16_t port = 0;
    std::string prefix = {}; // of every path, as with a control plane of one's own: "/konnect"
    // Empty: a control plane of one's own, whose entities and realms stand at the prefix.
    std::string control_plane = "9524ec7d-36d9-465d-a8c5-83a3c9390458";
    std::string token = "kpat_0123456789abcdef0123456789abcdef";
    std::size_t largest_page = 1000;
  };

  FakeKonnect();
  explicit FakeKonnect(Options options);

  std::uint16_t port() const { return server_.port(); }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port()) + options_.prefix; }
  std::string url() const { return origin() + plane_path(); } // admin_url
  const std::string& token() const { return options_.token; }

  std::string add_consumer(std::string username, std::string id = {}); // returns the id
  void add_credential(std::string_view consumer, KongCredential credential);
  void remove_consumer(std::string_view consumer);
  std::vector<KongCredential> credentials(std::string_view consumer) const; // by id
  // Name and body of what was created, in order; a name twice if it was created twice.
  std::vector<std::pair<std::string, std::string>> realms_created() const;
  void add_realm(std::string name);

  void set_fault(KonnectOperation operation, KonnectFault fault);
  void set_fault(KonnectFault fault); // on every operation
  void clear_faults() { set_fault(KonnectFault{}); }

  KonnectTraffic traffic() const;
  void forget_traffic();
  // Until that many requests of the operation have come since the last forget_traffic.
  bool await(KonnectOperation operation, std::size_t count, milliseconds at_most) const;

 private:
  std::string plane_path() const {
    return options_.control_plane.empty() ? "" : "/v2/control-planes/" + options_.control_plane;
  }

  struct Answer {
    int status = 200;
    std::string body;
    bool problem = false;          // application/problem+json
    std::string extra_header = {}; // whole lines
  };
  struct Route {
    KonnectOperation operation = KonnectOperation::other;
    bool known_plane = false;
    std::string consumer, credential, realm; // decoded
    std::map<std::string, std::string> query;
  };

  void serve(Peer& peer);
  bool reply(Peer& peer, const ReceivedRequest& request);
  Route route(const ReceivedRequest& request) const;
  void route_entity(Route& route, const std::string& method, std::string_view path) const;
  KonnectFault note(const ReceivedRequest& request, KonnectOperation operation);
  std::optional<Answer> refuse(const ReceivedRequest& request, const Route& route, const KonnectFault& fault) const;
  Answer answer(const ReceivedRequest& request, const Route& route);
  Answer answer_entity(const ReceivedRequest& request, const Route& route);
  Answer list(const KongConsumer& consumer, const Route& route) const;
  Answer create(KongConsumer& consumer, const ReceivedRequest& request);
  Answer create_realm(const ReceivedRequest& request);
  static Answer error(int status, std::string_view message, bool problem);
  static std::string render(const Answer& answer);

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable asked_;
  KongStore store_;
  std::set<std::string> realms_;
  std::vector<std::pair<std::string, std::string>> realms_created_;
  std::array<KonnectFault, kKonnectOperations> faults_{};
  unsigned variant_ = 0; // of the field order
  KonnectTraffic traffic_;
  ConnectionServer server_; // last: its threads use everything above
};

} // namespace authd::test
