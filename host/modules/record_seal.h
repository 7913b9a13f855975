// SPDX-License-Identifier: Apache-2.0
// Bodies of modules' records as they are stored: a byte that says how ('r': as it is, 's': sealed by a key of the type,
// derived from the master keys, and bound to type and id), then the body. So whoever has the master keys can open, and
// seal anew, what it finds, without the notes of the modules. Records of the host's own ("authd/...") have no such
// byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/sealing.h"
#include "secrets/master_keys.h"

namespace authd::modules {

class RecordSeal {
 public:
  // `type`: with its space, "oauth/code".
  RecordSeal(const MasterKeys& keys, std::string_view type)
      : type_(type), sealer_(keys.derive("records", type)), empty_(keys.empty()) {}

  std::string plain(std::string_view body) const;
  // Requires master keys.
  std::string sealed(std::string_view id, std::string_view body) const;
  // None: no master key opens it.
  std::optional<std::string> open(std::string_view id, std::string_view stored) const;

  static bool is_sealed(std::string_view stored) { return stored.starts_with('s'); }
  static bool is_hosts_own(std::string_view type) { return type.starts_with("authd/"); }

 private:
  std::string bound_to(std::string_view id) const;

  const std::string type_;
  const pipeline::Sealer sealer_;
  const bool empty_;
};

} // namespace authd::modules
