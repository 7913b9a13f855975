// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/version.h"
#include "cli/build_info.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/health_command.h"
#include "cli/loaded_config.h"
#include "cli/probe_command.h"
#include "cli/running_commands.h"
#include "cli/store_command.h"
#include "config/describe/describing.h"
#include "config/kinds.h"
#include "config/loading.h"
#include "config/plugin_settings.h"
#include "config/schema.h"
#include "config/settings.h"
#include "daemon/module_plan.h"
#include "daemon/plugin_set.h"
#include "daemon/plugin_trial.h"
#include "endpoints/api_document.h"
#include "endpoints/operations/listeners.h"
#include "plugin/inspection.h"
#include "plugin/schema_source.h"

namespace authd::cli {
namespace {

int check(const std::string& file, bool without_plugins) {
  config::LoadOptions options;
  options.trust_absent_credentials = true;
  if (!without_plugins) options.trial = daemon::try_plugin;
  const auto config = config::load(file, config::process_environment(), plugin::make_schema_source(), options);
  if (!config) return print_problems(config.error());
  try {
    daemon::plan_modules(*config);
  } catch (const daemon::Refused& refusal) {
    std::cerr << refusal.what();
    return EXIT_FAILURE;
  }
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
  auto served = of_admin ? endpoints::operations::of_admin_listener()
                         : endpoints::operations::of_public_listener(
                               config->environment, {config->has_gateway, daemon::has_signer(*config)});
  std::vector<daemon::PlannedModule> modules;
  try {
    modules = daemon::plan_modules(*config);
  } catch (const daemon::Refused& refusal) {
    std::cerr << refusal.what();
    return EXIT_FAILURE;
  }
  for (const daemon::PlannedModule& module : modules)
    for (const auto& operation : module.operations)
      if (operation->is_of_admin() == of_admin) served.push_back(&operation->description());
  return print(render(info, served, yaml ? endpoints::ApiFormat::yaml : endpoints::ApiFormat::json));
}

// "authd 0.1.0 (46274b2c5f1e, Release)"
std::string version_text() {
  return kCommit.empty() ? fmt::format("authd {} ({})", kVersion, kBuildType)
                         : fmt::format("authd {} ({}, {})", kVersion, kCommit, kBuildType);
}

} // namespace

CommandLine run_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app("authd issues JWTs for Kong consumers. Without a command it runs the server.", "authd");
  app.set_version_flag("--version", version_text());
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

  command(*config, "man", "print the manual page authd.toml(5)", nullptr, line.exit_code,
          [] { return print(config::man_page(installed_schemas())); });

  CLI::App* plugin = app.add_subcommand("plugin", "inspect a plugin file");
  plugin->require_subcommand(1);
  command(*plugin, "inspect", "print what a plugin file declares, without running its code", &file, line.exit_code,
          [&] { return inspect(file); });
  plugin->get_subcommand("inspect")->get_option("FILE")->required();

  bool live = false;
  command(app, "health", "ask the running authd whether it is ready; exit 1 if it is not", nullptr, line.exit_code,
          [&] { return check_health(line.config_file, live); })
      ->add_flag("--live", live, "whether it is alive instead");
  command(app, "probe", "try the configured gateway, without a change there; exit 1 if authd could not work with it",
          &file, line.exit_code, [&] { return probe(config_file()); });

  const RunningCommands running(app, line);
  const StoreCommands store(app, line);

  bool json = false;
  bool yaml = false;
  bool of_admin = false;
  command(app, "openapi", "the API document (OpenAPI 3.1) that GET / serves; JSON unless --yaml", nullptr,
          line.exit_code, [&] { return print_api_document(line.config_file, of_admin, yaml); });
  CLI::App* openapi = app.get_subcommand("openapi");
  openapi->add_flag("--yaml", yaml, "as YAML")->excludes(openapi->add_flag("--json", json, "as JSON"));
  openapi->add_flag("--admin", of_admin, "of the admin listener");

  std::string shell;
  CLI::App* completing = command(app, "completion", "print a script that completes commands for a shell", nullptr,
                                 line.exit_code, [&] { return print(completion(app, shell)); });
  completing->add_option("SHELL", shell, "bash, zsh or fish")->required()->check(CLI::IsMember(kShells));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // 0: help or version, which CLI11 throws, too.
    line.exit_code = app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  return line;
}

} // namespace authd::cli
