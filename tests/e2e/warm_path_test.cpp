// SPDX-License-Identifier: Apache-2.0
// What a warm token costs in counts that no machine changes: allocations, locks, system calls of the built
// process. Times are script/bench's.
#include <csignal>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene.h"
#include "support/call_counts.h"

namespace authd::test {
namespace {

constexpr int kRequests = 1000;

// The counts of a program that has call_counter preloaded.
class CallCounts {
 public:
  CallCounts() : file_(dir_.write("counts", std::string(sizeof(call_counts), '\0'))) {
    const int fd = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
    void* mapped = ::mmap(nullptr, sizeof(call_counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED) throw std::runtime_error("cannot map " + file_);
    counts_ = static_cast<call_counts*>(mapped);
  }
  ~CallCounts() { ::munmap(counts_, sizeof(call_counts)); }
  CallCounts(const CallCounts&) = delete;
  CallCounts& operator=(const CallCounts&) = delete;

  Environment environment() const { return {{"LD_PRELOAD", CALL_COUNTER}, {"CALL_COUNTS_FILE", file_}}; }
  std::uint64_t allocations() const { return counts_->allocations; }
  std::uint64_t locks() const { return counts_->locks; }
  std::uint64_t reactor_locks() const { return counts_->reactor_locks; }

 private:
  TempDir dir_;
  std::string file_;
  call_counts* counts_ = nullptr;
};

void one_reactor(Settings& settings) {
  settings.set("server", "reactors", "1").set_text("cache", "ttl", "10m").set("telemetry", "audit", "false");
}

// As production has it: with gateways that are named, whose X-Forwarded-For is read.
void one_reactor_and_audit(Settings& settings) {
  one_reactor(settings);
  settings.set("telemetry", "audit", "true").set("telemetry", "hash_user_names", "true");
  settings.set("telemetry", "truncate_addresses", "true");
  settings.set("security", "trusted_gateways", "[\"127.0.0.0/8\"]");
}

// `times` requests over one connection, each sent when the one before has been answered.
void ask(HttpConnection& connection, const std::string& request, int times) {
  for (int i = 0; i < times; ++i) {
    ASSERT_TRUE(connection.send(request));
    const auto reply = connection.read();
    ASSERT_TRUE(reply && reply->status == 200) << (reply ? reply->body : "no answer");
  }
}

// Until the first request's lookup has left no more work behind, on whatever thread: nothing is locked any more.
void warm_up(HttpConnection& connection, const std::string& request, const std::function<std::uint64_t()>& locks) {
  std::uint64_t before = 0;
  for (int i = 0; i < 100 && (i == 0 || before != locks()); ++i) {
    before = locks();
    ask(connection, request, 100);
  }
}

const std::string kTokenRequest = request_text("GET", "/tokens", kAlice);

// `strace -c` on a running authd: calls by name, from its construction to finish().
class SystemCalls {
 public:
  explicit SystemCalls(pid_t pid) : summary_(dir_.write("summary", "")) {
    strace_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{STRACE, "-f", "-c", "-o", summary_, "-p", std::to_string(pid)});
    // It says on standard error that it has attached; standard output stays empty.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!attached() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    if (!attached()) throw std::runtime_error("strace did not attach: " + strace_->everything());
  }

  std::map<std::string, int> finish() {
    strace_->signal(SIGINT); // it detaches and writes the summary
    if (!strace_->await_exit(std::chrono::seconds(20))) throw std::runtime_error("strace did not end");
    std::ifstream file(summary_);
    std::map<std::string, int> calls;
    for (std::string line; std::getline(file, line);) read_row(line, calls);
    return calls;
  }

 private:
  bool attached() const { return strace_->everything().find("attached") != std::string::npos; }

  // "% time  seconds  usecs/call  calls  [errors]  syscall"
  static void read_row(const std::string& line, std::map<std::string, int>& calls) {
    std::istringstream in(line);
    double share = 0, seconds = 0;
    long each = 0;
    int count = 0;
    std::string word, name;
    if (!(in >> share >> seconds >> each >> count)) return;
    while (in >> word) name = word;
    if (name != "total") calls[name] = count;
  }

