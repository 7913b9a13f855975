// SPDX-License-Identifier: Apache-2.0
// May this file become part of authd? Anyone who can write it, or a directory above it, can run code
// as authd's user.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "plugin/refusal.h"

namespace authd::plugin {

// Every user who is in the group, by membership or as their primary group.
using UsersOfGroup = std::function<std::vector<uid_t>(gid_t)>;
std::vector<uid_t> users_of_group(gid_t group); // of the system's account database

struct PluginFile {
  std::string path;                // absolute, symbolic links resolved
  std::string bytes;               // at most 256 MiB
  std::vector<Refusal> violations; // of ownership and permissions, of the file and of each folder
};

// Opens, judges and reads, in that order and through one descriptor, so that what was judged is what was
// read. The error is for a file that cannot be judged at all; violations are the caller's to weigh.
// A folder is judged along the given path and along the resolved one.
Result<PluginFile, Refusal> read_plugin_file(const std::string& path, const UsersOfGroup& users = users_of_group);

std::string sha256_hex(std::string_view bytes); // lower case

} // namespace authd::plugin
