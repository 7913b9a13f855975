// SPDX-License-Identifier: Apache-2.0
#include "cli/running_commands.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/loaded_config.h"
#include "config/formats.h"

namespace authd::cli {
namespace {

// The daemon itself gives up after a minute, and says so.
constexpr seconds kReloadPatience{65};

int print(const std::string& text) {
  std::cout << text;
  return EXIT_SUCCESS;
}

std::string listener_of(const std::string& socket) { return socket.starts_with('/') ? "unix:" + socket : socket; }

// For --socket: empty when it may be one.
std::string why_no_listener(const std::string& socket) {
  const auto wrong = config::format_error(listener_of(socket), config::Format::listen);
  return wrong ? fmt::format("\"{}\" {}", socket, *wrong) : "";
}

// As admin.listen has it; nullopt: the configuration cannot be used, and why has been said.
std::optional<std::string> resolve(const AdminAddress& where) {
  if (!where.socket.empty()) return listener_of(where.socket);
  const auto config = load(where.config_file);
  if (config) return config->admin.listen;
  print_problems(config.error());
  return std::nullopt;
}

// What it answers with 200; nullopt: it did not, and why has been said.
std::optional<std::string> call_running(const AdminAddress& where, const std::string& method, const std::string& path,
                                        const std::string& body) {
  const auto listen = resolve(where);
  if (!listen) return std::nullopt;
  try {
    AdminReply reply = call_admin(*listen, method, path, body);
    if (reply.status == 200) return std::move(reply.body);
    std::cerr << reply.body << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  return std::nullopt;
}

int print_stats(const AdminAddress& where) {
  const auto stats = call_running(where, "GET", "/admin/cache/stats", "");
  return stats ? print(*stats + '\n') : EXIT_FAILURE;
}

bool says_everywhere(const std::string& outcome) {
  try {
    const auto object = Poco::JSON::Parser().parse(outcome).extract<Poco::JSON::Object::Ptr>();
    return object->getValue<bool>("everywhere");
  } catch (const Poco::Exception&) {
    return false; // what answers there is not an authd of this version
  }
}

int invalidate(const AdminAddress& where, const std::string& consumer, bool all) {
  if (all == !consumer.empty()) {
    std::cerr << "name one consumer, or pass --all\n";
    return kExitUsage;
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  all ? json.member("all", true) : json.member("consumer", consumer);
  json.end_object();
  const auto outcome = call_running(where, "POST", "/admin/cache/invalidate", body);
  if (!outcome) return EXIT_FAILURE;
  std::cout << *outcome << '\n';
  if (says_everywhere(*outcome)) return EXIT_SUCCESS;
  std::cerr << "not everywhere: a tier could not be notified yet, or a remote tier does not notify other instances\n";
  return kExitNotEverywhere;
}

// What a reload said; nullopt: it is not what an authd answers.
std::optional<std::vector<std::string>> messages_of(const std::string& reply) {
  try {
    const auto object = Poco::JSON::Parser().parse(reply).extract<Poco::JSON::Object::Ptr>();
    const auto array = object->getArray("messages");
    if (array.isNull()) return std::nullopt;
    std::vector<std::string> lines;
    for (unsigned i = 0; i < array->size(); ++i) lines.push_back(array->getElement<std::string>(i));
    return lines;
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

// Waits for the outcome. 0: the new configuration is in effect; 1: it was refused, or there is no authd.
int reload(const AdminAddress& where) {
  const auto listen = resolve(where);
  if (!listen) return EXIT_FAILURE;
  try {
    const AdminReply reply = call_admin(*listen, "POST", "/admin/reload", "", kReloadPatience);
    const bool applied = reply.status == 200;
    const auto lines = messages_of(reply.body);
    std::ostream& out = applied ? std::cout : std::cerr;
    if (!lines) out << reply.body << '\n';
    for (const std::string& line : lines.value_or(std::vector<std::string>())) out << line << '\n';
    out << (applied ? "reloaded\n" : "not reloaded: the configuration from before stays in effect\n");
    return applied ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

using Row = std::vector<std::string>;

// In columns as wide as they must be, two spaces apart.
std::string table_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += row.back() + '\n';
  }
  return text;
}

std::string plugin_table(const std::string& reply) {
  const auto plugins = Poco::JSON::Parser().parse(reply).extract<Poco::JSON::Object::Ptr>()->getArray("plugins");
  std::vector<Row> rows{{"NAME", "KIND", "PLUGIN", "STATE", "SHA256", "PATH"}};
  for (unsigned i = 0; i < plugins->size(); ++i) {
    const auto plugin = plugins->getObject(i);
    const auto text = [&](const char* name) { return plugin->getValue<std::string>(name); };
    rows.push_back({text("name"), text("kind"), text("id") + ' ' + text("version"), text("state"),
                    text("sha256").substr(0, 12), text("path")});
  }
  return table_of(rows);
}

int print_plugins(const AdminAddress& where, bool json) {
  const auto reply = call_running(where, "GET", "/admin/plugins", "");
  if (!reply) return EXIT_FAILURE;
  try {
    return print(json ? *reply + '\n' : plugin_table(*reply));
  } catch (const Poco::Exception&) {
    std::cerr << "what answers there is not an authd of this version: " << *reply << '\n';
    return EXIT_FAILURE;
  }
}

std::string key_table(const std::string& reply) {
  const auto keys = Poco::JSON::Parser().parse(reply).extract<Poco::JSON::Object::Ptr>()->getArray("keys");
  std::vector<Row> rows{{"ALGORITHM", "STATE", "SINCE", "HELD", "KID"}};
  for (unsigned i = 0; i < keys->size(); ++i) {
    const auto key = keys->getObject(i);
    const auto text = [&](const char* name) { return key->getValue<std::string>(name); };
    rows.push_back({text("algorithm"), text("state") + (key->getValue<bool>("emergency") ? " (emergency)" : ""),
                    text("since"), key->getValue<bool>("held") ? "yes" : "no", text("kid")});
  }
  return table_of(rows);
}

int show_keys(const std::optional<std::string>& reply, bool json) {
  if (!reply) return EXIT_FAILURE;
  try {
    return print(json ? *reply + '\n' : key_table(*reply));
  } catch (const Poco::Exception&) {
    std::cerr << "what answers there is not an authd of this version: " << *reply << '\n';
    return EXIT_FAILURE;
  }
}

int rotate_keys(const AdminAddress& where, const std::string& algorithm, bool emergency, bool json_output) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("emergency", emergency);
  if (!algorithm.empty()) json.member("algorithm", algorithm);
  json.end_object();
  return show_keys(call_running(where, "POST", "/admin/keys/rotate", body), json_output);
}

} // namespace

RunningCommands::RunningCommands(CLI::App& app, CommandLine& line) : line_(line) {
  add_cache(app);
  add_operations(app);
  add_keys(app);
  add_status(app);
}

void RunningCommands::add_socket(CLI::App* to) {
  to->add_option("--socket", socket_,
                 "admin listener of the running authd (unix:/path, /path or host:port); default: that of the "
                 "configuration")
      ->check(why_no_listener, "");
}

void RunningCommands::add_cache(CLI::App& app) {
  CLI::App* cache = app.add_subcommand("cache", "inspect or clear the caches of the running authd");
  cache->require_subcommand(1);
  CLI::App* invalidation =
      cache->add_subcommand("invalidate", "drop one consumer, or all, from every tier and instance");
  invalidation->add_option("CONSUMER", consumer_, "id or username of the consumer");
  invalidation->add_flag("--all", all_, "all consumers");
  invalidation->callback([this] { line_.exit_code = invalidate(admin(), consumer_, all_); });
  add_socket(invalidation);
  add_socket(command(*cache, "stats", "print statistics of each tier", nullptr, line_.exit_code,
                     [this] { return print_stats(admin()); }));
}

void RunningCommands::add_operations(CLI::App& app) {
  add_socket(command(app, "reload", "reload the configuration and wait for the outcome; exit 1 if it is refused",
                     nullptr, line_.exit_code, [this] { return reload(admin()); }));
  CLI::App* plugins = command(app, "plugins", "list the plugins that the running authd uses", nullptr, line_.exit_code,
                              [this] { return print_plugins(admin(), json_); });
  plugins->add_flag("--json", json_, "print the document of GET /admin/plugins");
  add_socket(plugins);
}

void RunningCommands::add_keys(CLI::App& app) {
  CLI::App* keys = app.add_subcommand("keys", "the keys that the running authd signs with");
  keys->require_subcommand(1);
  CLI::App* list = command(*keys, "list", "list them, those that ended included", nullptr, line_.exit_code,
                           [this] { return show_keys(call_running(admin(), "GET", "/admin/keys", ""), json_); });
  CLI::App* rotate = command(*keys, "rotate", "publish the next key now; it signs 70 minutes later", nullptr,
                             line_.exit_code, [this] { return rotate_keys(admin(), algorithm_, emergency_, json_); });
  rotate->add_option("--algorithm", algorithm_, "ES256, RS256 or EdDSA; default: all that authd signs with");
  rotate->add_flag("--emergency", emergency_,
                   "drop every key at once, with all tokens that it signed: after a key was stolen");
  for (CLI::App* one : {list, rotate}) {
    one->add_flag("--json", json_, "print the document of GET /admin/keys");
    add_socket(one);
  }
}

void RunningCommands::add_status(CLI::App& app) {
  const auto with_listener = [this](const auto& run) {
    const auto listen = resolve(admin());
    return listen ? run(*listen) : EXIT_FAILURE;
  };
  CLI::App* status = command(
      app, "status", "what the running authd does, drawn anew until Ctrl-C", nullptr, line_.exit_code,
      [=, this] { return with_listener([this](const std::string& listen) { return show_status(listen, status_); }); });
  status->add_flag("--once", status_.once, "draw once and end; so it does when the output is no terminal");
  status->add_flag("--json", status_.json, "print the document of GET /admin/status, once");
  status->add_option("--interval", status_.interval_s, "seconds between two drawings, 1 to 3600; else 1")
      ->check(CLI::Range(1U, 3600U));
  CLI::App* ui = command(
      app, "ui", "serve the status page to this machine's browser until Ctrl-C", nullptr, line_.exit_code, [=, this] {
        return with_listener([this](const std::string& listen) { return serve_status_page(listen, port_); });
      });
  ui->add_option("--port", port_, "port on 127.0.0.1; else any");
  for (CLI::App* looking : {status, ui}) add_socket(looking);
}

} // namespace authd::cli
