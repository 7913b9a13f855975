// SPDX-License-Identifier: Apache-2.0
#include "plugin/store.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "base/frozen_sizes.h"
#include "config/kinds.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kMaxReport = 1024;

using Failed = authd::Failure<CallFailure>;

// What is wrong with a record that a store put; empty: nothing.
std::string fault_of(const authd_stored_record& r) {
  const std::string_view type = view(r.type), id = view(r.id);
  if (type.empty() || type.size() > AUTHD_RECORD_MAX_TYPE) return "put a record without a type";
  if (id.empty() || id.size() > AUTHD_RECORD_MAX_ID) return fmt::format("put a record of {} without a whole id", type);
  if (view(r.body).size() > AUTHD_STORED_MAX_BODY) return fmt::format("put a record of {} that is too long", type);
  if (r.version == 0) return fmt::format("put a record of {} without a version", type);
  if (r.index_count > AUTHD_RECORD_MAX_INDEX || (r.index_count > 0 && r.index == nullptr))
    return fmt::format("put a record of {} with more than {} index values", type, AUTHD_RECORD_MAX_INDEX);
  return {};
}

Record copied(const authd_stored_record& r) {
  Record record{std::string(view(r.type)), std::string(view(r.id)), std::string(view(r.body)), r.version,
                r.expires_at_ms};
  for (std::size_t i = 0; i < r.index_count; ++i)
    record.index.push_back({std::string(view(r.index[i].name)), std::string(view(r.index[i].value)),
                            (r.index[i].flags & AUTHD_INDEX_UNIQUE) != 0});
  return record;
}

// Takes what the plugin puts; remembers when that was not acceptable, whatever the plugin returns then. `type`: of each
// record; empty: any.
class Collector {
 public:
  Collector(std::string_view type, std::size_t most)
      : sink_{sizeof sink_, 0, this, &Collector::put}, type_(type), most_(most) {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const authd_stored_sink* abi() const { return &sink_; }
  const std::string& fault() const { return fault_; } // the first; empty: all that was put is good
  std::vector<Record>& records() { return records_; }

 private:
  static authd_status put(const authd_stored_sink* sink, const authd_stored_record* r) noexcept try {
    auto& self = *static_cast<Collector*>(sink->ctx);
    if (r == nullptr) return self.refuse("put NULL for a record");
    if (!is_whole(r)) return self.refuse("put a record that is shorter than in ABI 1.3");
    return self.take(known_part(r));
  } catch (...) {
    static_cast<Collector*>(sink->ctx)->fault_ = "out of memory"; // so short that it allocates nothing
    return AUTHD_INTERNAL;
  }

  authd_status take(const authd_stored_record& r) {
    if (records_.size() >= most_) return refuse(fmt::format("put more than {} records", most_));
    if (std::string fault = fault_of(r); !fault.empty()) return refuse(std::move(fault));
    if (!type_.empty() && view(r.type) != type_) return refuse(fmt::format("put a record that is none of {}", type_));
    records_.push_back(copied(r));
    return AUTHD_OK;
  }

  authd_status refuse(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    return AUTHD_INVALID;
  }

  authd_stored_sink sink_;
  const std::string_view type_;
  const std::size_t most_;
  std::vector<Record> records_;
  std::string fault_;
};

// Changes as the ABI has them; the records stay where they are.
class Wire {
 public:
  explicit Wire(std::span<const Change> changes)
      : index_(changes.size()), records_(changes.size()), changes_(changes.size()) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Record& r = changes[i].record;
      for (const IndexValue& v : r.index)
        index_[i].push_back(
            {to_abi(v.name), to_bytes(v.value), v.unique ? std::uint64_t{AUTHD_INDEX_UNIQUE} : std::uint64_t{0}});
      records_[i] = {sizeof(authd_stored_record),
                     0,
                     to_abi(r.type),
                     to_bytes(r.id),
                     to_bytes(r.body),
                     r.version,
                     r.expires_at_ms,
                     index_[i].data(),
                     index_[i].size()};
      changes_[i] = {static_cast<std::uint32_t>(changes[i].op),
                     changes[i].same_version ? std::uint32_t{AUTHD_STORED_SAME_VERSION} : std::uint32_t{0},
                     &records_[i]};
    }
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  const authd_stored_change* data() const { return changes_.data(); }
  std::size_t size() const { return changes_.size(); }

 private:
  std::vector<std::vector<authd_stored_index>> index_;
  std::vector<authd_stored_record> records_;
  std::vector<authd_stored_change> changes_;
};

Failed failure(CallStatus status, std::string why) {
  return Failed(CallFailure{status, 0, milliseconds(0), std::move(why)});
}

// That there is no such record, or that it has changed, is an ordinary answer: it needs no reason.
Failed not_done(Call& call, CallStatus status) {
  const bool ordinary = status == CallStatus::not_found || status == CallStatus::conflict;
  const bool says_why = !call.failure().message.empty();
  CallFailure failure = call.take_failure(status);
  if (ordinary && !says_why) failure.message.clear();
  return Failed(std::move(failure));
}

