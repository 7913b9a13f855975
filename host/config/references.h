// SPDX-License-Identifier: Apache-2.0
// "${env:NAME}", "${file:/path}" and "${credential:NAME}": secrets that live elsewhere.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/environment_variables.h"
#include "secrets/secret.h"

namespace authd::config {

// What a configuration is read in.
struct Surroundings {
  const EnvironmentVariables& variables;
  std::filesystem::path folder;          // of authd.toml: where relative paths start
  bool trust_absent_credentials = false; // LoadOptions
};

// The variable's value; an empty one counts as not set.
const std::string* find_variable(const EnvironmentVariables& variables, std::string_view name);

// Does the text hold "${env:", "${file:" or "${credential:", or look like "${word:...}"?
bool is_reference(std::string_view text);

// Is the text one reference and nothing else?
bool is_whole_reference(std::string_view text);

// Is it a whole reference to a credential, and is systemd's folder of them not there to look into?
bool is_absent_credential(std::string_view text, const Surroundings& around);

// What it refers to; one trailing newline of a file is dropped, and 64 KiB is the most a file may hold.
// The error says which variable or file and why, never the content. Text around the reference, an unknown
// scheme, a missing or empty source are errors.
Result<Secret, std::string> resolve(std::string_view reference, const Surroundings& around);

// The whole of a regular file, or why not ("/run/x: Permission denied").
Result<Secret, std::string> read_file(const std::filesystem::path& path, std::size_t most_bytes);

} // namespace authd::config
