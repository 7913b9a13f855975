// SPDX-License-Identifier: Apache-2.0
// A route of a module as its note declares it: where it is served, how it is described, and what the host does for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "http/operation.h"
#include "http/router.h"
#include "plugin/declared.h"

namespace authd::endpoints {

// How a module's errors look.
enum class Dialect : std::uint8_t {
  problem, // RFC 9457
  oauth,   // RFC 6749, section 5.2
  scim,    // RFC 7644, section 3.12
  html,
};

// Never moves: the description has views of its own texts.
class ModuleOperation {
 public:
  // `instance`: the name of the module. The error says what is wrong with the route.
  static Result<std::unique_ptr<const ModuleOperation>, std::string> read(const plugin::DeclaredRoute& route,
                                                                          const config::Endpoint& settings);
  ModuleOperation(const ModuleOperation&) = delete;
  ModuleOperation& operator=(const ModuleOperation&) = delete;

  const http::Operation& description() const { return description_; }
  const std::string& instance() const { return instance_; }
  std::size_t max_body_bytes() const { return max_body_; } // 0: takes none
  Dialect dialect() const { return dialect_; }
  bool is_of_admin() const { return of_admin_; } // served by the admin listener
  bool has_first_pass() const { return first_pass_; }

 private:
  ModuleOperation() = default;

  std::string instance_;
  std::string path_;
  std::string id_;
  std::string tag_description_;
  std::string summary_;
  std::string json_; // without x-authd
  http::Operation description_;
  std::size_t max_body_ = 65536;
  Dialect dialect_ = Dialect::problem;
  bool of_admin_ = false;
  bool first_pass_ = false;
};

using ModuleOperations = std::vector<std::unique_ptr<const ModuleOperation>>;

// All of one module, in the order of its note. The error has a line for each route that is wrong.
Result<ModuleOperations, std::string> read_operations(const plugin::Declared& declared,
                                                      const config::Endpoint& settings);

// A line for each pair of routes that have the same method and match the same paths, naming both owners. `built_in`:
// the operations of authd itself.
std::vector<std::string> conflicts(std::span<const ModuleOperations* const> modules,
                                   std::span<const http::Operation* const> built_in);

} // namespace authd::endpoints
