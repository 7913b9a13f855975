// SPDX-License-Identifier: Apache-2.0
// A class as a store. See store.h for what each operation means; Store must have:
//   static constexpr ComponentInfo info;            // .needs names AUTHD_CLOCK_V1
//   Store(Host, const Config&, Call&);              // throw InvalidSetting, or call.refuse(...) for each bad setting
//   Status get(Call&, std::string_view type, std::string_view id, StoredSink& out);
//   Status find(Call&, std::string_view type, const StoredSearch&, StoredSink& out);
//   Status apply(Call&, std::span<const StoredChange>, std::uint32_t flags, std::size_t& failed, StoredSink& out);
//   Status scan(Call&, std::string_view after_type, std::string_view after_id, std::uint32_t limit, StoredSink& out);
// and may have:
//   Status check(Call&, ByteSink& report);
//   Status backup(Call&, std::string_view path);
//   Status stats(Call&, authd_store_stats& out);    // zeroed before
//   Status start(Call&);  Status stop(Call&);  Status health(Call&, HealthReport&);
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "authd/component.hpp"
#include "authd/declaration.hpp"
#include "authd/store.h"

namespace authd::sdk {

// [borrowed]
struct StoredIndex {
  std::string_view name = {};
  std::string_view value = {};
  bool unique = false;
};

// [borrowed]
struct StoredRecord {
  std::string_view type = {};
  std::string_view id = {};
  std::string_view body = {};
  std::uint64_t version = 0;
  std::int64_t expires_at_ms = INT64_MAX;
  std::array<StoredIndex, AUTHD_RECORD_MAX_INDEX> index = {};
  std::size_t index_count = 0;

  std::span<const StoredIndex> indexes() const { return {index.data(), index_count}; }
};

struct StoredChange {
  std::uint32_t op = 0;    // AUTHD_CHANGE_*
  std::uint32_t flags = 0; // AUTHD_STORED_*
  StoredRecord record = {};
};

struct StoredSearch {
  std::optional<StoredIndex> index = {}; // without one: every record of the type
  bool prefix = false;
  std::string_view after = {};
  std::uint32_t limit = 0;
};

// Where records go. Anything but Status::ok: give up and return that.
class StoredSink {
 public:
  explicit StoredSink(const authd_stored_sink* sink) : sink_(sink) {}

  Status put(const StoredRecord& r) {
    if (sink_ == nullptr) return Status::ok; // nobody asks
    std::array<authd_stored_index, AUTHD_RECORD_MAX_INDEX> index;
    for (std::size_t i = 0; i < r.index_count; ++i)
      index[i] = {raw(r.index[i].name), raw_bytes(r.index[i].value),
                  r.index[i].unique ? std::uint64_t{AUTHD_INDEX_UNIQUE} : 0};
    const authd_stored_record wire{sizeof wire, 0,         raw(r.type),     raw_bytes(r.id), raw_bytes(r.body),
                                   r.version,   r.expires_at_ms, index.data(), r.index_count};
    return static_cast<Status>(sink_->put(sink_, &wire));
  }

 private:
  const authd_stored_sink* sink_;
};

namespace detail {

inline StoredIndex stored_index_of(const authd_stored_index& i) {
  return {view(i.name), view(i.value), (i.flags & AUTHD_INDEX_UNIQUE) != 0};
}

// Requires at most AUTHD_RECORD_MAX_INDEX values.
inline StoredRecord stored_record_of(const authd_stored_record& r) {
  StoredRecord record{view(r.type), view(r.id), view(r.body), r.version, r.expires_at_ms, {}, r.index_count};
  for (std::size_t i = 0; i < r.index_count; ++i) record.index[i] = stored_index_of(r.index[i]);
  return record;
}

template <class T>
authd_status apply_changes(void* self, const authd_call* call, const authd_stored_change* changes, std::size_t count,
                           std::uint32_t flags, std::size_t* failed, const authd_stored_sink* out) noexcept {
  return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
    std::vector<StoredChange> all(count);
    *failed = count;
    for (std::size_t i = 0; i < count; ++i) {
      if (changes[i].record->index_count > AUTHD_RECORD_MAX_INDEX)
        return c.fail(Status::invalid, "a record has more than 4 index values");
      all[i] = {changes[i].op, changes[i].flags, stored_record_of(*changes[i].record)};
    }
    StoredSink sink(out);
    return t.apply(c, all, flags, *failed, sink);
  });
}

template <class T>
constexpr authd_store_ops store_ops_of() {
  authd_store_ops ops{};
  ops.size = sizeof ops;
  ops.flags = T::info.flags;
  ops.get = [](void* self, const authd_call* call, authd_str type, authd_bytes id,
               const authd_stored_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      StoredSink sink(out);
      return t.get(c, view(type), view(id), sink);
    });
  };
  ops.find = [](void* self, const authd_call* call, authd_str type, const authd_stored_index* index,
                std::uint32_t flags, authd_bytes after, std::uint32_t limit, const authd_stored_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      StoredSearch search{{}, (flags & AUTHD_FIND_PREFIX) != 0, view(after), limit};
      if (index != nullptr) search.index = stored_index_of(*index);
      StoredSink sink(out);
      return t.find(c, view(type), search, sink);
    });
  };
  ops.apply = &apply_changes<T>;
  ops.scan = [](void* self, const authd_call* call, authd_str after_type, authd_bytes after_id, std::uint32_t limit,
                const authd_stored_sink* out) noexcept {
    return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
      StoredSink sink(out);
      return t.scan(c, view(after_type), view(after_id), limit, sink);
    });
  };
  if constexpr (requires { &T::check; })
    ops.check = [](void* self, const authd_call* call, authd_out* report) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status {
        ByteSink sink(c.host(), report);
        return t.check(c, sink);
      });
    };
  if constexpr (requires { &T::backup; })
    ops.backup = [](void* self, const authd_call* call, authd_str path) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.backup(c, view(path)); });
    };
  if constexpr (requires { &T::stats; })
    ops.stats = [](void* self, const authd_call* call, authd_store_stats* out) noexcept {
      return guarded<T>(self, call, [&](T& t, Call& c) -> Status { return t.stats(c, *out); });
    };
  return ops;
}

template <class T>
inline constexpr authd_store_ops store_ops = store_ops_of<T>();

} // namespace detail

template <class Store>
struct StoreComponent {
  static constexpr authd_component component = detail::component_of<Store>(AUTHD_STORE_V1, &detail::store_ops<Store>);
  static constexpr void declare(detail::NoteText& text) { detail::put_declaration<Store>(text); }
};

} // namespace authd::sdk
