// SPDX-License-Identifier: Apache-2.0
// authd.records/1 for C++: what a module keeps; see records.h. Its class declares the types (declaration.hpp), and
// names AUTHD_RECORDS_V1 in its needs:
//   records_.apply(call, {{.op = AUTHD_CHANGE_TAKE, .type = kCode, .id = digest},
//                         {.op = AUTHD_CHANGE_INSERT, .type = kFamily, .id = id, .index = {{{"user", user}}}}});
#pragma once

#include <array>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/records.h"
#include "authd/views.hpp"

namespace authd::sdk {

inline constexpr std::int64_t kNeverExpires = std::numeric_limits<std::int64_t>::max();

// [borrowed]
struct IndexValue {
  std::string_view name = {};
  std::string_view value = {};
};

struct Record {
  std::uint32_t type = 0;
  std::string id;
  std::string body;
  std::uint64_t version = 0;
  std::int64_t expires_at_ms = kNeverExpires;
  std::vector<std::pair<std::string, std::string>> index = {}; // name and value
};

// [borrowed]
struct Change {
  std::uint32_t op; // AUTHD_CHANGE_*
  std::uint32_t type;
  std::string_view id = {};
  std::string_view body = {};
  std::int64_t expires_at_ms = kNeverExpires;
  std::uint64_t version = 0;
  std::array<IndexValue, AUTHD_RECORD_MAX_INDEX> index = {}; // those with a name
};

namespace detail {

// Collects what the service puts.
class RecordCollector {
 public:
  RecordCollector() : sink_{sizeof sink_, 0, this, &RecordCollector::put} {}
  RecordCollector(const RecordCollector&) = delete;
  RecordCollector& operator=(const RecordCollector&) = delete;

  const authd_record_sink* abi() const { return &sink_; }
  std::vector<Record>& records() { return records_; }

 private:
  static authd_status put(const authd_record_sink* sink, const authd_record* r) noexcept {
    try {
      Record record{r->type, std::string(view(r->id)), std::string(view(r->body)), r->version, r->expires_at_ms};
      for (std::size_t i = 0; i < r->index_count; ++i)
        record.index.emplace_back(view(r->index[i].name), view(r->index[i].value));
      static_cast<RecordCollector*>(sink->ctx)->records_.push_back(std::move(record));
      return AUTHD_OK;
    } catch (...) {
      return AUTHD_INTERNAL;
    }
  }

  authd_record_sink sink_;
  std::vector<Record> records_;
};

// The same changes as the service takes them.
class WireChanges {
 public:
  explicit WireChanges(std::span<const Change> changes)
      : index_(changes.size()), records_(changes.size()), changes_(changes.size()) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Change& c = changes[i];
      std::size_t n = 0;
      for (const IndexValue& v : c.index)
        if (!v.name.empty()) index_[i][n++] = {raw(v.name), raw_bytes(v.value)};
      records_[i] = {sizeof(authd_record), c.type,          raw_bytes(c.id),   raw_bytes(c.body),
                     c.version,            c.expires_at_ms, index_[i].data(), n};
      changes_[i] = {c.op, 0, &records_[i]};
    }
  }
  WireChanges(const WireChanges&) = delete;
  WireChanges& operator=(const WireChanges&) = delete;

  const authd_change* data() const { return changes_.data(); }
  std::size_t size() const { return changes_.size(); }

 private:
  std::vector<std::array<authd_index, AUTHD_RECORD_MAX_INDEX>> index_;
  std::vector<authd_record> records_;
  std::vector<authd_change> changes_;
};

} // namespace detail

class Records {
 public:
  // What apply did or did not do.
  struct Applied {
    Status status = Status::ok;
    std::size_t failed = 0;         // not ok: the change that was refused; their number: none of them
    std::vector<Record> found = {}; // what takes removed and what updates found, in order

    explicit operator bool() const { return status == Status::ok; }
  };

  explicit Records(const Host& host) : table_(host.service<authd_records_v1>(AUTHD_RECORDS_V1)) {}

  Result<Record> get(Call& call, std::uint32_t type, std::string_view id) const {
    detail::RecordCollector found;
    const auto status = static_cast<Status>(table_->get(table_, call.abi(), type, raw_bytes(id), found.abi()));
    if (status != Status::ok) return status;
    if (found.records().empty()) return Status::internal;
    return std::move(found.records().front());
  }

  // By id, after `after`; an index without a name: every record of the type.
  Result<std::vector<Record>> find(Call& call, std::uint32_t type, const IndexValue& index, std::string_view after = {},
                                   std::uint32_t limit = AUTHD_RECORD_MAX_FOUND, std::uint32_t flags = 0) const {
    detail::RecordCollector found;
    const authd_index wire{raw(index.name), raw_bytes(index.value)};
    const auto status =
        static_cast<Status>(table_->find(table_, call.abi(), type, index.name.empty() ? nullptr : &wire, flags,
                                         raw_bytes(after), limit, found.abi()));
    if (status != Status::ok) return status;
    return std::move(found.records());
  }

  // All or none; durable when it is ok.
  Applied apply(Call& call, std::span<const Change> changes, std::uint32_t flags = 0) const {
    const detail::WireChanges wire(changes);
    detail::RecordCollector found;
    Applied applied;
    applied.status = static_cast<Status>(
        table_->apply(table_, call.abi(), wire.data(), wire.size(), flags, &applied.failed, found.abi()));
    applied.found = std::move(found.records());
    return applied;
  }
  Applied apply(Call& call, std::initializer_list<Change> changes, std::uint32_t flags = 0) const {
    return apply(call, std::span(changes.begin(), changes.size()), flags);
  }

  // The atomic single use.
  Result<Record> take(Call& call, std::uint32_t type, std::string_view id) const {
    Applied applied = apply(call, {{.op = AUTHD_CHANGE_TAKE, .type = type, .id = id}});
    if (!applied) return applied.status;
    if (applied.found.empty()) return Status::internal;
    return std::move(applied.found.front());
  }

 private:
  const authd_records_v1* table_;
};

} // namespace authd::sdk
