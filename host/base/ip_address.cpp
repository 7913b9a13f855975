// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace authd {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kTruncatedV4 = 24;
constexpr unsigned kTruncatedV6 = 48;

} // namespace

IpAddress IpAddress::v4(const void* four_bytes) {
  IpAddress address;
  std::memcpy(address.bytes_.data(), four_bytes, 4);
  address.family_ = Family::v4;
  return address;
}

IpAddress IpAddress::v6(const void* sixteen_bytes) {
  if (std::memcmp(sixteen_bytes, kMapped.data(), kMapped.size()) == 0) {
    return v4(static_cast<const std::uint8_t*>(sixteen_bytes) + kMapped.size());
  }
  IpAddress address;
  std::memcpy(address.bytes_.data(), sixteen_bytes, 16);
  address.family_ = Family::v6;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  Text copy; // inet_pton needs a NUL-terminated text
  if (text.size() >= copy.characters.size() || text.find('\0') != text.npos) return std::nullopt;
  text.copy(copy.characters.data(), text.size());
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, copy.characters.data(), bytes.data()) == 1) return v4(bytes.data());
  if (::inet_pton(AF_INET6, copy.characters.data(), bytes.data()) == 1) return v6(bytes.data());
  return std::nullopt;
}

IpAddress IpAddress::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) return v4(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
  if (address->sa_family == AF_INET6) return v6(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  return {};
}

unsigned IpAddress::width() const {
  switch (family_) {
  case Family::none:
    return 0;
  case Family::v4:
    return 32;
  case Family::v6:
    return 128;
  }
  return 0;
}

IpAddress IpAddress::first_bits(unsigned bits) const {
  IpAddress prefix = *this;
  for (unsigned i = 0; i < prefix.bytes_.size(); ++i) {
    const unsigned kept = std::clamp(bits, 8 * i, 8 * (i + 1)) - 8 * i;
    prefix.bytes_[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
  }
  return prefix;
}

bool IpAddress::shares_prefix(const IpAddress& other, unsigned bits) const {
  return family_ == other.family_ && first_bits(bits) == other.first_bits(bits);
}

IpAddress IpAddress::truncated() const { return first_bits(family_ == Family::v4 ? kTruncatedV4 : kTruncatedV6); }

IpAddress::Text IpAddress::text() const {
  Text text;
  if (empty()) return text;
  const int family = family_ == Family::v4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, bytes_.data(), text.characters.data(), static_cast<socklen_t>(text.characters.size()));
  return text;
}

std::string authority(std::string_view host, unsigned port) {
  const bool ipv6 = host.find(':') != std::string_view::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

} // namespace authd
