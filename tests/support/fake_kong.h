// SPDX-License-Identifier: Apache-2.0
// Kong's Admin API as recorded from Kong Gateway 3.9.1 with PostgreSQL, with faults that can be switched
// while it runs. Field order varies from answer to answer, as it does between Kong's workers.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/certificates.h"
#include "support/connection_server.h"
#include "support/kong_store.h"

namespace authd::test {

enum class KongOperation { list, create, consumer, status, credential, remove, other };
constexpr std::size_t kKongOperations = 7;

struct KongFault {
  enum class Kind {
    none,
    hang,             // reads the request, never answers
    reset,            // RST instead of an answer
    reset_reused,     // RST on a connection that has carried a request before; as `kong reload` does
    error_500,        // as with the database down
    html_400,         // as nginx refuses a path
    html_502,         // as from a proxy in front
    drip,             // the answer, one byte every `every`
    store_then_hang,  // create: stored, but never answered
    store_then_500,   // create: stored, answered 500 (transcript 09)
    garbage,          // something that is not HTTP
    truncate,         // half of the announced body, then FIN
    unauthorized_401, // as an RBAC or key-auth route answers a wrong token
    rate_limited_429, // with Retry-After: `retry_after`
    refuse,           // with `status`, as an administrator's role, a proxy in front or DB-less mode does
    html_404,         // as a web server that is no Kong answers
  };
  Kind kind = Kind::none;
  milliseconds delay{0};  // before anything else happens
  milliseconds every{50}; // drip
  std::size_t one_in = 1; // it strikes the first of that many requests of its operation
  int status = 403;       // refuse: 401, 403, 404, 405 or 413
  int retry_after = 7;    // rate_limited_429, in seconds; 0: the field is left out
};

// What the Admin API's port shows, and demands of clients.
struct KongTls {
  Issued own;
  std::string clients = {}; // PEM of the authority whose certificate a client must show; empty: it asks for none
};

// What has been asked, faults included. `targets` as they stood in the request lines.
struct KongTraffic {
  std::array<std::size_t, kKongOperations> counts{};
  std::vector<std::string> targets;
  std::vector<ReceivedRequest> requests; // only what Options::record_requests asked for
  std::size_t operator[](KongOperation operation) const { return counts[static_cast<std::size_t>(operation)]; }
  std::size_t total() const;
};

// [thread-safe]
class FakeKong {
 public:
  struct Options {
    std::uint16_t port = 0;
    bool dbless = false;             // creates and deletes are refused with 405, code 12
    bool record_requests = false;    // keep whole requests, for tests of what is sent
    bool count_targets = true;       // off for load: the list of targets grows without bound
    std::optional<KongTls> tls = {}; // https instead of http
    bool numbered = false;           // besides those added, there are all of numbered_consumers.h
  };

  FakeKong();
  explicit FakeKong(Options options);

  std::uint16_t port() const { return server_.port(); }
  std::string url() const {
    return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
  }
  // For connections that come from then on; only where there was TLS before.
  void set_tls(const KongTls& tls);
  long last_client_serial() const; // of the certificate that the last client to be let in showed; 0: none
  std::size_t connections() const { return server_.accepted(); }

  std::string add_consumer(std::string username, std::string id = {}); // returns the id
  void add_credential(std::string_view consumer, KongCredential credential);
  void remove_credential(std::string_view consumer, std::string_view id_or_key);
  void remove_consumer(std::string_view consumer);
  std::vector<KongCredential> credentials(std::string_view consumer) const; // by id

  void set_fault(KongOperation operation, KongFault fault);
  void set_fault(KongFault fault); // on every operation
  void clear_faults() { set_fault(KongFault{}); }
  void set_database_reachable(bool reachable);
  // What GET /plugins lists: JSON objects with commas between. Before that there is no such list.
  void set_plugins(std::string plugins);

  KongTraffic traffic() const;
  void forget_traffic();
  // Until that many requests of the operation have come since the last forget_traffic.
  bool await(KongOperation operation, std::size_t count, milliseconds at_most) const;

 private:
  struct Answer {
    int status = 200;
    std::string body; // JSON unless `html`
    bool html = false;
    bool close = false;
    std::string extra_header = {}; // whole lines
  };
  struct Route {
    KongOperation operation = KongOperation::other;
    bool plugins = false;   // the list of plugins
    std::string consumer;   // decoded
    std::string in_path;    // as it stands in the path, for `next`
    std::string credential; // decoded
    std::map<std::string, std::string> query;
    bool above_root = false;
  };

  void serve(Peer& peer);
  bool let_in(Peer& peer);
  bool reply(Peer& peer, const ReceivedRequest& request, bool reused, bool last);
  bool misbehave(Peer& peer, const KongFault& fault, const std::string& answer);
  KongFault note(const ReceivedRequest& request, KongOperation operation);
  static Route route(const ReceivedRequest& request);
  Answer answer(const ReceivedRequest& request, const Route& route, const KongFault& fault);
  Answer list(const KongConsumer& consumer, const Route& route) const;
  Answer create(KongConsumer& consumer, const ReceivedRequest& request);
  Answer remove(KongConsumer& consumer, const Route& route);
  static Answer show(const KongConsumer& consumer, const Route& route);
  Answer status() const;
  static std::optional<Answer> faulty(const KongFault& fault); // nullopt: it answers as usual
  static std::string render(const Answer& answer, bool head_only);

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable asked_;
  std::shared_ptr<SSL_CTX> tls_; // null: plain
  long last_client_serial_ = 0;
  KongStore store_;
  std::array<KongFault, kKongOperations> faults_{};
  bool database_reachable_ = true;
  std::optional<std::string> plugins_;
  unsigned variant_ = 0; // of the field order
  KongTraffic traffic_;
  ConnectionServer server_; // last: its threads use everything above
};

} // namespace authd::test