Result<std::vector<Record>, CallFailure> collected(Call& call, CallStatus status, Collector& collector) {
  if (!collector.fault().empty()) return failure(CallStatus::corrupt, collector.fault());
  if (status != CallStatus::ok) return not_done(call, status);
  return std::move(collector.records());
}

std::size_t found_by(std::span<const Change> changes) {
  return static_cast<std::size_t>(std::count_if(changes.begin(), changes.end(), [](const Change& c) {
    return c.op == Change::Op::take || c.op == Change::Op::update;
  }));
}

} // namespace

Store::Store(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)), ops_(static_cast<const authd_store_ops*>(instance_->component().ops)) {
  if (std::string_view(instance_->component().kind) != AUTHD_STORE_V1 ||
      !config::missing_operation(AUTHD_STORE_V1, ops_).empty())
    throw std::invalid_argument(instance_->name() + " is not a store");
}

const std::string& Store::name() const { return instance_->name(); }

Result<Record, CallFailure> Store::get(Call& call, std::string_view type, std::string_view id) const {
  Collector collector(type, 1);
  const CallStatus status = invoke(instance_->callee(), "get", instance_->redaction(), call, [&] {
    return ops_->get(instance_->self(), call.abi(), to_abi(type), to_bytes(id), collector.abi());
  });
  auto found = collected(call, status, collector);
  if (!found) return Failed(std::move(found.error()));
  if (found->size() != 1 || found->front().id != id)
    return failure(CallStatus::corrupt, "found a record, but did not put it");
  return std::move(found->front());
}

Result<std::vector<Record>, CallFailure> Store::find(Call& call, std::string_view type, const IndexValue& index,
                                                     bool prefix, std::string_view after, std::size_t limit) const {
  const authd_stored_index wanted{to_abi(index.name), to_bytes(index.value), 0};
  Collector collector(type, limit);
  const CallStatus status = invoke(instance_->callee(), "find", instance_->redaction(), call, [&] {
    return ops_->find(instance_->self(), call.abi(), to_abi(type), index.name.empty() ? nullptr : &wanted,
                      prefix ? std::uint32_t{AUTHD_FIND_PREFIX} : std::uint32_t{0}, to_bytes(after),
                      static_cast<std::uint32_t>(limit), collector.abi());
  });
  return collected(call, status, collector);
}

Result<std::vector<Record>, CallFailure> Store::apply(Call& call, std::span<const Change> changes,
                                                      std::size_t* failed) const {
  const Wire wire(changes);
  Collector collector("", found_by(changes));
  std::size_t at = changes.size();
  const CallStatus status = invoke(instance_->callee(), "apply", instance_->redaction(), call, [&] {
    return ops_->apply(instance_->self(), call.abi(), wire.data(), wire.size(), 0, &at, collector.abi());
  });
  if (failed != nullptr) *failed = std::min(at, changes.size());
  auto found = collected(call, status, collector);
  if (found && found->size() != found_by(changes))
    return failure(CallStatus::corrupt, "applied changes, but did not put what they found");
  return found;
}

Result<std::vector<Record>, CallFailure> Store::scan(Call& call, std::string_view after_type, std::string_view after_id,
                                                     std::size_t limit) const {
  Collector collector("", limit);
  const CallStatus status = invoke(instance_->callee(), "scan", instance_->redaction(), call, [&] {
    return ops_->scan(instance_->self(), call.abi(), to_abi(after_type), to_bytes(after_id),
                      static_cast<std::uint32_t>(limit), collector.abi());
  });
  return collected(call, status, collector);
}

Result<std::string, CallFailure> Store::check(Call& call) const {
  if (!AUTHD_HAS(ops_, check)) return failure(CallStatus::unsupported, "this store cannot be checked");
  std::string report;
  authd_out out{report, kMaxReport};
  const CallStatus status = invoke(instance_->callee(), "check", instance_->redaction(), call,
                                   [&] { return ops_->check(instance_->self(), call.abi(), &out); });
  if (status != CallStatus::ok) return not_done(call, status);
  return instance_->redaction().clean(report);
}

Result<void, CallFailure> Store::backup(Call& call, std::string_view path) const {
  if (!AUTHD_HAS(ops_, backup))
    return failure(CallStatus::unsupported, "this store makes no backup itself: use what its server offers");
  const CallStatus status = invoke(instance_->callee(), "backup", instance_->redaction(), call,
                                   [&] { return ops_->backup(instance_->self(), call.abi(), to_abi(path)); });
  if (status != CallStatus::ok) return not_done(call, status);
  return {};
}

Result<StoreStats, CallFailure> Store::stats(Call& call) const {
  if (!AUTHD_HAS(ops_, stats)) return failure(CallStatus::unsupported, "this store has no statistics");
  authd_store_stats raw{};
  raw.size = sizeof raw;
  const CallStatus status = invoke(instance_->callee(), "stats", instance_->redaction(), call,
                                   [&] { return ops_->stats(instance_->self(), call.abi(), &raw); });
  if (status != CallStatus::ok) return not_done(call, status);
  return StoreStats{raw.expired, raw.bytes, raw.batches, raw.commits};
}

} // namespace authd::plugin