  TempDir dir_;
  std::string summary_;
  std::unique_ptr<ChildProcess> strace_;
};

int without_polling(const std::map<std::string, int>& calls) {
  int sum = 0;
  for (const auto& [name, count] : calls) sum += name.starts_with("epoll_") ? 0 : count;
  return sum;
}

std::string text_of(const std::map<std::string, int>& calls) {
  std::string out;
  for (const auto& [name, count] : calls) out += name + " " + std::to_string(count) + ", ";
  return out;
}

void expect_no_allocation_and_no_lock(Scene& scene, const CallCounts& counts, const std::string& request) {
  ASSERT_GT(counts.allocations(), 0u) << "the counter is not preloaded";
  HttpConnection connection(scene.port());
  warm_up(connection, request, [&] { return counts.locks(); });
  const std::uint64_t allocations = counts.allocations();
  const std::uint64_t locks = counts.locks();
  ask(connection, request, kRequests);
  EXPECT_EQ(counts.allocations() - allocations, 0u) << "in " << kRequests << " warm tokens";
  EXPECT_EQ(counts.locks() - locks, 0u) << "in " << kRequests << " warm tokens";
}

TEST(WarmPath, ATokenAllocatesNothingAndTakesNoLock) {
  const CallCounts counts;
  Scene scene(one_reactor, {}, counts.environment());
  expect_no_allocation_and_no_lock(scene, counts, kTokenRequest);
}

TEST(WarmPath, WithModulesLoadedATokenAllocatesNothingAndTakesNoLock) {
  const CallCounts counts;
  const auto with_module = [](Settings& settings) {
    one_reactor(settings);
    settings.set_text("endpoint", "plugin", AUTHD_TEST_PLUGINS "/greeter.so");
  };
  Scene scene(with_module, {}, counts.environment());
  ASSERT_EQ(get(scene.port(), "/hello/x").status, 200);
  expect_no_allocation_and_no_lock(scene, counts, kTokenRequest);
}

TEST(WarmPath, WithClaimsFromHeadersATokenAllocatesNothingAndTakesNoLock) {
  const auto with_claims = [](Settings& settings) {
    one_reactor(settings);
    settings.set("jwt", "claims",
                 R"({ tenant = "acme", custom_id = "${header:X-Consumer-Custom-ID}", )"
                 R"(credential = "${header:X-Credential-Identifier}", groups = ["${header:X-Consumer-Groups}"] })");
  };
  const CallCounts counts;
  Scene scene(with_claims, {}, counts.environment());
  Headers headers = kAlice;
  headers.emplace_back("X-Consumer-Custom-ID", std::string(200, 'c'));
  headers.emplace_back("X-Credential-Identifier", "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0");
  headers.emplace_back("X-Consumer-Groups", "developers, operators, administrators");
  const std::string request = request_text("GET", "/tokens", headers);
  expect_no_allocation_and_no_lock(scene, counts, request);
}

TEST(WarmPath, WithALocalRateLimitATokenAllocatesNothingAndTakesNoLock) {
  const auto limited = [](Settings& settings) {
    one_reactor(settings);
    settings.set("rate_limit", "max_requests", "1000000").set("rate_limit", "legacy_headers", "true");
  };
  const CallCounts counts;
  Scene scene(limited, {}, counts.environment());
  expect_no_allocation_and_no_lock(scene, counts, kTokenRequest);
}

TEST(WarmPath, WithTheAuditTrailATokenAllocatesNothingAndTakesOneLock) {
  const CallCounts counts;
  Scene scene(one_reactor_and_audit, {}, counts.environment());
  HttpConnection connection(scene.port());
  Headers headers = kAlice;
  headers.emplace_back("X-Forwarded-For", "203.0.113.66, 198.51.100.9, 127.0.0.2");
  const std::string request = request_text("GET", "/tokens", headers);
  ask(connection, request, 100);
  const std::uint64_t allocations = counts.allocations();
  const std::uint64_t locks = counts.reactor_locks();
  ask(connection, request, kRequests);
  EXPECT_EQ(counts.allocations() - allocations, 0u) << "in " << kRequests << " warm tokens";
  EXPECT_EQ(counts.reactor_locks() - locks, static_cast<std::uint64_t>(kRequests)) << "the log's, for each line";
  scene.authd.child().signal(SIGTERM);
  ASSERT_TRUE(scene.authd.child().await_exit(std::chrono::seconds(30)));
  const auto lines = scene.authd.events("token-issued");
  EXPECT_EQ(lines.size(), 100u + kRequests) << "each has its line, although the writing thread takes them in bunches";
  EXPECT_EQ(lines.back().field("client.address"), "198.51.100.0");
}

TEST(WarmPath, ATokenTakesTwoSystemCallsBesideThePoll) {
  Scene scene(one_reactor);
  HttpConnection connection(scene.port());
  ask(connection, kTokenRequest, 100);
  SystemCalls strace(scene.authd.child().pid());
  ask(connection, kTokenRequest, kRequests);
  const auto calls = strace.finish();
  EXPECT_GE(without_polling(calls), 2 * kRequests) << "not all were seen: " << text_of(calls);
  // Attaching interrupts a call or two, which begin anew.
  EXPECT_LE(without_polling(calls), 2 * kRequests + 10) << text_of(calls);
}

TEST(WarmPath, PipelinedRequestsShareOneReadAndOneWrite) {
  constexpr int kBatch = 4;
  Scene scene(one_reactor);
  HttpConnection connection(scene.port());
  std::string batch;
  for (int i = 0; i < kBatch; ++i) batch += kTokenRequest;
  ask(connection, kTokenRequest, 100);
  SystemCalls strace(scene.authd.child().pid());
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(connection.send(batch));
    for (int i = 0; i < kBatch; ++i) {
      const auto reply = connection.read();
      ASSERT_TRUE(reply && reply->status == 200);
    }
  }
  auto calls = strace.finish();
  EXPECT_GE(calls["sendto"], 100) << text_of(calls);
  EXPECT_LE(calls["sendto"], 101) << text_of(calls);
  EXPECT_LE(calls["recvfrom"], 110) << text_of(calls);
}

} // namespace
} // namespace authd::test
