// SPDX-License-Identifier: Apache-2.0
// Everything that is wrong with a configuration, collected so that it can be said at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.h"

namespace authd::config {

// "etc/authd.toml:14:11: breaker.timeout: 50ms is below the minimum of 100ms" or
// "CIRCUIT_BREAKER_TIMEOUT: ..."; one line, what is wrong and what is allowed.
struct Problem {
  std::string line;
};

class Problems {
 public:
  // `file`: as the user named it, empty when there is none.
  explicit Problems(std::string file) : file_(std::move(file)) {}

  // `path`: of the setting ("breaker.timeout"); `message`: what is wrong and what is allowed. Neither
  // may hold a secret.
  void add(const Origin& origin, std::string_view path, std::string_view message);

  // A setting that nothing at its place knows; `hint` says what is known there.
  void add_unknown(const Origin& origin, std::string_view path, std::string_view name, std::string_view hint);
  // Replaces the hint of each unknown setting for which `owner_of` returns something else than "".
  void explain_unknown(const std::function<std::string(std::string_view name)>& owner_of);

  // What does not prevent a start, as "authd.toml:14:11: gateway.admin_token: ...".
  void warn(const Origin& origin, std::string_view path, std::string_view message);
  const std::vector<std::string>& warnings() const { return warnings_; }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  // "etc/authd.toml:14:11", "etc/authd.toml", "CIRCUIT_BREAKER_TIMEOUT", or "" when there is no file.
  std::string where(const Origin& origin) const;
  // The same with the setting's path: "etc/authd.toml:14:11: breaker.timeout".
  std::string place(const Origin& origin, std::string_view path) const;

  // In the order of the file, then what stands nowhere in it, then the environment's.
  std::vector<Problem> in_order() const;

 private:
  struct Entry {
    Origin origin;
    std::string line;
    std::string path = {};
    std::string unknown = {}; // the name
  };

  std::string file_;
  std::vector<Entry> entries_;
  std::vector<std::string> warnings_;
};

} // namespace authd::config
