// SPDX-License-Identifier: Apache-2.0
// Profiles of the built process: what docs/profiling.md promises.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <Poco/InflatingStream.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "scene.h"
#include "support/free_port.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;
using Poco::JSON::Array;
using Poco::JSON::Object;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr std::string_view kPlanted = "planted-in-config-5b2e9c4d7a1f8036";

class Profiling : public testing::Test {
 protected:
  std::string folder() const { return (dir_.path() / "profiling").string(); }
  Scene::Change enabled(bool auto_generate = false) const {
    return [this, auto_generate](Settings& s) {
      s.set("profiling", "enabled", "true").set_text("profiling", "output_dir", folder());
      s.set("profiling", "auto_generate", auto_generate ? "true" : "false");
      s.set("server", "reactors", "1").set_text("cache", "ttl", "10m").set_text("gateway", "admin_token", kPlanted);
    };
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) names.insert(entry.path().filename().string());
    return names;
  }
  TempDir dir_;
};

HttpReply post(const Scene& scene, const std::string& operation) {
  return fetch(scene.port(), "POST", "/debug/profiling/" + operation);
}

HttpReply report(const Scene& scene, const std::string& file) {
  return get(scene.port(), "/debug/profiling/report?file=" + file);
}

Object::Ptr must(const HttpReply& reply) {
  EXPECT_EQ(reply.status, 200) << reply.body;
  return parse_object(reply.body);
}

std::string start(const Scene& scene, const std::string& type) {
  return must(post(scene, "start?type=" + type))->getValue<std::string>("sessionId");
}

// Tokens until the process has used that much CPU time, which is what a CPU profile is about.
void load_until(const Scene& scene, std::chrono::milliseconds cpu_time) {
  const auto ticks = [&] {
    std::ifstream stat("/proc/" + std::to_string(scene.authd.pid()) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(stat), {}};
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string skipped;
    long user = 0, kernel = 0;
    for (int field = 3; field < 14; ++field) rest >> skipped;
    rest >> user >> kernel;
    return user + kernel;
  };
  const long enough = ticks() + cpu_time.count() * ::sysconf(_SC_CLK_TCK) / 1000;
  HttpConnection connection(scene.port());
  constexpr int kBatch = 50;
  std::string batch;
  for (int i = 0; i < kBatch; ++i) batch += request_text("GET", "/tokens", kAlice);
  while (ticks() < enough) {
    ASSERT_TRUE(connection.send(batch));
    for (int i = 0; i < kBatch; ++i) ASSERT_TRUE(connection.read());
  }
}

// What a profile says, without its compression.
std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (path.extension() != ".gz") return {std::istreambuf_iterator<char>(file), {}};
  Poco::InflatingInputStream inflated(file, Poco::InflatingStreamBuf::STREAM_GZIP);
  return {std::istreambuf_iterator<char>(inflated), {}};
}

