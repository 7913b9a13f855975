// SPDX-License-Identifier: Apache-2.0
#include "support/authd_process.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>

namespace authd::test {
namespace {

// Sanitizers and a busy machine make a start slow; a hang is what this is to catch.
constexpr std::chrono::seconds kPatience{30};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

} // namespace

Settings::Settings(std::string_view admin_url) {
  set_text("server", "environment", "test").set("server", "port", "0");
  set_text("jwt", "authority", "https://auth.example").set_text("jwt", "audience", "https://api.example");
  set_text("gateway", "plugin", "kong-gateway").set_text("gateway", "admin_url", admin_url);
  set_text("cache", "plugin", "cache-memory").set_text("cache", "ttl", "1s").set_text("cache", "stale", "30m");
  set_text("breaker", "timeout", "500ms").set_text("breaker", "reset_timeout", "1s");
}

Settings& Settings::set(const std::string& table, const std::string& key, std::string value) {
  if (value.empty()) {
    tables_[table].erase(key);
  } else {
    tables_[table][key] = std::move(value);
  }
  return *this;
}

Settings& Settings::set_text(const std::string& table, const std::string& key, std::string_view text) {
  return set(table, key, quoted(text));
}

Settings& Settings::drop(const std::string& table) {
  tables_.erase(table);
  return *this;
}

std::string Settings::toml() const {
  std::string out;
  for (const auto& [table, keys] : tables_) {
    out += table == "cache" || table == "endpoint" ? "[[" + table + "]]\n" : "[" + table + "]\n";
    for (const auto& [key, value] : keys) out += key + " = " + value + "\n";
  }
  return out;
}

std::string LogLine::field(const std::string& name) const {
  return json && json->has(name) && !json->isNull(name) ? json->get(name).toString() : std::string();
}

LogLine parse_log_line(const std::string& text) {
  LogLine line{text, nullptr};
  try {
    line.json = Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    line.json = nullptr;
  }
  return line;
}

AuthdProcess::AuthdProcess(const Settings& settings, const Environment& environment)
    : AuthdProcess(settings.toml(), environment) {}

AuthdProcess::AuthdProcess(std::string_view toml, const Environment& environment)
    : config_file_(dir_.write("authd.toml", toml)),
      child_(std::make_unique<ChildProcess>(std::vector<std::string>{AUTHD_BINARY, "--config", config_file_},
                                            environment)) {}

AuthdProcess::AuthdProcess(std::string_view toml, const Environment& environment, const std::string& first)
    : config_file_(dir_.write("authd.toml", toml)) {
  const std::string command = first + " && exec \"$@\"";
  std::vector<std::string> argv{"/bin/bash", "-c", command, "bash", AUTHD_BINARY, "--config", config_file_};
  child_ = std::make_unique<ChildProcess>(std::move(argv), environment);
}

// $LISTEN_PID must be the process's own: a shell knows its number and keeps it across exec. It moves the socket,
// because a second descriptor of it would stay open whatever authd does.
AuthdProcess::AuthdProcess(const Settings& settings, int socket, Environment environment)
    : config_file_(dir_.write("authd.toml", settings.toml())) {
  environment.emplace("LISTEN_FDS", "1");
  const std::string pass = "exec 3<&" + std::to_string(socket) + "-; LISTEN_PID=$$ exec \"$@\"";
  std::vector<std::string> argv{"/bin/bash", "-c", pass, "bash", AUTHD_BINARY, "--config", config_file_};
  child_ = std::make_unique<ChildProcess>(std::move(argv), environment);
}

std::uint16_t AuthdProcess::await_ready() {
  const auto ready = await_event("ready", kPatience);
  if (!ready) throw std::runtime_error("authd did not become ready:\n" + child_->everything());
  port_ = static_cast<std::uint16_t>(std::stoi(ready->field("server.port")));
  return port_;
}

bool AuthdProcess::reload(std::string_view toml, std::string_view outcome) {
  const std::size_t before = events(outcome).size();
  begin_reload(toml);
  std::size_t seen = 0;
  return await_event(outcome, kPatience, [&](const LogLine&) { return ++seen > before; }).has_value();
}

void AuthdProcess::begin_reload(std::string_view toml) {
  dir_.replace("authd.toml", toml);
  child_->signal(SIGHUP);
}

std::optional<LogLine> AuthdProcess::await_event(std::string_view event, milliseconds at_most,
                                                 const std::function<bool(const LogLine&)>& wanted) const {
  const auto text = child_->await_line(
      [&](const std::string& candidate) {
        if (candidate.find(event) == std::string::npos) return false;
        const LogLine line = parse_log_line(candidate);
        return line.field("event.action") == event && (!wanted || wanted(line));
      },
      at_most);
  if (!text) return std::nullopt;
  return parse_log_line(*text);
}

std::vector<LogLine> AuthdProcess::events(std::string_view event) const {
  std::vector<LogLine> out;
  for (const std::string& text : child_->output()) {
    if (LogLine line = parse_log_line(text); line.field("event.action") == event) out.push_back(line);
  }
  return out;
}

std::size_t AuthdProcess::resident_kib() const { return status_kib("VmRSS:"); }
std::size_t AuthdProcess::address_space_bytes() const { return status_kib("VmSize:") * 1024; }

std::size_t AuthdProcess::status_kib(std::string_view name) const {
  std::ifstream status("/proc/" + std::to_string(child_->pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  }
  return 0;
}

Finished run_authd(const std::vector<std::string>& arguments, const Environment& environment) {
  std::vector<std::string> argv{AUTHD_BINARY};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ChildProcess child(std::move(argv), environment);
  const int code = child.await_exit(kPatience).value_or(-1);
  return {code, child.output(), child.errors()};
}

} // namespace authd::test
