// SPDX-License-Identifier: Apache-2.0
// The gateway adapter over Kong's declarative file: read-only, for DB-less Kong and for trying authd out.
// A file that cannot be used is a failed create; one that comes later is refused, and what was read before
// goes on serving. Of a file that is taken the host learns whose credentials are others now.
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "authd/plugin.hpp"
#include "consumer_index.h"
#include "declarative_file.h"
#include "file_watcher.h"

namespace authd::kong_declarative {
namespace {

using sdk::Call;
using sdk::Level;
using sdk::Status;

// Beyond this it is less work to drop everybody's copies.
constexpr std::size_t kMostNames = 1000;

class DeclarativeGateway {
 public:
  static constexpr sdk::ComponentInfo info{.name = "kong-declarative",
                                           .summary = "Consumers and credentials of Kong's declarative file, read-only",
                                           .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["file"],
  "properties": {
    "file": {
      "type": "string", "format": "path", "minLength": 1,
      "description": "Kong's declarative configuration file, YAML or JSON.",
      "examples": ["/etc/authd/kong.yml"]
    },
    "watch": {
      "type": "boolean", "default": true,
      "description": "Read the file again when it changes."
    }
  }
})"};

  DeclarativeGateway(sdk::Host host, const sdk::Config& config, Call& call);

  Status start(Call& call);
  Status stop(Call& call);
  Status get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out);
  Status resolve(Call& call, std::string_view consumer, sdk::ByteSink& id);
  Status probe(Call& call, sdk::HealthReport& out);

 private:
  using Index = std::shared_ptr<const ConsumerIndex>;
  struct Found {
    Index index; // keeps the consumer
    const Consumer* consumer;
  };

  std::string read_file(); // why it cannot be used, empty when it is in use now
  void file_changed();
  void report_changes(const ConsumerIndex& before, const ConsumerIndex& after) const;
  void watch_folder();
  void use(Index index, std::string trouble);
  Index index() const;
  sdk::Result<Found> find(Call& call, std::string_view consumer) const;
  void log_read(const ConsumerIndex& index, const std::vector<std::size_t>& reference_lines) const;

  const sdk::Host host_;
  const sdk::Consumers consumers_;
  const std::string file_;
  const bool watch_;
  std::optional<FileState> seen_; // of the last read; after create for the watcher's thread only

  mutable std::mutex mutex_; // guards what follows
  Index index_;              // never NULL
  std::string trouble_;      // why the file as it is now cannot be used

  std::unique_ptr<FileWatcher> watcher_; // last: its thread uses all of the above
};

DeclarativeGateway::DeclarativeGateway(sdk::Host host, const sdk::Config& config, Call& call)
    : host_(host), consumers_(host), file_(config.required_string("/file")), watch_(config.boolean("/watch", true)) {
  if (const std::string why = read_file(); !why.empty()) (void)call.refuse("/file", why);
}

Status DeclarativeGateway::start(Call&) {
  if (watch_) watch_folder();
  return Status::ok;
}

Status DeclarativeGateway::stop(Call&) {
  watcher_.reset();
  return Status::ok;
}

void DeclarativeGateway::watch_folder() {
  const auto slash = file_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file_.substr(0, slash + 1);
  try {
    watcher_ = std::make_unique<FileWatcher>(
        folder, FileWatcher::Callbacks{[this] { file_changed(); },
                                       [this](const std::string& why) {
                                         host_.log(Level::warn, "declarative-file-not-watched",
                                                   "changes of the file are not detected: " + why);
                                       }});
  } catch (const std::system_error& e) {
    host_.log(Level::warn, "declarative-file-not-watched",
              std::string("changes of the file are not detected; restart authd after a change: ") + e.what());
  }
}

void DeclarativeGateway::file_changed() {
  if (state_of(file_) == seen_) return;
  const Index before = index();
  const std::string why = read_file();
  if (!why.empty()) host_.log(Level::error, "declarative-file-refused", why + "; the version read before stays in use");
  report_changes(*before, *index());
}

void DeclarativeGateway::report_changes(const ConsumerIndex& before, const ConsumerIndex& after) const {
  const std::vector<std::string> names = changed_names(before, after);
  if (names.size() > kMostNames) return consumers_.all_changed();
  for (const std::string& name : names) consumers_.changed(name);
}

std::string DeclarativeGateway::read_file() {
  seen_ = state_of(file_);
  auto loaded = load(file_, process_environment);
  if (const auto* unusable = std::get_if<Unusable>(&loaded)) {
    use(index(), unusable->why);
    return unusable->why;
  }
  auto& parsed = std::get<Parsed>(loaded);
  const Index fresh = std::make_shared<const ConsumerIndex>(std::move(parsed.index));
  use(fresh, {});
  log_read(*fresh, parsed.reference_lines);
  return {};
}

void DeclarativeGateway::log_read(const ConsumerIndex& index, const std::vector<std::size_t>& references) const {
  host_.log(Level::info, "declarative-file-read",
            file_ + ": " + std::to_string(index.consumers()) + " consumers, " + std::to_string(index.credentials()) +
                " credentials");
  if (references.empty()) return;
  host_.log(Level::warn, "declarative-file-not-for-kong",
            file_ + ":" + std::to_string(references.front()) +
                ": ${{ env }} is filled in by decK and by authd, not by Kong: DB-less Kong cannot load this "
                "file as it is");
}

Status DeclarativeGateway::get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out) {
  const auto found = find(call, consumer);
  if (!found) return found.status();
  for (const Credential& c : found->consumer->credentials) {
    const Status status =
        out.put({.id = c.id, .key = c.key, .algorithm = c.algorithm, .secret = c.secret, .created_at = c.created_at});
    if (status != Status::ok) return status;
  }
  return Status::ok;
}

Status DeclarativeGateway::resolve(Call& call, std::string_view consumer, sdk::ByteSink& id) {
  const auto found = find(call, consumer);
  return found ? id.put(found->consumer->id) : found.status();
}

sdk::Result<DeclarativeGateway::Found> DeclarativeGateway::find(Call& call, std::string_view consumer) const {
  Index all = index();
  const auto number = all->find(consumer);
  if (!number) return call.fail(Status::not_found, "the declarative file has no such consumer");
  const Consumer* which = &all->at(*number);
  return Found{std::move(all), which};
}

Status DeclarativeGateway::probe(Call&, sdk::HealthReport& out) {
  out.endpoint(file_);
  const std::lock_guard lock(mutex_);
  if (!trouble_.empty()) out.degraded(trouble_ + "; the version read before is in use");
  return Status::ok;
}

DeclarativeGateway::Index DeclarativeGateway::index() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

// The index before goes when its last reader does.
void DeclarativeGateway::use(Index index, std::string trouble) {
  const std::lock_guard lock(mutex_);
  index_ = std::move(index);
  trouble_ = std::move(trouble);
}

constexpr sdk::PluginInfo kPlugin{
    .id = "kong-declarative", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace
} // namespace authd::kong_declarative

AUTHD_PLUGIN(authd::kong_declarative::kPlugin,
             authd::sdk::GatewayComponent<authd::kong_declarative::DeclarativeGateway>);
