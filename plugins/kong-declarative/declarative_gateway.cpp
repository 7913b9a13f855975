// SPDX-License-Identifier: Apache-2.0
#include "declarative_gateway.h"

#include <system_error>
#include <utility>

#include "consumer_diff.h"

namespace authd::kong_declarative {
namespace {

// Beyond this it is less work to drop everybody's copies.
constexpr std::size_t kMostNames = 1000;

} // namespace

using sdk::Call;
using sdk::Level;
using sdk::Status;

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

} // namespace authd::kong_declarative
