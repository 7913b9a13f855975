// SPDX-License-Identifier: Apache-2.0
// A cache that keeps a copy of its password for good, as no plugin should: what a search for secrets must find.
#include <cstring>
#include <string>

#include <authd/plugin.hpp>

namespace {

using namespace authd::sdk;

constexpr char kSchema[] = R"json({
  "type": "object",
  "properties": {"password": {"type": "string", "x-authd-secret": true, "description": "what is leaked"}},
  "additionalProperties": false
})json";

char* volatile leaked = nullptr;

class Leaking {
 public:
  static constexpr ComponentInfo info{
      .name = "leaks-secret", .summary = "leaks", .schema = kSchema, .flags = AUTHD_CACHE_NONBLOCKING};

  Leaking(Host, const Config& config, Call&) { leaked = ::strdup(std::string(config.string("/password", "")).c_str()); }
  Status get(Call&, std::string_view, ByteSink&) { return Status::not_found; }
  Status get_stale(Call&, std::string_view, ByteSink&) { return Status::not_found; }
  Status set(Call&, std::string_view, std::string_view, milliseconds, milliseconds) { return Status::ok; }
  Status del(Call&, std::string_view) { return Status::not_found; }
  Status clear(Call&, std::string_view) { return Status::ok; }
};

constexpr PluginInfo kPlugin{.id = "org.example.leaks-secret", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, CacheComponent<Leaking>);
