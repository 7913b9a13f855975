// SPDX-License-Identifier: Apache-2.0
// Does what no plugin should, where its settings say: `at` an operation it blocks, crashes, calls exit, ...
// What happens before it is given settings is asked for by AUTHD_TEST_WHILE_LOADING.
#include <csignal>
#include <cstdlib>
#include <string>

#include <authd/plugin.hpp>
#include <unistd.h>

namespace {

using namespace authd::sdk;

constexpr char kSchema[] = R"json({
  "type": "object",
  "properties": {
    "at": {"type": "string", "description": "an operation", "default": "never"},
    "does": {"type": "string", "description": "block, segv, abort, exit, terminate, overflow, hup or await FILE", "default": "nothing"}
  },
  "additionalProperties": false
})json";

[[noreturn]] void block() {
  for (;;) ::pause();
}

void await_file(const std::string& path) {
  while (::access(path.c_str(), F_OK) != 0) ::usleep(1000);
}

void fault() {
  static int* volatile nowhere = reinterpret_cast<int*>(0x1000); // not null, which UBSan would report itself
  *nowhere = 1;                                                  // NOLINT: what the test is about
}

// Uses up the stack of its thread.
[[gnu::noinline]] int overflow(int depth) { // NOLINT
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : overflow(depth + 1) + frame[0];
}

void throw_out_of_noexcept(const std::string& text) noexcept { (void)text.at(text.size()); }

// The line tells a test that it has come so far.
void misbehave(const std::string& what) {
  [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, "misbehaving\n", 12);
  if (what == "block") block();
  if (what == "segv") fault();
  if (what == "abort") std::abort();
  if (what == "exit") std::exit(0);
  if (what == "terminate") throw_out_of_noexcept(what);
  if (what == "overflow") overflow(0);
  if (what == "hup") ::kill(::getpid(), SIGHUP);
  if (what.starts_with("await ")) await_file(what.substr(6));
}

// A constructor and a destructor of a global: run by dlopen and by exit().
struct Global {
  Global() {
    if (const char* what = std::getenv("AUTHD_TEST_WHILE_LOADING")) misbehave(what);
  }
  ~Global() {
    if (const char* what = std::getenv("AUTHD_TEST_WHILE_LEAVING")) misbehave(what);
  }
};
const Global global;

class Plan {
 public:
  explicit Plan(const Config& config) : at_(config.string("/at", "never")), does_(config.string("/does", "nothing")) {}
  void reached(const char* operation) const {
    if (at_ == operation) misbehave(does_);
  }

 private:
  std::string at_;
  std::string does_;
};

// Knows everybody, with one secret.
class MisbehavingGateway {
 public:
  static constexpr ComponentInfo info{.name = "misbehaves", .summary = "a bad gateway", .schema = kSchema};

  MisbehavingGateway(Host, const Config& config, Call&) : plan_(config) { plan_.reached("create"); }
  ~MisbehavingGateway() { plan_.reached("destroy"); }

  Status start(Call&) { return at("start"); }
  Status stop(Call&) { return at("stop"); }
  Status get_secret(Call&, std::string_view, CredentialSink& out) {
    plan_.reached("get_secret");
    return out.put({.id = "1", .key = "k", .algorithm = "HS256", .secret = "0123456789abcdef0123456789abcdef"});
  }
  Status probe(Call&, HealthReport&) { return at("probe"); }

 private:
  Status at(const char* operation) const {
    plan_.reached(operation);
    return Status::ok;
  }
  const Plan plan_;
};

// Holds nothing. Says that it does not block, so it is called on the reactors.
class MisbehavingCache {
 public:
  static constexpr ComponentInfo info{
      .name = "misbehaving-cache", .summary = "a bad tier", .schema = kSchema, .flags = AUTHD_CACHE_NONBLOCKING};

  MisbehavingCache(Host, const Config& config, Call&) : plan_(config) {}

  Status get(Call&, std::string_view, ByteSink&) {
    plan_.reached("get");
    return Status::not_found;
  }
  Status get_stale(Call&, std::string_view, ByteSink&) { return Status::not_found; }
  Status set(Call&, std::string_view, std::string_view, milliseconds, milliseconds) {
    plan_.reached("set");
    return Status::ok;
  }
  Status del(Call&, std::string_view) { return Status::ok; }
  Status clear(Call&, std::string_view) { return Status::ok; }

 private:
  const Plan plan_;
};

constexpr PluginInfo kPlugin{.id = "org.example.misbehaves", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, GatewayComponent<MisbehavingGateway>, CacheComponent<MisbehavingCache>);
