// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/version.h"
#include "cli/admin_client.h"
#include "cli/status_command.h"
#include "config/describe/describing.h"
#include "config/formats.h"
#include "config/kinds.h"
#include "config/loading.h"
#include "config/plugin_settings.h"
#include "config/schema.h"
#include "config/settings.h"
#include "daemon/plugin_trial.h"
#include "endpoints/api_document.h"
#include "endpoints/operations/listeners.h"
#include "plugin/inspection.h"
#include "plugin/schema_source.h"

namespace authd::cli {
namespace {

Result<config::Config, std::vector<config::Problem>> load(const std::string& file) {
  return config::load(file, config::process_environment(), plugin::make_schema_source());
}

int print_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) std::cerr << problem.line << '\n';
  return EXIT_FAILURE;
}

int check(const std::string& file, bool without_plugins) {
  config::LoadOptions options;
  options.trust_absent_credentials = true;
  if (!without_plugins) options.trial = daemon::try_plugin;
  const auto config = config::load(file, config::process_environment(), plugin::make_schema_source(), options);
  if (!config) return print_problems(config.error());
  for (const std::string& warning : config->warnings) std::cerr << "warning: " << warning << '\n';
  std::cout << (config->file.empty() ? "the environment" : config->file) << ": ok\n";
  return EXIT_SUCCESS;
}

int show(const std::string& file) {
  const auto config = load(file);
  if (!config) return print_problems(config.error());
  std::cout << config::show(*config);
  return EXIT_SUCCESS;
}

int print(const std::string& text) {
  std::cout << text;
  return EXIT_SUCCESS;
}

// What the installed plugins publish, so that schema and table name their settings too.
std::vector<config::PluginSchema> installed_schemas() {
  std::vector<config::PluginSchema> schemas;
  const auto source = plugin::make_schema_source();
  for (const config::Kind& kind : config::kinds()) {
    for (std::string& name : config::shipped_plugins(kind.table)) {
      auto published = source(name, config::default_plugin_dir(), "", kind.id, config::Environment::development);
      if (published) schemas.push_back({std::string(kind.table), std::move(name), std::move(published->schema)});
    }
  }
  return schemas;
}

// `config env`: what is read with this configuration. That may lack whatever the variables are to bring, so
// only what keeps plugins from being known is an error.
int print_variables(const std::string& file) {
  std::vector<config::PluginSchema> schemas = installed_schemas();
  if (file.empty()) return print(config::environment_table(schemas));
  std::vector<config::Problem> unknown;
  bool asked = false;
  const auto source = plugin::make_schema_source();
  const auto remembering = [&](std::string_view plugin, std::string_view dir, std::string_view pin,
                               std::string_view kind, config::Environment environment) {
    asked = true;
    auto published = source(plugin, dir, pin, kind, environment);
    if (!published) {
      unknown.push_back(published.error());
    } else if (const auto shape = config::parse_schema(published->schema); !shape) {
      unknown.push_back({std::string(plugin) + ": its config schema is not valid: " + shape.error()});
    } else {
      const std::string table(config::kind_with_id(kind)->table);
      schemas.push_back({table, config::plugin_name(plugin), published->schema});
    }
    return published;
  };
  const auto config = config::load(file, config::process_environment(), remembering);
  if (!asked && !config) return print_problems(config.error());
  if (!unknown.empty()) return print_problems(unknown);
  return print(config::environment_table(schemas));
}

// As a shell means it; a name alone that is no file here is one under plugins.dir.
std::string file_to_inspect(const std::string& given) {
  std::error_code ignored;
  const bool bare = given.find('/') == std::string::npos;
  if (bare && !std::filesystem::exists(given, ignored)) return plugin::plugin_path(given, config::default_plugin_dir());
  return std::filesystem::absolute(given).string();
}

int inspect(const std::string& file) {
  const auto report = plugin::inspect_report(file_to_inspect(file));
  if (!report) {
    std::cerr << report.error().line << '\n';
    return EXIT_FAILURE;
  }
  std::cout << *report;
  return EXIT_SUCCESS;
}

// Where the running authd's admin listener is: with `socket` no configuration is needed, so that who operates
// authd need not be able to read its secrets.
struct AdminAddress {
  std::string socket; // unix:/path, /path or host:port; empty: admin.listen of the configuration
  std::string config_file;
};

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

// [api] as the environment alone says it.
config::Config config_of_environment() {
  config::Config config;
  const config::EnvironmentVariables variables = config::process_environment();
  for (const config::Setting& setting : config::settings_of("api")) {
    const auto given = variables.find(std::string(setting.variable));
    const bool is_text = setting.type == config::Type::string;
    if (is_text && given != variables.end()) setting.set({config}, config::string_node(given->second));
  }
  return config;
}

// Of the document only [api] and, for the debug routes, the environment depend on the configuration. Who only wants to
// read it needs none.
std::optional<config::Config> documented_config(const std::string& file) {
  auto config = load(file);
  if (config) return std::move(*config);
  if (file.empty() && config::process_environment().count("KONG_JWT_AUTHORITY") == 0) return config_of_environment();
  print_problems(config.error());
  return std::nullopt;
}

