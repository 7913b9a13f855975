// SPDX-License-Identifier: Apache-2.0
// Modules call these through noexcept pointers: nothing may be thrown from here.
#include "modules/records.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "authd/records.h"
#include "authd/store.h"
#include "base/abi_views.h"
#include "base/call.h"
#include "base/frozen_sizes.h"
#include "modules/record_seal.h"

namespace authd::modules {
namespace {

authd_status raw(CallStatus status) { return static_cast<authd_status>(status); }

authd_status fail(const authd_call* call, CallStatus status, std::string why) {
  Call::from_abi(call)->record({status, 0, milliseconds(0), std::move(why)});
  return raw(status);
}

// The host made the call, and not as a constant; only plugins see it as one.
Call& writable(const authd_call* call) { return *const_cast<Call*>(Call::from_abi(call)); }

authd_status failed_with(const authd_call* call, CallFailure failure) {
  const CallStatus status = failure.status;
  Call::from_abi(call)->record(std::move(failure));
  return raw(status);
}

// What a module asked for that no module may ask for; answered with CallStatus::invalid.
struct Misuse {
  std::string why;
};

} // namespace

// One instance's. Its types never change, so only the caches and the store need care between threads.
class RecordService {
 public:
  RecordService(RecordSpaces& spaces, const plugin::ServiceUser& user)
      : table_{sizeof table_, 0, user.host, &get, &find, &apply}, spaces_(spaces) {
    for (const plugin::DeclaredRecord& record : user.declared->records) {
      std::string full = RecordSpaces::full_type(user.instance, record.name);
      auto cache = record.max_stale.count() > 0 ? spaces.cache_of(full) : nullptr;
      types_.push_back({record, full, RecordSeal(spaces.keys_, full), std::move(cache)});
    }
  }
  RecordService(const RecordService&) = delete;
  RecordService& operator=(const RecordService&) = delete;

  const authd_records_v1* table() const { return &table_; }

 private:
  struct Type {
    plugin::DeclaredRecord declared;
    std::string full;
    RecordSeal seal;
    std::shared_ptr<RecordCache> cache; // null: no copy may be used
  };

  static const RecordService& of(const authd_records_v1* table) {
    return *reinterpret_cast<const RecordService*>(table);
  }

  const Type& type_at(std::uint32_t position) const {
    if (position >= types_.size()) throw Misuse{fmt::format("declares no type of record at position {}", position)};
    const Type& type = types_[position];
    if (type.full.size() > AUTHD_RECORD_MAX_TYPE)
      throw Misuse{fmt::format("the names of the instance and of the type, {}, are longer than {} together", type.full,
                               AUTHD_RECORD_MAX_TYPE)};
    return type;
  }

  static std::string checked_id(const Type& type, authd_bytes id) {
    if (id.n == 0 || id.n > AUTHD_RECORD_MAX_ID)
      throw Misuse{fmt::format("the id of a {} has {} bytes; 1 to {} are allowed", type.declared.name, id.n,
                               AUTHD_RECORD_MAX_ID)};
    return std::string(view(id));
  }

