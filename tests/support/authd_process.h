// SPDX-License-Identifier: Apache-2.0
// The built authd, started with a configuration of the test's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Poco/JSON/Object.h>

#include "support/child_process.h"
#include "support/temp_dir.h"

namespace authd::test {

// authd.toml, as tables of raw TOML values. Starts out as a test's configuration for kong-gateway over
// one cache-memory: port 0, breaker.timeout 500ms, breaker.reset_timeout 1s, cache ttl 1s, stale 30m.
class Settings {
 public:
  explicit Settings(std::string_view admin_url);
  // set("breaker", "timeout", "\"1s\""); an empty value takes the setting out.
  Settings& set(const std::string& table, const std::string& key, std::string value);
  Settings& set_text(const std::string& table, const std::string& key, std::string_view text);
  Settings& drop(const std::string& table); // the whole table
  std::string toml() const;

 private:
  std::map<std::string, std::map<std::string, std::string>> tables_;
};

struct LogLine {
  std::string text;
  Poco::JSON::Object::Ptr json;                     // null: not JSON
  std::string field(const std::string& name) const; // as text; empty: absent
};
LogLine parse_log_line(const std::string& text);

class AuthdProcess {
 public:
  // Starts it; does not wait.
  explicit AuthdProcess(const Settings& settings, const Environment& environment = {});
  // The same with the text of authd.toml.
  AuthdProcess(std::string_view toml, const Environment& environment);
  // The same, by a shell that runs `first`: limits, the folder that it works in.
  AuthdProcess(std::string_view toml, const Environment& environment, const std::string& first);
  // The same, passed this socket, not descriptor 3, as a service manager does it: sd_listen_fds(3).
  AuthdProcess(const Settings& settings, int socket, Environment environment = {});

  // Waits for the ready line; throws std::runtime_error with the output when it does not come.
  std::uint16_t await_ready();
  std::uint16_t port() const { return port_; }
  ChildProcess& child() { return *child_; }
  pid_t pid() const { return child_->pid(); }
  const std::string& config_file() const { return config_file_; }

  // Puts this text in the place of authd.toml, sends SIGHUP and waits for the line that tells the outcome:
  // "reloaded" or "reload-refused". False: it did not come.
  bool reload(std::string_view toml, std::string_view outcome);
  void begin_reload(std::string_view toml); // the same without waiting

  // The first line whose event.action is `event` and for which `wanted`, if given, holds.
  std::optional<LogLine> await_event(std::string_view event, milliseconds at_most,
                                     const std::function<bool(const LogLine&)>& wanted = {}) const;
  std::vector<LogLine> events(std::string_view event) const; // so far
  std::size_t resident_kib() const;
  std::size_t address_space_bytes() const;

 private:
  std::size_t status_kib(std::string_view name) const; // a line of /proc/PID/status
  TempDir dir_;
  std::string config_file_;
  std::unique_ptr<ChildProcess> child_;
  std::uint16_t port_ = 0;
};

// Runs `authd <arguments>` to its end. Exit code -1: it did not end.
struct Finished {
  int exit_code = -1;
  std::vector<std::string> output;
  std::vector<std::string> errors;
};
Finished run_authd(const std::vector<std::string>& arguments, const Environment& environment = {});

} // namespace authd::test