// What GET / of a listener answers with this configuration.
int print_api_document(const std::string& file, bool of_admin, bool yaml) {
  const auto config = documented_config(file);
  if (!config) return EXIT_FAILURE;
  const auto info =
      of_admin ? endpoints::info_of_admin_listener(config->api) : endpoints::info_of_public_listener(config->api);
  const auto served = of_admin ? endpoints::operations::of_admin_listener()
                               : endpoints::operations::of_public_listener(config->environment);
  return print(render(info, served, yaml ? endpoints::ApiFormat::yaml : endpoints::ApiFormat::json));
}

// Binds a command to what carries it out; CLI11 runs the callback of the command that was given.
void command(CLI::App& parent, const std::string& name, const std::string& summary, std::string* file,
             std::optional<int>& exit_code, std::function<int()> run) {
  CLI::App* app = parent.add_subcommand(name, summary);
  if (file != nullptr) app->add_option("FILE", *file);
  app->callback([&exit_code, run = std::move(run)] { exit_code = run(); });
}

} // namespace

CommandLine run_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app("authd issues JWTs for Kong consumers. Without a command it runs the server.", "authd");
  app.set_version_flag("--version", std::string("authd ").append(kVersion));
  app.add_option("--config", line.config_file,
                 "configuration file; default: /etc/authd/authd.toml if it exists, otherwise only the environment");
  app.require_subcommand(0, 1);

  std::string file;
  const auto config_file = [&] { return file.empty() ? line.config_file : file; };
  CLI::App* config = app.add_subcommand("config", "inspect the configuration");
  config->require_subcommand(1);
  bool without_plugins = false;
  command(*config, "check", "print every error; exit 1 if there are any", &file, line.exit_code,
          [&] { return check(config_file(), without_plugins); });
  config->get_subcommand("check")->add_flag("--no-plugins", without_plugins,
                                            "do not run plugin code; check settings only against the schema");
  command(*config, "show", "print the configuration in effect and where each value came from, secrets redacted", &file,
          line.exit_code, [&] { return show(config_file()); });
  command(*config, "schema", "print the JSON Schema of authd.toml", nullptr, line.exit_code,
          [] { return print(config::schema(installed_schemas())); });
  command(*config, "env", "print every environment variable that authd reads; with FILE, also those of its plugins",
          &file, line.exit_code, [&] { return print_variables(config_file()); });

  CLI::App* plugin = app.add_subcommand("plugin", "inspect a plugin file");
  plugin->require_subcommand(1);
  command(*plugin, "inspect", "print what a plugin file declares, without running its code", &file, line.exit_code,
          [&] { return inspect(file); });
  plugin->get_subcommand("inspect")->get_option("FILE")->required();

  std::string consumer;
  bool all = false;
  CLI::App* cache = app.add_subcommand("cache", "inspect or clear the caches of the running authd");
  cache->require_subcommand(1);
  std::string socket;
  const auto add_socket = [&](CLI::App* to) {
    to->add_option("--socket", socket,
                   "admin listener of the running authd (unix:/path, /path or host:port); default: that of the "
                   "configuration")
        ->check(why_no_listener, "");
  };
  const auto admin = [&] { return AdminAddress{socket, line.config_file}; };
  CLI::App* invalidation =
      cache->add_subcommand("invalidate", "drop one consumer, or all, from every tier and instance");
  invalidation->add_option("CONSUMER", consumer, "id or username of the consumer");
  invalidation->add_flag("--all", all, "all consumers");
  invalidation->callback([&] { line.exit_code = invalidate(admin(), consumer, all); });
  command(*cache, "stats", "print statistics of each tier", nullptr, line.exit_code,
          [&] { return print_stats(admin()); });
  for (CLI::App* asking : {invalidation, cache->get_subcommand("stats")}) add_socket(asking);

  bool json = false;
  bool yaml = false;
  bool of_admin = false;
  command(app, "openapi", "the API document (OpenAPI 3.1) that GET / serves; JSON unless --yaml", nullptr,
          line.exit_code, [&] { return print_api_document(line.config_file, of_admin, yaml); });
  CLI::App* openapi = app.get_subcommand("openapi");
  openapi->add_flag("--yaml", yaml, "as YAML")->excludes(openapi->add_flag("--json", json, "as JSON"));
  openapi->add_flag("--admin", of_admin, "of the admin listener");

  StatusOptions status_options;
  const auto with_listener = [&](const auto& run) {
    const auto listen = resolve(admin());
    return listen ? run(*listen) : EXIT_FAILURE;
  };
  command(app, "status", "what the running authd does, drawn anew until Ctrl-C", nullptr, line.exit_code, [&] {
    return with_listener([&](const std::string& listen) { return show_status(listen, status_options); });
  });
  CLI::App* status = app.get_subcommand("status");
  status->add_flag("--once", status_options.once, "draw once and end; so it does when the output is no terminal");
  status->add_flag("--json", status_options.json, "print the document of GET /admin/status, once");
  status->add_option("--interval", status_options.interval_s, "seconds between two drawings, 1 to 3600; else 1")
      ->check(CLI::Range(1U, 3600U));
  std::uint16_t port = 0;
  command(app, "ui", "serve the status page to this machine's browser until Ctrl-C", nullptr, line.exit_code,
          [&] { return with_listener([&](const std::string& listen) { return serve_status_page(listen, port); }); });
  CLI::App* ui = app.get_subcommand("ui");
  ui->add_option("--port", port, "port on 127.0.0.1; else any");
  for (CLI::App* looking : {status, ui}) add_socket(looking);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // 0: help or version, which CLI11 throws, too.
    line.exit_code = app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  return line;
}

} // namespace authd::cli
