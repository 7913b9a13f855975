// SPDX-License-Identifier: Apache-2.0
// How what a request said of people and machines may stand in a log: cut, and as far as telemetry.hash_user_names and
// telemetry.truncate_addresses want it, made less telling. Allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/ip_address.h"
#include "config/config.h"

namespace authd::telemetry {

// At most `bytes` of it, cut between two characters of UTF-8.
std::string_view cut(std::string_view text, std::size_t bytes);

// Why something failed, in a line: Kong's words may be a page of HTML.
inline constexpr std::size_t kMessageBytes = 512;

class Shown {
 public:
  // A name, or its digest: enough to follow one user through the log, too little to tell who it is.
  class Name {
   public:
    std::string_view view() const { return is_digest_ ? std::string_view(digest_.data(), digest_.size()) : name_; }

   private:
    friend class Shown;
    std::string_view name_;
    std::array<char, 16> digest_{};
    bool is_digest_ = false;
  };

  explicit Shown(const config::Telemetry& telemetry)
      : hashes_names_(telemetry.hash_user_names), truncates_addresses_(telemetry.truncate_addresses) {}

  // What is accepted is no longer than pipeline::kMaxIdentityBytes; what is refused may be as long as a header.
  Name user_name(std::string_view name) const;
  // An id is shown as it is, unless it is none that Kong made: then it is a name.
  Name user_id(std::string_view id) const;
  IpAddress::Text address(const IpAddress& address) const;

 private:
  const bool hashes_names_;
  const bool truncates_addresses_;
};

} // namespace authd::telemetry
