// SPDX-License-Identifier: Apache-2.0
// What a component of ABI 1.3 says in its note: what it needs, keeps, issues and emits (note.h). A class says it as
//   static constexpr Declaration declares{.records = {{{.name = "invite", .sealed = true}}}, .issues = {"access"}};
// beside its ComponentInfo, whose `needs` go into the note, too.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>


namespace authd::sdk {

struct IndexInfo {
  const char* name = nullptr;
  bool unique = false; // no two living records have the same value
};

// A type of record, see records.h.
struct RecordInfo {
  const char* name = nullptr;
  std::array<IndexInfo, 4> indexes{}; // those with a name
  bool sealed = false;                // the host seals the bodies
  int max_stale_ms = 0;               // 0 to 60,000: how old a copy a read may get
};

struct Declaration {
  std::array<RecordInfo, 32> records{};    // types, by position: those with a name
  std::array<const char*, 8> issues{};     // kinds of token, see tokens.h
  std::array<const char*, 32> emits{};     // types of event
  std::array<const char*, 32> listens{};   // types of event
};

namespace detail {

// Counts when it has no target, so that one function both measures and writes the note's text.
struct NoteText {
  char* to = nullptr;
  std::size_t n = 0;

  constexpr NoteText& put(std::string_view text) {
    for (const char c : text) {
      if (to != nullptr) to[n] = c;
      ++n;
    }
    return *this;
  }
  constexpr NoteText& put_number(unsigned number) {
    if (number >= 10) put_number(number / 10);
    const char digit = static_cast<char>('0' + number % 10);
    return put({&digit, 1});
  }
  constexpr NoteText& member(std::string_view name, std::string_view text) {
    return put("\"").put(name).put("\":\"").put(text).put("\"");
  }
  constexpr NoteText& flag(std::string_view name, bool value) {
    return put("\"").put(name).put("\":").put(value ? "true" : "false");
  }
  // ,"name":["a","b"]: what comes before the first null; nothing when there is none.
  template <class Words>
  constexpr void words(std::string_view name, const Words& all) {
    bool first = true;
    for (const char* word : all) {
      if (word == nullptr) break;
      if (first) put(",\"").put(name).put("\":[");
      put(first ? "\"" : ",\"").put(word).put("\"");
      first = false;
    }
    if (!first) put("]");
  }
};

constexpr void put_record(NoteText& text, const RecordInfo& record) {
  text.put("{").member("name", record.name).put(",").flag("sealed", record.sealed);
  text.put(",\"max_stale\":").put_number(static_cast<unsigned>(record.max_stale_ms)).put(",\"indexes\":[");
  bool first = true;
  for (const IndexInfo& index : record.indexes) {
    if (index.name == nullptr) break;
    text.put(first ? "{" : ",{").member("name", index.name).put(",").flag("unique", index.unique).put("}");
    first = false;
  }
  text.put("]}");
}

// What a class of ABI 1.3 declares: its needs, and `declares` if it has that.
template <class T>
constexpr void put_declaration(NoteText& text) {
  text.words("needs", T::info.needs);
  if constexpr (requires { T::declares; }) {
    const Declaration& all = T::declares;
    text.words("issues", all.issues);
    text.words("emits", all.emits);
    text.words("listens", all.listens);
    if (all.records[0].name == nullptr) return;
    text.put(",\"records\":[");
    for (std::size_t i = 0; i < all.records.size() && all.records[i].name != nullptr; ++i) {
      if (i != 0) text.put(",");
      put_record(text, all.records[i]);
    }
    text.put("]");
  }
}

} // namespace detail
} // namespace authd::sdk
