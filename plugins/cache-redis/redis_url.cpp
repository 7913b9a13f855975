// SPDX-License-Identifier: Apache-2.0
#include "redis_url.h"

#include <charconv>
#include <stdexcept>

#include <Poco/Exception.h>
#include <Poco/URI.h>

namespace authd::cache_redis {
namespace {

constexpr int kMostDatabases = 16;
constexpr std::size_t kLongestSocketPath = 107; // sun_path of unix(7), without its NUL

struct Scheme {
  std::string_view name;
  Deployment deployment;
  bool tls;
  bool unix_socket;
};

constexpr Scheme kSchemes[] = {
    {"redis", Deployment::single, false, false},
    {"rediss", Deployment::single, true, false},
    {"unix", Deployment::single, false, true},
    {"redis+unix", Deployment::single, false, true},
    {"redis+sentinel", Deployment::sentinel, false, false},
    {"rediss+sentinel", Deployment::sentinel, true, false},
    {"redis+cluster", Deployment::cluster, false, false},
    {"rediss+cluster", Deployment::cluster, true, false},
};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

// The text before the first `mark`, which is removed from `text` together with the mark.
std::string_view cut(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

const Scheme& scheme_of(std::string_view name) {
  for (const Scheme& scheme : kSchemes)
    if (scheme.name == name) return scheme;
  refuse("expected a URL that begins with redis://, rediss://, unix://, redis+sentinel://, rediss+sentinel://, "
         "redis+cluster:// or rediss+cluster://");
}

std::string decode(std::string_view text) {
  std::string out;
  try {
    Poco::URI::decode(std::string(text), out);
  } catch (const Poco::Exception&) {
    refuse("the user or the password contains a % that is not followed by two hexadecimal digits");
  }
  return out;
}

// A password may hold '@': the last one ends the userinfo. So may the path of a socket.
void take_userinfo(std::string_view& rest, RedisUrl& url) {
  const auto at = rest.starts_with('/') ? std::string_view::npos : rest.rfind('@');
  if (at == std::string_view::npos) return;
  std::string_view userinfo = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  url.username = decode(cut(userinfo, ':'));
  url.password = Secret(decode(userinfo));
}

std::string parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) refuse("expected a port from 1 to 65535");
  return std::to_string(port);
}

Endpoint parse_endpoint(std::string_view text, const char* default_port) {
  Endpoint endpoint;
  if (text.starts_with('[')) {
    if (text.find(']') == std::string_view::npos) refuse("'[' has no ']'");
    text.remove_prefix(1);
    endpoint.host = cut(text, ']');
    if (!text.empty() && !text.starts_with(':')) refuse("only a port may follow ']'");
    if (!text.empty()) text.remove_prefix(1);
  } else {
    endpoint.host = cut(text, ':');
  }
  if (endpoint.host.empty()) refuse("a host is missing");
  endpoint.port = text.empty() ? default_port : parse_port(text);
  return endpoint;
}

int parse_db(std::string_view text) {
  int db = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), db);
  if (error != std::errc() || end != text.data() + text.size() || db < 0 || db >= kMostDatabases)
    refuse("expected a database from 0 to 15");
  return db;
}

void take_path(std::string_view path, RedisUrl& url) {
  if (url.deployment == Deployment::sentinel) {
    url.master_name = cut(path, '/');
    if (url.master_name.empty()) refuse("the master's name is missing: redis+sentinel://host/master-name");
  }
  if (path.empty()) return;
  if (url.deployment == Deployment::cluster) refuse("a cluster has no databases; nothing may follow the hosts");
  url.db = parse_db(path);
}

} // namespace

RedisUrl parse_redis_url(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) refuse("must not contain a blank or a control character");
  const auto colon = text.find("://");
  const Scheme& scheme = scheme_of(colon == std::string_view::npos ? "" : text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  RedisUrl url;
  url.deployment = scheme.deployment;
  url.tls = scheme.tls;
  take_userinfo(rest, url);
  if (rest.find_first_of("?#") != std::string_view::npos) refuse("must not have a query or a fragment");
  if (scheme.unix_socket) {
    if (!rest.starts_with('/')) refuse("the path of a Unix socket must be absolute: unix:///run/redis/redis.sock");
    if (rest.size() > kLongestSocketPath) refuse("the path of a Unix socket must have at most 107 bytes");
    url.endpoints.push_back({std::string(rest), {}});
    return url;
  }
  std::string_view hosts = cut(rest, '/');
  const char* port = url.deployment == Deployment::sentinel ? "26379" : "6379";
  do url.endpoints.push_back(parse_endpoint(cut(hosts, ','), port));
  while (!hosts.empty());
  if (url.deployment == Deployment::single && url.endpoints.size() > 1)
    refuse("several hosts require redis+sentinel:// or redis+cluster://");
  take_path(rest, url);
  return url;
}

std::string describe(const RedisUrl& url, int db) {
  if (url.endpoints.front().is_unix_socket()) return "unix://" + url.endpoints.front().host;
  std::string text = url.tls ? "rediss" : "redis";
  if (url.deployment == Deployment::sentinel) text += "+sentinel";
  if (url.deployment == Deployment::cluster) text += "+cluster";
  text += "://";
  for (const Endpoint& endpoint : url.endpoints)
    text += (&endpoint == &url.endpoints.front() ? "" : ",") + endpoint.text();
  if (!url.master_name.empty()) text += "/" + url.master_name;
  if (url.deployment != Deployment::cluster) text += "/" + std::to_string(db);
  return text;
}

} // namespace authd::cache_redis
