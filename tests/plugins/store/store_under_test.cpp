// SPDX-License-Identifier: Apache-2.0
#include "store_under_test.h"

#include <utility>

namespace authd::test {
namespace {

const TestClock& clock_of(const authd_clock_v1* table) { return *reinterpret_cast<const TestClock*>(table); }
std::int64_t wall_ms(const authd_clock_v1* table) noexcept { return clock_of(table).now_ms(); }

std::string text(authd_str s) { return std::string(s.p, s.n); }
std::string text(authd_bytes b) { return std::string(reinterpret_cast<const char*>(b.p), b.n); }

// A record as the ABI has it, with all that it points to.
class WireRecord {
 public:
  explicit WireRecord(const Record& r) {
    for (const Value& v : r.index)
      index_.push_back({str(v.name), bytes(v.value), v.unique ? std::uint64_t{AUTHD_INDEX_UNIQUE} : 0});
    record_ = {sizeof record_, 0, str(r.type), bytes(r.id), bytes(r.body), r.version, r.expires_at_ms, index_.data(),
               index_.size()};
  }
  WireRecord(const WireRecord&) = delete;
  WireRecord& operator=(const WireRecord&) = delete;

  const authd_stored_record* abi() const { return &record_; }

 private:
  std::vector<authd_stored_index> index_;
  authd_stored_record record_{};
};

authd_status put(const authd_stored_sink* sink, const authd_stored_record* r) noexcept {
  Record record{text(r->type), text(r->id), text(r->body), r->version, r->expires_at_ms};
  for (std::size_t i = 0; i < r->index_count; ++i)
    record.index.push_back({text(r->index[i].name), text(r->index[i].value), r->index[i].flags == AUTHD_INDEX_UNIQUE});
  static_cast<std::vector<Record>*>(sink->ctx)->push_back(std::move(record));
  return AUTHD_OK;
}

} // namespace

TestClock::TestClock() : table_{sizeof table_, 0, nullptr, &wall_ms, &wall_ms} {}

StoreUnderTest::StoreUnderTest(Settings settings, TestClock& clock) : settings_(std::move(settings)), clock_(clock) {}

authd_status StoreUnderTest::open() {
  host_ = std::make_unique<PluginHost>(PLUGIN_FILE, settings_);
  host_->offer(AUTHD_CLOCK_V1, clock_.table());
  const authd_status created = host_->create();
  return created == AUTHD_OK ? host_->start() : created;
}

void StoreUnderTest::close() { host_.reset(); }

Outcome StoreUnderTest::collect(
    std::int64_t remaining_ms,
    const std::function<authd_status(const authd_call*, const authd_stored_sink*, std::size_t*)>& use) {
  Outcome outcome;
  TestCall call;
  call.remaining_ms = remaining_ms;
  const authd_stored_sink sink{sizeof sink, 0, &outcome.found, &put};
  outcome.status = use(call.abi(), &sink, &outcome.failed);
  outcome.message = call.message;
  return outcome;
}

Outcome StoreUnderTest::apply(const std::vector<Change>& changes, std::int64_t remaining_ms) {
  std::vector<std::unique_ptr<WireRecord>> records;
  std::vector<authd_stored_change> wire;
  for (const Change& change : changes) {
    records.push_back(std::make_unique<WireRecord>(change.record));
    wire.push_back({change.op, change.flags, records.back()->abi()});
  }
  return collect(remaining_ms, [&](const authd_call* call, const authd_stored_sink* sink, std::size_t* failed) {
    return ops().apply(host_->self(), call, wire.data(), wire.size(), 0, failed, sink);
  });
}

Outcome StoreUnderTest::get(const std::string& type, const std::string& id, std::int64_t remaining_ms) {
  return collect(remaining_ms, [&](const authd_call* call, const authd_stored_sink* sink, std::size_t*) {
    return ops().get(host_->self(), call, str(type), bytes(id), sink);
  });
}

Outcome StoreUnderTest::find(const Search& search, std::int64_t remaining_ms) {
  const authd_stored_index index{str(search.name), bytes(search.value), 0};
  return collect(remaining_ms, [&](const authd_call* call, const authd_stored_sink* sink, std::size_t*) {
    return ops().find(host_->self(), call, str(search.type), search.name.empty() ? nullptr : &index,
                      search.prefix ? AUTHD_FIND_PREFIX : 0, bytes(search.after), search.limit, sink);
  });
}

Outcome StoreUnderTest::scan(const std::string& after_type, const std::string& after_id, std::uint32_t limit) {
  return collect(60'000, [&](const authd_call* call, const authd_stored_sink* sink, std::size_t*) {
    return ops().scan(host_->self(), call, str(after_type), bytes(after_id), limit, sink);
  });
}

std::vector<Record> StoreUnderTest::everything() {
  std::vector<Record> all;
  for (Outcome page = scan(); !page.found.empty(); page = scan(all.back().type, all.back().id))
    all.insert(all.end(), page.found.begin(), page.found.end());
  return all;
}

Outcome StoreUnderTest::check() {
  TestCall call;
  TestOut report;
  const authd_status status = ops().check(host_->self(), call.abi(), report.abi());
  return {status, 0, {}, status == AUTHD_OK ? report.bytes : call.message};
}

Outcome StoreUnderTest::backup(const std::string& path) {
  TestCall call;
  const authd_status status = ops().backup(host_->self(), call.abi(), str(path));
  return {status, 0, {}, call.message};
}

authd_store_stats StoreUnderTest::stats() {
  TestCall call;
  authd_store_stats stats{};
  stats.size = sizeof stats;
  ops().stats(host_->self(), call.abi(), &stats);
  return stats;
}

} // namespace authd::test
