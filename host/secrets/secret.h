// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace authd {

// Overwrites in a way that the compiler must not remove.
void wipe(void* data, std::size_t size_bytes);

// "https://user:password@host/" -> "https://[redacted]@host/", for each URL in the text.
std::string without_url_credentials(std::string_view text);

// Text, or bytes, that nobody else shall see: in the pages for keys (secrets/key_memory.h), wiped when it is replaced
// or destroyed, and accepted by no printer by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : Secret(Copy{}, value) { wipe(value.data(), value.size()); }
  Secret(const Secret& other) : Secret(Copy{}, other.reveal()) {}
  Secret(Secret&& other) noexcept { swap(other); }
  Secret& operator=(Secret other) noexcept {
    swap(other);
    return *this;
  }
  ~Secret() { clear(); }

  std::string_view reveal() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  void clear();
  bool operator==(const Secret& other) const { return reveal() == other.reveal(); }

 private:
  struct Copy {};
  Secret(Copy, std::string_view value);
  void swap(Secret& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace authd
