// SPDX-License-Identifier: Apache-2.0
#include "config/formats.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include "config/cache_key.h"
#include "config/printing.h"

namespace authd::config {
namespace {

using Poco::Net::IPAddress;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Also in the brackets that a URL puts around IPv6.
std::optional<IPAddress> address_in(std::string_view host) {
  if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  IPAddress address;
  if (IPAddress::tryParse(std::string(host), address)) return address;
  return host == "::" ? std::optional(IPAddress("::")) : std::nullopt; // which tryParse takes for a failure
}

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

// Of a URL that names one which no TCP port can be; RFC 3986, 3.2.
std::optional<std::string> port_error(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  authority.remove_prefix(authority.rfind('@') + 1); // npos + 1 == 0
  const std::size_t bracket = authority.find(']');   // of an IPv6 address
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = authority.substr(colon + 1);
  const auto number = parse_integer(port).value_or(0);
  if (number >= 1 && number <= 65535) return std::nullopt;
  return fmt::format("has the port {}; expected 1 to 65535", in_quotes(port));
}

std::optional<std::string> uri_error(std::string_view text) {
  if (auto port = port_error(text)) return port;
  if (url_parts(text)) return std::nullopt;
  return "is not an absolute URL such as \"https://host:8443/path\"";
}

// RFC 4632 and RFC 4291, 2.3: address, '/', length of the prefix; bits behind the prefix are zero, because a
// range with some set is more often a slip than meant.
std::optional<std::string> cidr_error(std::string_view text) {
  constexpr const char* kWanted = "is not an address range such as \"10.0.0.0/8\" or \"fd00::/8\"";
  std::size_t slash = text.find('/');
  std::string_view before = text.substr(0, slash);
  auto address = before.starts_with('[') ? std::nullopt : address_in(before);
  if (!address) return kWanted;
  if (slash == std::string_view::npos) return std::nullopt;
  unsigned width = address->family() == IPAddress::IPv4 ? 32 : 128;
  auto length = parse_integer(text.substr(slash + 1));
  if (!length || *length < 0 || *length > width) return kWanted;
  IPAddress network = *address & IPAddress(static_cast<unsigned>(*length), address->family());
  if (network == *address) return std::nullopt;
  return fmt::format("has bits set after its prefix; did you mean \"{}/{}\"?", network.toString(), *length);
}

std::optional<std::string> sha256_error(std::string_view text) {
  bool digits = std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (text.size() == 64 && digits) return std::nullopt;
  return "is not a sha256: 64 hexadecimal digits, as sha256sum prints them";
}

// RFC 6454, 6.2: lower case, and no port where it is the scheme's own. Origins are compared byte by byte.
std::string sent_origin(std::string_view text) {
  const Poco::URI parsed{std::string(text)};
  return fmt::format("{}://{}", lower(parsed.getScheme()), lower(parsed.getAuthority()));
}

std::optional<std::string> origin_error(std::string_view text) {
  if (text == "*") return std::nullopt;
  if (auto port = port_error(text)) return port;
  auto parts = url_parts(text);
  bool only_origin = text.find_first_of("/?#@", text.find("://") + 3) == std::string_view::npos;
  if (!parts || !only_origin) return "is neither \"*\" nor an origin such as \"https://app.example.com\" (no path)";
  if (text.find('*') != std::string_view::npos)
    return "contains a *, which matches no origin; list each origin, or \"*\" alone";
  const std::string sent = sent_origin(text);
  if (sent == text) return std::nullopt;
  return fmt::format("is not what a browser sends; did you mean \"{}\"?", sent);
}

std::optional<std::string> address_error(std::string_view text) {
  if (!text.starts_with('[') && address_in(text)) return std::nullopt;
  bool name = !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  // "10.0.0.300" is a mistyped address, not a name: no top-level domain is all digits (RFC 3696, 2).
  bool dotted = text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (name && !dotted) return std::nullopt;
  return "is neither an IP address nor a host name";
}

std::optional<std::string> plugin_error(std::string_view text) {
  if (text.starts_with('/') || (!text.empty() && text.find('/') == std::string_view::npos)) return std::nullopt;
  return "is neither the bare name of a plugin nor an absolute path";
}

// "" is none at all. What names a port of an IPv6 address has it in brackets, as in a URL.
std::optional<std::string> listen_error(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.empty()) return std::nullopt;
  if (text.starts_with(kUnix)) {
    std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/')) return "needs an absolute path after unix:";
    if (path.size() <= kMostSocketPath) return std::nullopt;
    return fmt::format("has a path of more than {} bytes, the limit for a Unix socket", kMostSocketPath);
  }
  std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  // As a number with 0 for none: gcc 12 takes the optional for uninitialised under TSan.
  const auto port = colon == std::string_view::npos ? 0 : parse_integer(text.substr(colon + 1)).value_or(0);
  bool named = host.starts_with('[') ? address_in(host).has_value()
                                     : host.find(':') == std::string_view::npos && !address_error(host);
  if (named && port >= 1 && port <= 65535) return std::nullopt;
  return "is neither \"unix:/path\" nor \"host:port\"";
}

std::optional<std::string> mode_error(std::string_view text) {
  const bool octal = text.find_first_not_of("01234567") == std::string_view::npos;
  if (octal && (text.size() == 3 || (text.size() == 4 && text.front() == '0'))) return std::nullopt;
  return "is not a file mode such as \"0660\"";
}

std::optional<std::string> key_error(std::string_view text) {
  if (decode_cache_key(text)) return std::nullopt;
  return "is not the base64 of 32 bytes, as `openssl rand -base64 32` prints it";
}

} // namespace