// All names of functions in a profile of Chrome's, and where they are.
struct Names {
  std::set<std::string> functions, objects;
  void add(const Object::Ptr& node) {
    const auto frame = node->getObject("callFrame");
    functions.insert(frame->getValue<std::string>("functionName"));
    objects.insert(frame->getValue<std::string>("url"));
  }
  void walk(const Object::Ptr& node) {
    add(node);
    const Array::Ptr children = node->getArray("children");
    for (unsigned i = 0; i < children->size(); ++i) walk(children->getObject(i));
  }
  bool has(const std::string& part) const {
    for (const std::string& name : functions) {
      if (name.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(Profiling, ACpuProfileUnderLoadNamesWhatIssuesTokens) {
  const Scene scene(enabled());
  const std::string id = start(scene, "cpu");
  EXPECT_THAT(id, MatchesRegex("profile-[0-9]+-[0-9a-f]+"));
  load_until(scene, std::chrono::milliseconds(500));
  const auto stopped = must(post(scene, "stop"));
  EXPECT_EQ(stopped->getValue<std::string>("sessionId"), id);
  EXPECT_EQ(stopped->getValue<std::string>("status"), "completed");
  EXPECT_EQ(stopped->getArray("unsampledThreads")->size(), 0u) << post(scene, "status").body;
  const HttpReply file = report(scene, id + ".cpuprofile");
  EXPECT_EQ(file.header("Content-Type"), "application/json");
  const auto profile = must(file);
  Names names;
  const Array::Ptr nodes = profile->getArray("nodes");
  for (unsigned i = 0; i < nodes->size(); ++i) names.add(nodes->getObject(i));
  // With link-time optimisation the pipeline may be inlined into the endpoint.
  EXPECT_TRUE(names.has("TokenPipeline::issue") || names.has("TokenEndpoints::issue")) << file.body;
  EXPECT_TRUE(names.has("reactor-0")) << "threads by their names";
  EXPECT_THAT(names.objects, testing::Contains("authd"));
  EXPECT_EQ(profile->getArray("samples")->size(), profile->getArray("timeDeltas")->size());
}

TEST_F(Profiling, AHeapProfileNamesWhoHoldsTheMemoryTier) {
  Scene scene(enabled(), {}, {{"TCMALLOC_SAMPLE_PARAMETER", "256"}});
  scene.add_strangers(50, 50);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(scene.tokens(stranger(i)).status, 200);
  const std::string id = start(scene, "heap");
  must(post(scene, "stop"));
  const HttpReply file = report(scene, id + ".heapprofile");
  Names names;
  names.walk(must(file)->getObject("head"));
  EXPECT_THAT(names.objects, testing::Contains("cache-memory.so"));
  EXPECT_TRUE(names.has("cache_memory::")) << file.body;
}

TEST_F(Profiling, ThereIsOneSessionAtATime) {
  const Scene scene(enabled());
  const std::string id = start(scene, "cpu");
  const HttpReply second = post(scene, "start");
  EXPECT_EQ(second.status, 400);
  EXPECT_THAT(second.body, HasSubstr(id));
  const auto status = must(get(scene.port(), "/debug/profiling/status"));
  EXPECT_TRUE(status->getValue<bool>("enabled"));
  const auto session = status->getArray("sessions")->getObject(0);
  EXPECT_EQ(session->getValue<std::string>("sessionId"), id);
  EXPECT_EQ(session->getValue<std::string>("status"), "running");
  EXPECT_EQ(session->getValue<std::string>("type"), "cpu");
  must(post(scene, "stop"));
  EXPECT_EQ(post(scene, "stop").status, 400);
  EXPECT_EQ(post(scene, "start?type=memory").status, 400);
}

TEST_F(Profiling, ASessionOutlivesAReload) {
  Scene scene(enabled());
  const std::string id = start(scene, "cpu");
  Settings changed(scene.kong.url());
  enabled()(changed);
  ASSERT_TRUE(scene.authd.reload(changed.set_text("cache", "stale", "20m").toml(), "reloaded"));
  EXPECT_EQ(must(post(scene, "stop"))->getValue<std::string>("sessionId"), id);
}

TEST_F(Profiling, ReportsAreListedFetchedAndCleanedUp) {
  const Scene scene(enabled());
  const std::string id = start(scene, "cpu");
  must(post(scene, "stop"));
  EXPECT_TRUE(files().empty()) << "nobody has asked for them";
  const auto reports = must(get(scene.port(), "/debug/profiling/reports"));
  EXPECT_EQ(reports->getValue<int>("total"), 2);
  EXPECT_EQ(reports->getArray("reports")->getObject(0)->getValue<std::string>("file"), id + ".cpu.pb.gz");
  const HttpReply pprof = report(scene, id + ".cpu.pb.gz");
  EXPECT_EQ(pprof.status, 200);
  EXPECT_EQ(pprof.header("Content-Type"), "application/gzip");
  EXPECT_THAT(pprof.body, testing::StartsWith("\x1f\x8b"));
  EXPECT_EQ(files(), (std::set<std::string>{id + ".cpu.pb.gz", id + ".cpuprofile"}));
  EXPECT_EQ(must(post(scene, "cleanup"))->getArray("cleaned")->size(), 2u);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(report(scene, id + ".cpuprofile").status, 404);
}

TEST_F(Profiling, WithAutoGenerateTheyAreThereWhenASessionStops) {
  const Scene scene(enabled(true));
  const std::string id = start(scene, "cpu");
  must(post(scene, "stop"));
  EXPECT_EQ(files(), (std::set<std::string>{id + ".cpu.pb.gz", id + ".cpuprofile"}));
}

TEST_F(Profiling, NoFileNameLeadsOutOfTheFolder) {
  const Scene scene(enabled());
  must(post(scene, "cleanup")); // makes the folder
  dir_.write("planted", std::string(kPlanted));
  fs::create_symlink(dir_.path() / "planted", fs::path(folder()) / "profile-1-0123abcd.cpuprofile");
  for (const std::string name :
       {"../planted", "%2e%2e/planted", "%2e%2e%2fplanted", "..%2Fplanted", "/etc/passwd", "%2Fetc%2Fpasswd", "",
        "profile-1-0123abcd.cpuprofile%00", "profile-1-0123abcd.cpuprofile", "profile-1-0123abcd/../../planted"}) {
    const HttpReply reply = report(scene, name);
    EXPECT_GE(reply.status, 400) << name;
    EXPECT_LT(reply.status, 500) << name;
    EXPECT_THAT(reply.body, testing::Not(HasSubstr(std::string(kPlanted)))) << name;
  }
  EXPECT_EQ(must(post(scene, "cleanup"))->getArray("cleaned")->size(), 0u) << "a link is not ours";
}

TEST_F(Profiling, NoSecretIsInAnyFile) {
  const Scene scene(enabled(true), {}, {{"TCMALLOC_SAMPLE_PARAMETER", "256"}});
  for (const char* type : {"cpu", "heap"}) {
    start(scene, type);
    load_until(scene, std::chrono::milliseconds(100));
    must(post(scene, "stop"));
  }
  ASSERT_EQ(files().size(), 4u);
  for (const std::string& name : files()) {
    const std::string text = content_of(fs::path(folder()) / name);
    EXPECT_NE(text.find("authd"), std::string::npos) << name << " is not read as it should be";
    for (const std::string_view secret : {kPlanted, std::string_view(kAliceSecret), std::string_view(kAliceId)}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << name;
    }
  }
}

TEST_F(Profiling, DisabledItSaysHowToEnableItAndDoesNothing) {
  const Scene scene;
  for (const auto& [method, operation] : std::vector<std::pair<std::string, std::string>>{{"POST", "start"},
                                                                                          {"POST", "stop"},
                                                                                          {"GET", "status"},
                                                                                          {"GET", "reports"},
                                                                                          {"GET", "report"},
                                                                                          {"POST", "cleanup"}}) {
    const auto body = must(fetch(scene.port(), method, "/debug/profiling/" + operation));
    EXPECT_FALSE(body->getValue<bool>("enabled")) << operation;
    EXPECT_TRUE(body->has("sessionId") && body->isNull("sessionId")) << operation;
    EXPECT_THAT(body->getValue<std::string>("message"), HasSubstr("PROFILING_ENABLED=true")) << operation;
  }
  std::ifstream maps("/proc/" + std::to_string(scene.authd.pid()) + "/maps");
  const std::string mapped{std::istreambuf_iterator<char>(maps), {}};
  EXPECT_THAT(mapped, testing::Not(HasSubstr("tcmalloc")));
}

TEST_F(Profiling, IsForTrustedPeersOnly) {
  const Scene scene([&](Settings& s) {
    enabled()(s);
    s.set("security", "trusted_gateways", "[\"192.0.2.0/24\"]");
  });
  const HttpReply reply = post(scene, "start");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(code_of(reply), "AUTH_015");
}

TEST_F(Profiling, DoesNotExistInProduction) {
  const std::string token = "q8Rt2vXz5Lm9Kp3Wn7Yb4Jc6Hd1Gf0Sa";
  const Scene scene([&](Settings& s) {
    s.set_text("server", "environment", "production").set("server", "port", std::to_string(free_port()));
    s.set_text("gateway", "admin_token", token).set("security", "trusted_gateways", "[\"127.0.0.0/8\"]");
    s.set("security", "waivers", "[\"gateway.admin_url\"]").set_text("telemetry", "service_version", "1.2.3");
  });
  for (const char* operation : {"start", "stop", "status", "reports", "report", "cleanup"}) {
    EXPECT_EQ(post(scene, operation).status, 404) << operation;
    EXPECT_EQ(get(scene.port(), std::string("/debug/profiling/") + operation).status, 404) << operation;
  }
}

} // namespace
} // namespace authd::test
