// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace authd {

// Overwrites in a way that the compiler must not remove.
void wipe(void* data, std::size_t size_bytes);

// "https://user:password@host/" -> "https://[redacted]@host/", for each URL in the text.
std::string without_url_credentials(std::string_view text);

// A string that is wiped when it is replaced or destroyed and that no printer accepts by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(other.value_) { other.clear(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      clear();
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      value_ = other.value_; // a copy, because a moved short string leaves its bytes behind
      other.clear();
    }
    return *this;
  }
  ~Secret() { clear(); }

  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  void clear() {
    wipe(value_.data(), value_.size());
    value_.clear();
  }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

} // namespace authd
