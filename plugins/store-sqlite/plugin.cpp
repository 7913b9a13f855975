// SPDX-License-Identifier: Apache-2.0
// The store "store-sqlite": SqliteStore behind authd.store/1.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "authd/plugin.hpp"
#include "authd/services.h"
#include "authd/store.hpp"
#include "schema.h"
#include "sqlite_store.h"

namespace {

using namespace authd::sdk;
using authd::store_sqlite::Expected;
using authd::store_sqlite::Fault;
using authd::store_sqlite::SqliteStore;

constexpr milliseconds kLongestOpening{8000}; // of the ten seconds that start has

class SqliteComponent {
 public:
  static constexpr ComponentInfo info{.name = "store-sqlite",
                                      .summary = "Keeps records in one SQLite file, for one machine",
                                      .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["path"],
  "properties": {
    "path": {
      "type": "string", "format": "path", "minLength": 1, "x-authd-reload": false,
      "description": "The file; it is made (0600) if there is none. On a local disk, in a folder that authd's user may write.",
      "examples": ["/var/lib/authd/authd.db"]
    },
    "max_size": {
      "type": "integer", "x-authd-unit": "bytes", "minimum": 0, "default": 0, "x-authd-reload": false,
      "description": "How large the file may become; 0: as large as the disk allows. What does not fit is refused, as on a full disk."
    }
  }
})",
                                      .needs = {AUTHD_CLOCK_V1}};

  SqliteComponent(Host host, const Config& config, Call&)
      : host_(host),
        clock_(host.service<authd_clock_v1>(AUTHD_CLOCK_V1)), options_{std::string(config.required_string("/path")),
                                                                       config.integer("/max_size", 0)} {
    if (clock_ == nullptr) throw std::invalid_argument("needs a host with the service authd.clock/1");
    if (!options_.path.starts_with('/')) throw InvalidSetting("/path", "must be an absolute path");
  }

  Status start(Call& call) {
    const auto until = std::chrono::steady_clock::now() + std::min(call.remaining(), kLongestOpening);
    auto opened = SqliteStore::open(
        options_, [clock = clock_] { return clock->wall_ms(clock); },
        [host = host_](const Fault& f) { report(host, f); },
        [until] { return std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()); });
    if (!opened) return failed(call, opened.error());
    store_ = std::move(*opened);
    const std::string warning = authd::store_sqlite::warning_about(options_.path);
    if (!warning.empty()) call.log(Level::warn, "store-readable", warning);
    return Status::ok;
  }

  Status stop(Call&) {
    store_.reset();
    return Status::ok;
  }

  Status get(Call& call, std::string_view type, std::string_view id, StoredSink& out) {
    return done(call, store_->get(type, id, remaining(call), put_into(out)));
  }

  Status find(Call& call, std::string_view type, const StoredSearch& search, StoredSink& out) {
    return done(call, store_->find(type, search, remaining(call), put_into(out)));
  }

  Status scan(Call& call, std::string_view after_type, std::string_view after_id, std::uint32_t limit,
              StoredSink& out) {
    return done(call, store_->scan(after_type, after_id, limit, remaining(call), put_into(out)));
  }

  // AUTHD_APPLY_RELAXED permits less than what it gets: everything goes into the same file, synced.
  Status apply(Call& call, std::span<const StoredChange> changes, std::uint32_t, std::size_t& failed_at,
               StoredSink& out) {
    const auto applied = store_->apply(changes, remaining(call));
    failed_at = applied.failed;
    if (applied.fault.status != Status::ok) return failed(call, applied.fault);
    for (const auto& record : applied.found)
      if (const Status status = out.put(record.view()); status != Status::ok) return status;
    return Status::ok;
  }

  Status check(Call& call, ByteSink& report) {
    const auto records = store_->check(remaining(call));
    if (!records) return failed(call, records.error());
    return report.put(options_.path + ": " + std::to_string(*records) + " records, " + std::to_string(store_->bytes()) +
                      " bytes: whole");
  }

  Status backup(Call& call, std::string_view path) {
    return done(call, store_->backup(std::string(path), remaining(call)));
  }

  Status stats(Call& call, authd_store_stats& out) {
    const auto expired = store_->count_expired(remaining(call));
    if (!expired) return failed(call, expired.error());
    const auto counts = store_->counts();
    out.expired = *expired;
    out.bytes = store_->bytes();
    out.batches = counts.batches;
    out.commits = counts.commits;
    return Status::ok;
  }

  Status health(Call&, HealthReport& report) {
    report.endpoint(options_.path);
    if (const Fault outage = store_->last_outage(); outage.status != Status::ok) report.down(outage.message);
    return Status::ok;
  }

 private:
  static authd::store_sqlite::Remaining remaining(const Call& call) {
    return [&call] { return call.remaining(); };
  }
  static SqliteStore::Put put_into(StoredSink& out) {
    return [&out](const StoredRecord& record) { return out.put(record); };
  }
  static Status failed(const Call& call, const Fault& fault) {
    return fault.message.empty() ? fault.status : call.fail(fault.status, fault.message);
  }
  static Status done(const Call& call, const Expected<void>& outcome) {
    return outcome ? Status::ok : failed(call, outcome.error());
  }
  static void report(const Host& host, const Fault& fault) {
    if (fault.status == Status::ok)
      host.log(Level::info, "store-recovered", "what was written is durable again");
    else
      host.log(Level::error, "store-failed", fault.message);
  }

  const Host host_;
  const authd_clock_v1* const clock_;
  const SqliteStore::Options options_;
  std::unique_ptr<SqliteStore> store_; // from start to stop
};

constexpr PluginInfo kPlugin{.id = "store-sqlite", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, StoreComponent<SqliteComponent>);
