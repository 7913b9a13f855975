// SPDX-License-Identifier: Apache-2.0
// The folder with the keys' files, NAME.key each. Nobody but the user that runs authd may read either.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret.h"

namespace authd::signer_file {

// The message says what, where and how to correct it, without a secret.
struct FolderError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class KeyFolder {
 public:
  explicit KeyFolder(std::string path) : path_(std::move(path)) {}

  bool exists() const;
  void make() const;                      // unless it exists; of mode 0700
  void check() const;                     // throws when others may read it, or when it cannot be read or written
  std::vector<std::string> names() const; // of keys, without ".key", sorted
  Secret read(std::string_view name) const;
  // Durable when it returns, or it throws; never half a file under that name.
  void write(std::string_view name, const Secret& text) const;
  void remove(std::string_view name) const; // also when there is none
  std::string file_of(std::string_view name) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

} // namespace authd::signer_file
