// SPDX-License-Identifier: Apache-2.0
#include "daemon/storage.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/endpoint.h"
#include "authd/records.h"
#include "authd/services.h"
#include "authd/signer.h"
#include "authd/store.h"
#include "base/random.h"
#include "config/cache_key.h"
#include "daemon/plugin_set.h"
#include "http_client/service.h"
#include "modules/events.h"
#include "pipeline/invalidation_hub.h"
#include "plugin/inspection.h"
#include "plugin/loader.h"

namespace authd::daemon {
namespace {

namespace fs = std::filesystem;

bool has(const config::Config& config, std::string_view kind) {
  const auto uses = config.others.find(kind);
  return uses != config.others.end() && !uses->second.empty();
}

// As its note says; one that cannot be inspected is refused later.
bool needs(const config::Config& config, const config::PluginUse& use, std::string_view service) {
  const std::string path = plugin::plugin_path(use.plugin, config.plugins.dir);
  const auto inspected = plugin::inspect(path, trust_policy(config), pin_for(config, use));
  if (!inspected) return false;
  const auto component = plugin::select_component(*inspected, AUTHD_ENDPOINT_V1, use.plugin);
  return component && (*component)->declared != nullptr && (*component)->declared->needs_service(service);
}

bool a_module_needs(const config::Config& config, std::string_view service) {
  return std::any_of(config.endpoints.begin(), config.endpoints.end(),
                     [&](const config::Endpoint& module) { return needs(config, module, service); });
}

bool needs_store(const config::Config& config) {
  return has(config, AUTHD_SIGNER_V1) || a_module_needs(config, AUTHD_RECORDS_V1);
}

// The first of systemd's state directories, else the folder of authd.toml, else where authd was started.
std::string default_store_path(const config::Config& config) {
  const char* said = std::getenv("STATE_DIRECTORY");
  std::string folder = said != nullptr ? said : "";
  folder.resize(std::min(folder.find(':'), folder.size()));
  const fs::path base = !folder.empty() ? fs::path(folder) : fs::path(config.file).parent_path();
  return (fs::absolute(base.empty() ? fs::path(".") : base) / "authd.db").lexically_normal();
}

config::PluginUse default_store(const config::Config& config) {
  config::PluginUse use;
  use.plugin = "store-sqlite";
  use.name = "store-sqlite";
  config::PluginValue path;
  path.text = Secret(default_store_path(config));
  use.settings.values["/path"] = std::move(path);
  return use;
}

std::string in_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0'); // EVP_EncodeBlock adds a NUL
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(n));
  return text;
}

[[noreturn]] void refuse(const std::string& path, std::string_view what) {
  throw Refused(fmt::format("{}: {}\n", path, what));
}

[[noreturn]] void refuse_with_errno(const std::string& path, std::string_view what) {
  refuse(path, fmt::format("{} ({}); set secrets.master_keys, or let authd's user use the file and its folder", what,
                           std::generic_category().message(errno)));
}

void write_synced(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) refuse_with_errno(path, "the master key cannot be written");
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (whole) return;
  ::unlink(path.c_str());
  errno = error;
  refuse_with_errno(path, "the master key cannot be written");
}

// link(2): of two processes that make it at the same time, both use the one that was there first.
void make_key_file(const std::string& path) {
  std::string bytes(MasterKeys::kBytes, '\0');
  random_bytes(bytes.data(), bytes.size());
  const std::string unfinished = fmt::format("{}.{}", path, ::getpid());
  write_synced(unfinished, in_base64(bytes) + "\n");
  const int linked = ::link(unfinished.c_str(), path.c_str());
  const int error = errno;
  ::unlink(unfinished.c_str());
  errno = error;
  if (linked != 0 && error != EEXIST) refuse_with_errno(path, "the master key cannot be written");
}

Secret key_in(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) refuse_with_errno(path, "the master key cannot be read");
  if ((status.st_mode & 077) != 0) refuse(path, "others may read the master key: chmod 600");
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open()) refuse_with_errno(path, "the master key cannot be read");
  while (text.ends_with('\n')) text.pop_back();
  auto key = config::decode_cache_key(text);
  if (!key)
    refuse(path, "is not a master key, 32 bytes in base64: restore it from a backup, or set secrets.master_keys");
  return std::move(*key);
}