std::optional<std::string> format_error(std::string_view text, Format format) {
  if (format != Format::none && text.find('\0') != std::string_view::npos) return "holds a NUL character";
  switch (format) {
  case Format::none:
    return std::nullopt;
  case Format::uri:
    return uri_error(text);
  case Format::path:
    return text.empty() ? std::optional<std::string>("is empty; expected a path") : std::nullopt;
  case Format::cidr:
    return cidr_error(text);
  case Format::sha256:
    return sha256_error(text);
  case Format::origin:
    return origin_error(text);
  case Format::address:
    return address_error(text);
  case Format::plugin:
    return plugin_error(text);
  case Format::listen:
    return listen_error(text);
  case Format::key256:
    return key_error(text);
  case Format::file_mode:
    return mode_error(text);
  }
  return std::nullopt;
}

std::string canonical_range(std::string_view text) {
  constexpr unsigned kMappedBits = 96;
  const std::size_t slash = text.find('/');
  const auto address = address_in(text.substr(0, slash));
  if (!address || address->family() != IPAddress::IPv6 || !address->isIPv4Mapped()) return std::string(text);
  const IPAddress mapped(static_cast<const unsigned char*>(address->addr()) + kMappedBits / 8, 4);
  if (slash == std::string_view::npos) return mapped.toString();
  const auto length = parse_integer(text.substr(slash + 1)).value_or(0);
  if (length < kMappedBits) return std::string(text);
  return fmt::format("{}/{}", mapped.toString(), length - kMappedBits);
}

std::optional<UrlParts> url_parts(std::string_view url) {
  if (has_blank_or_control(url) || url.find("://") == std::string_view::npos) return std::nullopt;
  try {
    Poco::URI parsed{std::string(url)};
    if (parsed.getScheme().empty() || parsed.getHost().empty()) return std::nullopt;
    return UrlParts{lower(parsed.getScheme()), lower(parsed.getHost())};
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

bool is_loopback(std::string_view host) {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  auto address = address_in(name);
  if (!address) return false;
  bool mapped = address->family() == IPAddress::IPv6 && address->isIPv4Mapped();
  return mapped ? is_loopback(name.substr(name.rfind(':') + 1)) : address->isLoopback();
}

bool is_unspecified(std::string_view host) {
  auto address = address_in(host);
  return address && address->isWildcard();
}

bool is_placeholder(std::string_view secret) {
  constexpr std::size_t kFewest = 5; // different characters in any random token of 32
  std::string text = lower(secret);
  for (std::string_view mark :
       {"changeme", "change-me", "change_me", "placeholder", "example", "replace", "your-", "your_", "insert-", "dummy",
        "my-secret", "mysecret", "supersecret", "password", "xxxxxxxx", "12345678", "<", "..."}) {
    if (text.find(mark) != std::string::npos) return true;
  }
  return std::set<char>(text.begin(), text.end()).size() < kFewest;
}

} // namespace authd::config
