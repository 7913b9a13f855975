// SPDX-License-Identifier: Apache-2.0
// The small services of ABI 1.3 for C++; see services.h. A class that uses one names it in its `needs`.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "authd/services.h"
#include "authd/views.hpp"

namespace authd::sdk {

namespace detail {

// What a service puts, once.
struct Put {
  authd_sink sink{sizeof sink, 0, this, [](const authd_sink* self, authd_bytes bytes) noexcept {
                    try {
                      static_cast<Put*>(self->ctx)->text = view(bytes);
                      return static_cast<authd_status>(AUTHD_OK);
                    } catch (...) {
                      return static_cast<authd_status>(AUTHD_INTERNAL);
                    }
                  }};
  std::string text{};
};

template <class Table>
const Table* required_service(const Host& host, const char* id) {
  const Table* table = host.service<Table>(id);
  if (table == nullptr) throw std::runtime_error("this host has no " + std::string(id));
  return table;
}

} // namespace detail

class Clock {
 public:
  explicit Clock(const Host& host) : table_(detail::required_service<authd_clock_v1>(host, AUTHD_CLOCK_V1)) {}
  std::int64_t wall_ms() const { return table_->wall_ms(table_); }
  std::int64_t steady_ms() const { return table_->steady_ms(table_); }

 private:
  const authd_clock_v1* table_;
};

class Random {
 public:
  explicit Random(const Host& host) : table_(detail::required_service<authd_random_v1>(host, AUTHD_RANDOM_V1)) {}

  // At most 4,096. Throws std::runtime_error when the generator has no entropy.
  std::string bytes(std::size_t count) const {
    std::string drawn(count, '\0');
    if (table_->bytes(table_, drawn.data(), drawn.size()) != AUTHD_OK) throw std::runtime_error("no entropy");
    return drawn;
  }
  // `count` bytes as lower-case hexadecimal digits.
  std::string hex(std::size_t count) const {
    std::string text;
    for (const unsigned char b : bytes(count)) (text += "0123456789abcdef"[b >> 4]) += "0123456789abcdef"[b & 15];
    return text;
  }

 private:
  const authd_random_v1* table_;
};

class Secrets {
 public:
  explicit Secrets(const Host& host) : table_(detail::required_service<authd_secrets_v1>(host, AUTHD_SECRETS_V1)) {}

  Result<std::string> seal(Call& call, std::string_view purpose, std::string_view plain) const {
    return put([&](const authd_sink* to) {
      return table_->seal(table_, call.abi(), raw(purpose), raw_bytes(plain), to);
    });
  }
  // Status::corrupt: it was not sealed for this instance and purpose, or by none of the keys that there are now.
  Result<std::string> open(Call& call, std::string_view purpose, std::string_view sealed) const {
    return put([&](const authd_sink* to) {
      return table_->open(table_, call.abi(), raw(purpose), raw_bytes(sealed), to);
    });
  }
  // SHA-256, 32 bytes: the id of a record for a secret of at least 128 random bits.
  std::string digest(std::string_view of) const {
    std::array<std::uint8_t, 32> sum{};
    table_->digest(table_, raw_bytes(of), sum.data());
    return {reinterpret_cast<const char*>(sum.data()), sum.size()};
  }
  // HMAC-SHA-256, 32 bytes.
  Result<std::string> mac(Call& call, std::string_view purpose, std::string_view of) const {
    std::array<std::uint8_t, 32> tag{};
    const auto status = static_cast<Status>(table_->mac(table_, call.abi(), raw(purpose), raw_bytes(of), tag.data()));
    if (status != Status::ok) return status;
    return std::string(reinterpret_cast<const char*>(tag.data()), tag.size());
  }

 private:
  template <class Use>
  static Result<std::string> put(Use use) {
    detail::Put taken;
    const auto status = static_cast<Status>(use(&taken.sink));
    if (status != Status::ok) return status;
    return std::move(taken.text);
  }

  const authd_secrets_v1* table_;
};

class Events {
 public:
  explicit Events(const Host& host) : table_(detail::required_service<authd_events_v1>(host, AUTHD_EVENTS_V1)) {}

  // After what it tells of is durable. Status::would_block on a first pass.
  Status emit(Call& call, std::string_view type, std::string_view subject, std::string_view json = "{}") const {
    return static_cast<Status>(table_->emit(table_, call.abi(), raw(type), raw(subject), raw_bytes(json)));
  }

 private:
  const authd_events_v1* table_;
};

} // namespace authd::sdk