// Production has refused before (config/production.cpp).
void add_master_key(config::Config& config) {
  const std::string path = store_path(config) + ".key";
  if (!fs::exists(path)) {
    make_key_file(path);
    config.warnings.push_back(
        fmt::format("secrets.master_keys: not set, so authd made a key, {}; keep a copy apart from "
                    "the store's backups; production requires the setting",
                    path));
  }
  std::vector<Secret> keys;
  keys.push_back(key_in(path));
  config.master_keys = MasterKeys(std::move(keys));
}

} // namespace

std::string store_path(const config::Config& config) {
  const auto uses = config.others.find(AUTHD_STORE_V1);
  if (uses != config.others.end() && !uses->second.empty()) {
    const auto& values = uses->second.front().settings.values;
    if (const auto path = values.find("/path"); path != values.end()) return std::string(path->second.text.reveal());
  }
  return default_store_path(config);
}

std::string missing_store(const config::Config& config) {
  const auto uses = config.others.find(AUTHD_STORE_V1);
  const bool is_named = uses != config.others.end() && !uses->second.empty();
  if (is_named && !uses->second.front().settings.values.contains("/path")) return {};
  const std::string path = store_path(config);
  return fs::exists(path) ? std::string() : path;
}

void add_storage(config::Config& config) {
  if (!has(config, AUTHD_STORE_V1) && needs_store(config))
    config.others[AUTHD_STORE_V1].push_back(default_store(config));
  const bool seals =
      has(config, AUTHD_STORE_V1) || has(config, AUTHD_SIGNER_V1) || a_module_needs(config, AUTHD_SECRETS_V1);
  if (seals && config.master_keys.empty() && config.environment != config::Environment::production)
    add_master_key(config);
}

MasterKeys master_keys_for_trial(const config::Config& config) {
  if (!config.master_keys.empty() || config.environment == config::Environment::production) return config.master_keys;
  std::vector<Secret> keys;
  try {
    keys.push_back(key_in(store_path(config) + ".key"));
  } catch (const Refused&) { // start says so
    std::string bytes(MasterKeys::kBytes, '\0');
    random_bytes(bytes.data(), bytes.size());
    keys.emplace_back(std::move(bytes));
  }
  return MasterKeys(std::move(keys));
}

struct StoreSession::Surroundings {
  Surroundings(const config::Config& config, modules::CurrentStore& store, Log& log)
      : events(log), records(store, config.master_keys, MovableClock(config.test_clock)),
        tokens(store, MovableClock(config.test_clock), false),
        sources{exchanges, hub, events, store, records, tokens, MovableClock(config.test_clock), config.master_keys} {}

  http_client::HttpService exchanges;
  pipeline::InvalidationHub hub;
  modules::EventBus events;
  modules::RecordSpaces records;
  modules::Tokens tokens;
  const ServiceSources sources;
};

StoreSession::StoreSession(const config::Config& config, Log& log)
    : surroundings_(std::make_unique<Surroundings>(config, current_, log)) {
  const auto uses = config.others.find(AUTHD_STORE_V1);
  if (uses == config.others.end() || uses->second.empty())
    throw Refused("there is no store: nothing in the configuration needs one; add [store] to authd.toml\n");
  const config::PluginUse& use = uses->second.front();
  const plugin::Loader loader(trust_policy(config), plugin_services(surroundings_->sources), log);
  auto instance = loader.load(use, config.plugins.dir, pin_for(config, use), AUTHD_STORE_V1);
  if (!instance) throw Refused(lines_of(instance.error(), use));
  if (const auto started = (*instance)->start(); !started) throw Refused(lines_of(started.error(), use));
  store_ = std::make_shared<const plugin::Store>(std::move(*instance));
  current_.replace(store_);
}

StoreSession::~StoreSession() = default;

} // namespace authd::daemon
