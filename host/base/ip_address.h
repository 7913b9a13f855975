// SPDX-License-Identifier: Apache-2.0
// An IP address as 17 bytes, without allocations: Poco::Net::IPAddress allocates for each.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace authd {

class IpAddress {
 public:
  struct Text {
    std::array<char, 46> characters{}; // INET6_ADDRSTRLEN
    std::string_view view() const { return characters.data(); }
  };

  IpAddress() = default; // none
  // "192.0.2.1", "2001:db8::1"; no port, no zone, no brackets. An IPv4-mapped one (RFC 4291, section 2.5.5.2: how a
  // dual-stack listener reports an IPv4 peer) is the IPv4 address, here and below.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress of(const sockaddr* address); // none, if of another family

  bool empty() const { return family_ == Family::none; }
  unsigned width() const; // bits: 32, 128, or 0 for none
  // Whether the first `bits` bits of both are the same; false for different families.
  bool shares_prefix(const IpAddress& other, unsigned bits) const;
  IpAddress first_bits(unsigned bits) const; // the others are zero
  IpAddress truncated() const;               // to /24 or /48: a network, no longer a single client
  Text text() const;                         // empty for none
  auto operator<=>(const IpAddress&) const = default;

 private:
  enum class Family : std::uint8_t { none, v4, v6 };
  static IpAddress v4(const void* four_bytes);
  static IpAddress v6(const void* sixteen_bytes);

  std::array<std::uint8_t, 16> bytes_{}; // network order; of IPv4 the first four
  Family family_ = Family::none;
};

// "host:port" of a URL; an IPv6 address is put in brackets (RFC 3986, 3.2.2).
std::string authority(std::string_view host, unsigned port);

} // namespace authd
