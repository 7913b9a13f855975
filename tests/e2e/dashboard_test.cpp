// SPDX-License-Identifier: Apache-2.0
// The shipped dashboard over a real Prometheus that scrapes authd: every panel has something to show.
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include <Poco/URI.h>

#include "scene.h"
#include "support/connection_server.h"
#include "support/free_port.h"

namespace authd::test {
namespace {

using Poco::JSON::Array;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), with);
  return text;
}

// What Grafana asks for, when everything is selected.
std::vector<std::string> queries() {
  std::ifstream file(std::string(AUTHD_ETC) + "/grafana/authd.json");
  std::stringstream text;
  text << file.rdbuf();
  const Array::Ptr panels = parse_object(text.str())->getArray("panels");
  std::vector<std::string> all;
  for (unsigned i = 0; i < panels->size(); ++i) {
    const Array::Ptr targets = panels->getObject(i)->getArray("targets");
    for (unsigned j = 0; j < targets->size(); ++j) {
      const auto query = targets->getObject(j)->getValue<std::string>("expr");
      all.push_back(replaced(replaced(replaced(query, "$__rate_interval", "1m"), "$job", ".*"), "$instance", ".*"));
    }
  }
  return all;
}

class Prometheus {
 public:
  explicit Prometheus(std::uint16_t authd)
      : config_(dir_.write("prometheus.yml", "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: authd\n    "
                                             "static_configs: [{targets: ['127.0.0.1:" +
                                                 std::to_string(authd) + "']}]\n")),
        process_({PROMETHEUS, "--config.file=" + config_, "--storage.tsdb.path=" + (dir_.path() / "data").string(),
                  "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=error"}) {}

  // How many series the query has now.
  std::size_t count(const std::string& query) const {
    std::string encoded;
    Poco::URI::encode(query, "+&=#\"{}[]$|<>%", encoded);
    try {
      const HttpReply reply = get(port_, "/api/v1/query?query=" + replaced(encoded, " ", "%20"));
      if (reply.status != 200) return 0;
      return parse_object(reply.body)->getObject("data")->getArray("result")->size();
    } catch (const std::exception&) { // it does not listen yet
      return 0;
    }
  }

 private:
  TempDir dir_;
  const std::uint16_t port_ = free_port();
  const std::string config_;
  ChildProcess process_;
};

// Tokens, failures, stale copies and a breaker that moves.
void use_everything(Scene& scene, int round) {
  for (int i = 0; i < 5; ++i) scene.tokens();
  get(scene.port(), "/tokens");
  scene.kong.set_fault({round % 8 < 4 ? KongFault::Kind::none : KongFault::Kind::error_500});
  for (int n = 0; n < 10; ++n) scene.tokens(stranger(n));
}

// Between a Prometheus and authd, as if it were one that knows text 0.0.4 only. (Debian's asks for OpenMetrics first.)
class OldPrometheus {
 public:
  explicit OldPrometheus(std::uint16_t authd)
      : server_([authd](Peer& peer) {
          while (const auto request = peer.read_request()) {
            const HttpReply reply = get(authd, request->target, {{"Accept", "text/plain;version=0.0.4"}});
            if (!peer.send("HTTP/1.1 200 OK\r\nContent-Type: " + reply.header("Content-Type") +
                           "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body))
              return;
          }
        }) {}
  std::uint16_t port() const { return server_.port(); }

 private:
  ConnectionServer server_;
};

// `view`: as metrics_collections_total calls the format.
void expect_data_in_every_panel(Scene& scene, std::uint16_t scraped, const std::string& view) {
  scene.add_strangers(10, 10);
  const Prometheus prometheus(scraped);
  std::vector<std::string> missing = queries();
  ASSERT_GT(missing.size(), 15U);
  missing.push_back("metrics_collections_total{view=\"" + view + "\"}");
  // There is none where no cgroup limits memory.
  std::erase_if(missing, [](const std::string& query) { return query.starts_with("process_memory_limit"); });
  std::atomic<bool> ending{false};
  std::thread load = checked_thread([&] {
    for (int round = 0; !ending; ++round) use_everything(scene, round / 50);
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!missing.empty() && std::chrono::steady_clock::now() < deadline) {
    std::erase_if(missing, [&](const std::string& query) { return prometheus.count(query) > 0; });
    std::this_thread::sleep_for(std::chrono::milliseconds(100)); // it scrapes once a second
  }
  ending = true;
  load.join();
  for (const std::string& query : missing) ADD_FAILURE() << "no data: " << query;
}

TEST(Dashboard, HasDataInEveryPanelFromOpenMetrics) {
  Scene scene;
  expect_data_in_every_panel(scene, scene.port(), "openmetrics");
}

TEST(Dashboard, HasDataInEveryPanelFromTheOlderText) {
  Scene scene;
  const OldPrometheus between(scene.port());
  expect_data_in_every_panel(scene, between.port(), "prometheus");
}

} // namespace
} // namespace authd::test