  static IndexValue checked_index(const Type& type, const authd_index& given, bool may_be_empty) {
    const std::string_view name = view(given.name), value = view(given.value);
    const auto& all = type.declared.indexes;
    const auto declared = std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.name == name; });
    if (declared == all.end()) throw Misuse{fmt::format("a {} has no index \"{}\"", type.declared.name, name)};
    if ((value.empty() && !may_be_empty) || value.size() > AUTHD_RECORD_MAX_VALUE)
      throw Misuse{fmt::format("a value of the index {} of a {} has {} bytes; 1 to {} are allowed", name,
                               type.declared.name, value.size(), AUTHD_RECORD_MAX_VALUE)};
    return {std::string(name), std::string(value), declared->unique};
  }

  static std::vector<IndexValue> checked_indexes(const Type& type, const authd_record& record) {
    if (record.index_count > AUTHD_RECORD_MAX_INDEX || (record.index_count > 0 && record.index == nullptr))
      throw Misuse{fmt::format("a {} has more than {} index values", type.declared.name, AUTHD_RECORD_MAX_INDEX)};
    std::vector<IndexValue> values;
    for (std::size_t i = 0; i < record.index_count; ++i) {
      values.push_back(checked_index(type, record.index[i], false));
      for (std::size_t k = 0; k < i; ++k)
        if (values[k].name == values[i].name)
          throw Misuse{fmt::format("a {} has two values of the index {}", type.declared.name, values[i].name)};
    }
    return values;
  }

  std::string stored_body(const Type& type, const std::string& id, authd_bytes body) const {
    if (body.n > AUTHD_RECORD_MAX_BODY)
      throw Misuse{fmt::format("the body of a {} has {} bytes; {} are allowed", type.declared.name, body.n,
                               AUTHD_RECORD_MAX_BODY)};
    if (!type.declared.sealed) return type.seal.plain(view(body));
    if (spaces_.keys_.empty())
      throw Misuse{
          fmt::format("a {} is sealed, and there are no master keys: set secrets.master_keys", type.declared.name)};
    return type.seal.sealed(id, view(body));
  }

  // As the store has it. Of a change that needs no more than the id, there is no more.
  Change checked_change(const authd_change& given) const {
    if (given.op < AUTHD_CHANGE_INSERT || given.op > AUTHD_CHANGE_EXPECT)
      throw Misuse{fmt::format("there is no change {}", given.op)};
    if (given.flags != 0) throw Misuse{fmt::format("a change has the unknown flags {:#x}", given.flags)};
    if (!is_whole(given.record)) throw Misuse{"a change has no whole record"};
    const authd_record record = known_part(given.record);
    const Type& type = type_at(record.type);
    Change change{static_cast<Change::Op>(given.op), {type.full, "", "", record.version, record.expires_at_ms}};
    if (change.op == Change::Op::remove_by) {
      change.record.index = checked_indexes(type, record);
      if (change.record.index.size() != 1) throw Misuse{"to remove by an index takes exactly one index value"};
      return change;
    }
    change.record.id = checked_id(type, record.id);
    const bool writes = given.op <= AUTHD_CHANGE_PUT;
    if (writes) change.record.index = checked_indexes(type, record);
    if (writes) change.record.body = stored_body(type, change.record.id, record.body);
    return change;
  }

  std::vector<Change> checked_changes(const authd_change* changes, std::size_t count, std::size_t& at) const {
    if (count == 0 || count > AUTHD_RECORD_MAX_CHANGES || changes == nullptr)
      throw Misuse{fmt::format("{} changes at once; 1 to {} are allowed", count, AUTHD_RECORD_MAX_CHANGES)};
    std::vector<Change> checked;
    for (at = 0; at < count; ++at) checked.push_back(checked_change(changes[at]));
    return checked;
  }

  const Type& type_named(std::string_view full) const {
    return *std::find_if(types_.begin(), types_.end(), [&](const Type& t) { return t.full == full; });
  }

  // With its body as the module wrote it. None: it cannot be opened.
  std::optional<Record> opened(Record record) const {
    auto body = type_named(record.type).seal.open(record.id, record.body);
    if (!body) return std::nullopt;
    record.body = std::move(*body);
    return record;
  }

  static authd_status cannot_open(const authd_call* call, const Record& record) {
    return fail(call, CallStatus::corrupt,
                fmt::format("no master key opens a record of {}: put the key that sealed it back into "
                            "secrets.master_keys",
                            record.type));
  }

  authd_status put(const authd_record_sink* out, const Record& record) const {
    if (!AUTHD_HAS(out, put)) return AUTHD_INVALID;
    std::vector<authd_index> index;
    for (const IndexValue& v : record.index) index.push_back({to_abi(v.name), to_bytes(v.value)});
    const auto position = static_cast<std::uint32_t>(&type_named(record.type) - types_.data());
    const authd_record wire{sizeof wire,           position,       to_bytes(record.id),
                            to_bytes(record.body), record.version, record.expires_at_ms,
                            index.data(),          index.size()};
    return out->put(out, &wire);
  }

  authd_status put_all(const authd_call* call, const authd_record_sink* out, std::vector<Record> records) const {
    for (Record& record : records) {
      const auto whole = opened(record);
      if (!whole) return cannot_open(call, record);
      if (const authd_status status = put(out, *whole); status != AUTHD_OK) return status;
    }
    return AUTHD_OK;
  }

  bool lives(const Record& record) const { return record.expires_at_ms > unix_millis(spaces_.clock_.wall()); }

  authd_status get_from_store(const authd_call* call, const Type& type, const std::string& id,
                              const authd_record_sink* out) const {
    const std::uint64_t epoch = type.cache != nullptr ? type.cache->epoch() : 0;
    const SteadyTime read_at = spaces_.clock_.steady();
    auto found = spaces_.store_.get(writable(call), type.full, id);
    if (!found) return failed_with(call, std::move(found.error()));
    auto whole = opened(*found);
    if (!whole) return cannot_open(call, *found);
    const auto copy = std::make_shared<const Record>(std::move(*whole));
    if (type.cache != nullptr) type.cache->put(copy, read_at, epoch);
    return put(out, *copy);
  }

  // Before the change is answered, so that who made it never reads what was before; whether or not it succeeded,
  // because one that timed out may have happened.
  void drop_copies(const std::vector<Change>& changes) const {
    for (const Change& change : changes) {
      const Type& type = type_named(change.record.type);
      if (type.cache == nullptr || change.op == Change::Op::expect) continue;
      if (change.op == Change::Op::remove_by)
        type.cache->drop_all();
      else
        type.cache->drop(change.record.id);
    }
  }

  template <class Body>
  static authd_status guarded(const authd_call* call, Body body) noexcept {
    if (call == nullptr) return AUTHD_INVALID;
    try {
      return body();
    } catch (const Misuse& misuse) {
      return fail(call, CallStatus::invalid, misuse.why);
    } catch (const std::exception& e) {
      return fail(call, CallStatus::internal, e.what());
    }
  }

  static authd_status get(const authd_records_v1* table, const authd_call* call, std::uint32_t position, authd_bytes id,
                          const authd_record_sink* out) noexcept {
    return guarded(call, [&]() -> authd_status {
      const RecordService& self = of(table);
      const Type& type = self.type_at(position);
      const std::string wanted = checked_id(type, id);
      if (type.cache != nullptr) {
        const auto copy = type.cache->get(wanted, self.spaces_.clock_.steady(), type.declared.max_stale);
        if (copy != nullptr && self.lives(*copy)) return self.put(out, *copy);
      }
      if (Call::from_abi(call)->first_pass()) return AUTHD_WOULD_BLOCK;
      return self.get_from_store(call, type, wanted, out);
    });
  }

  static authd_status find(const authd_records_v1* table, const authd_call* call, std::uint32_t position,
                           const authd_index* index, std::uint32_t flags, authd_bytes after, std::uint32_t limit,
                           const authd_record_sink* out) noexcept {
    return guarded(call, [&]() -> authd_status {
      const RecordService& self = of(table);
      const Type& type = self.type_at(position);
      if (limit == 0 || limit > AUTHD_RECORD_MAX_FOUND)
        throw Misuse{fmt::format("a limit of {} records; 1 to {} are allowed", limit, AUTHD_RECORD_MAX_FOUND)};
      if ((flags & ~std::uint32_t{AUTHD_FIND_PREFIX}) != 0)
        throw Misuse{fmt::format("a search has the unknown flags {:#x}", flags)};
      const bool prefix = (flags & AUTHD_FIND_PREFIX) != 0;
      const IndexValue wanted = index != nullptr ? checked_index(type, *index, prefix) : IndexValue{};
      if (Call::from_abi(call)->first_pass()) return AUTHD_WOULD_BLOCK;
      auto found = self.spaces_.store_.find(writable(call), type.full, wanted, prefix, view(after), limit);
      if (!found) return failed_with(call, std::move(found.error()));
      return self.put_all(call, out, std::move(*found));
    });
  }

  static authd_status apply(const authd_records_v1* table, const authd_call* call, const authd_change* changes,
                            std::size_t count, std::uint32_t flags, std::size_t* failed,
                            const authd_record_sink* out) noexcept {
    return guarded(call, [&]() -> authd_status {
      const RecordService& self = of(table);
      std::size_t ignored = 0;
      std::size_t& at = failed != nullptr ? *failed : ignored;
      at = count;
      if ((flags & ~std::uint32_t{AUTHD_APPLY_RELAXED}) != 0)
        throw Misuse{fmt::format("changes have the unknown flags {:#x}", flags)};
      const std::vector<Change> checked = self.checked_changes(changes, count, at);
      if (Call::from_abi(call)->first_pass()) return AUTHD_WOULD_BLOCK;
      auto found = self.spaces_.store_.apply(writable(call), checked, &at);
      self.drop_copies(checked);
      if (!found) return failed_with(call, std::move(found.error()));
      return out != nullptr ? self.put_all(call, out, std::move(*found)) : AUTHD_OK;
    });
  }

  const authd_records_v1 table_; // first: a pointer to it is one to this
  RecordSpaces& spaces_;
  std::vector<Type> types_; // by position
};

std::shared_ptr<const void> RecordSpaces::service_for(const plugin::ServiceUser& user) {
  static const plugin::Declared kNothing;
  plugin::ServiceUser known = user;
  if (known.declared == nullptr) known.declared = &kNothing;
  const auto made = std::make_shared<RecordService>(*this, known);
  return {made, made->table()};
}

std::string RecordSpaces::full_type(std::string_view instance, std::string_view type) {
  std::string full;
  if (instance == "authd") return std::string("%61uthd/").append(type); // "authd" is the host's own
  for (const char c : instance) {
    if (c > ' ' && c <= '~' && c != '/' && c != '%')
      full += c;
    else
      full += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return full.append("/").append(type);
}

std::shared_ptr<RecordCache> RecordSpaces::cache_of(const std::string& full_type) {
  const std::lock_guard lock(mutex_);
  auto& cache = caches_[full_type];
  if (cache == nullptr) cache = std::make_shared<RecordCache>();
  return cache;
}

} // namespace authd::modules
