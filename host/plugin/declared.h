// SPDX-License-Identifier: Apache-2.0
// What the note of a component says, since ABI 1.3, that it needs, keeps and does: all of it can be read, listed and
// judged before the file runs. See sdk/include/authd/note.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace authd::plugin {

struct DeclaredRoute {
  std::string method;      // "GET"
  std::string path;        // "/clients/{id}"
  std::uint32_t flags = 0; // AUTHD_ROUTE_*
  std::string operation;   // JSON of an object
  bool operator==(const DeclaredRoute&) const = default;
};

struct DeclaredIndex {
  std::string name;
  bool unique = false; // no two living records have the same value
  bool operator==(const DeclaredIndex&) const = default;
};

struct DeclaredRecord {
  std::string name;                   // of the type
  std::vector<DeclaredIndex> indexes; // at most 4
  bool sealed = false;                // the host seals the bodies
  milliseconds max_stale{0};          // 0 to 60,000: how old a copy in the read cache may be; 0: none is kept
  bool operator==(const DeclaredRecord&) const = default;
};

struct Declared {
  std::vector<DeclaredRoute> routes;
  std::vector<std::string> needs;      // ids of services
  std::vector<DeclaredRecord> records; // types, by position
  std::vector<std::string> issues;     // kinds of token: "access", "id", "logout", "introspection", "event"
  std::vector<std::string> emits;      // types of event
  std::vector<std::string> listens;    // types of event
  bool operator==(const Declared&) const = default;

  bool needs_service(std::string_view id) const { return std::find(needs.begin(), needs.end(), id) != needs.end(); }
};

} // namespace authd::plugin
