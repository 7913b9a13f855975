// SPDX-License-Identifier: Apache-2.0
// A declarative file on disk: reading it whole, and noticing that it is another one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "declarative_parser.h"

namespace authd::kong_declarative {

// What changes whenever a file is written or replaced.
struct FileState {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, modified_ns = 0, changed_ns = 0;

  bool operator==(const FileState&) const = default;
};
std::optional<FileState> state_of(const std::string& path); // symbolic links followed; nothing: not there

// Why a file cannot be used, for operators: "/etc/kong.yml:14: ...; /etc/kong.yml:20: ... (and 3 more)".
struct Unusable {
  std::string why;
};

// At most 64 MiB are read.
std::variant<Parsed, Unusable> load(const std::string& path, const Environment& environment);

} // namespace authd::kong_declarative
