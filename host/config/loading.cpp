// SPDX-License-Identifier: Apache-2.0
#include "config/loading.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <unistd.h>

#include <fmt/format.h>

#include "base/ip_address.h"
#include "base/version.h"
#include "config/checker.h"
#include "config/formats.h"
#include "config/host_rules.h"
#include "config/layers.h"
#include "config/nearest.h"
#include "config/plugin_settings.h"
#include "config/plugin_tables.h"
#include "config/printing.h"
#include "config/production.h"
#include "config/replaced_service.h"
#include "config/settings.h"
#include "config/tls_files.h"
#include "config/toml_document.h"

namespace authd::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFile = "/etc/authd/authd.toml";
constexpr std::size_t kMostFileBytes = 1024 * 1024;

fs::path folder_of(const std::string& file) {
  return file.empty() ? fs::current_path() : fs::absolute(file).parent_path();
}

std::string default_profiling_dir() {
  std::error_code error; // without a working directory the folder cannot be made, and a session says so
  return (fs::current_path(error) / "profiling").string();
}

Node string_list(std::initializer_list<std::string_view> entries) {
  Node list;
  list.kind = Node::Kind::array;
  for (std::string_view entry : entries) list.items.push_back(string_node(entry));
  return list;
}

// One load: each step leaves its sections, and its problems, to the next.
class Loading {
 public:
  Loading(std::string file, Node document, const EnvironmentVariables& variables, const SchemaSource& schemas,
          const LoadOptions& options)
      : document_(std::move(document)), schemas_(schemas), options_(options),
        problems_(file), around_{variables, folder_of(file), options.trust_absent_credentials} {
    config_.file = std::move(file);
  }

  Result<Config, std::vector<Problem>> run() {
    check_top_level();
    config_.has_gateway = wants_gateway();
    read_host_tables();
    read_bare_variables();
    PluginTables plugins(config_, problems_, around_, schemas_);
    for (const Kind& kind : options_.kinds) read_plugins(plugins, kind);
    check_host_rules(sections_, config_, problems_);
    warn_of_replaced_variables(around_.variables, config_);
    read_tls_files(sections_, config_, problems_);
    check_production(sections_, config_, problems_);
    check_waivers(sections_, plugins.all_inspected(), problems_);
    problems_.explain_unknown([this](std::string_view name) { return owner_of(name, sections_); });
    std::vector<Problem> all = problems_.in_order();
    try_plugins(plugins, all);
    if (!all.empty()) return tl::unexpected(std::move(all));
    for (const std::string& warning : problems_.warnings()) config_.warnings.push_back(warning);
    record_effective();
    return std::move(config_);
  }

 private:
  void check_top_level();
  bool wants_gateway() const;
  bool is_left_out(const Kind& kind) const;
  const Node* table_in_file(std::string_view name) const;
  void read_host_tables();
  void put_listener(Node& server);
  void derive(std::string_view table, Node& node) const;
  std::string default_admin_listener() const;
  void read_plugins(PluginTables& plugins, const Kind& kind);
  void read_plugin(PluginTables& plugins, const Kind& kind, const Node* written);
  void add_by_variable(PluginTables& plugins, const Kind& kind);
  void read_bare_variables();
  void try_plugins(const PluginTables& plugins, std::vector<Problem>& all);
  void record(const std::string& path, const Node& table, const Shape& shape);
  void record_effective();

  const Node document_;
  const SchemaSource& schemas_;
  const LoadOptions& options_;
  Problems problems_;
  const Surroundings around_;
  Config config_;
  std::vector<Section> sections_;
  std::vector<const Setting*> adding_; // the bare variables that add a plugin, and are true
};

void Loading::check_top_level() {
  std::vector<std::string> known;
  const std::vector<Table> tables = tables_of(options_.kinds);
  for (const Table& table : tables) known.emplace_back(table.name);
  for (const Member& m : document_.members) {
    auto at = std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.name == m.name; });
    if (at == tables.end()) {
      problems_.add_unknown(m.key, printed_key(m.name), m.name, suggestion(m.name, known));
    } else if (!at->repeated && m.value.kind != Node::Kind::table) {
      problems_.add(m.value.origin, m.name,
                    fmt::format("expected a table, [{}], got {}", m.name, describe(m.value.kind)));
    }
  }
}

// A file that says nothing of a gateway, but names a module, is for modules alone; nor may a variable of the adapters
// be set, all of which begin so.
bool Loading::wants_gateway() const {
  constexpr std::string_view kOfAdapters[] = {"KONG_", "KONNECT_"};
  constexpr std::string_view kOfTokens = "KONG_JWT_";
  if (document_.find("gateway") != nullptr || document_.find("endpoint") == nullptr) return true;
  return std::any_of(around_.variables.begin(), around_.variables.end(), [&](const auto& variable) {
    const std::string_view name = variable.first;
    return !variable.second.empty() && !name.starts_with(kOfTokens) &&
           std::any_of(std::begin(kOfAdapters), std::end(kOfAdapters),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
  });
}

// Without a gateway nothing looks up a consumer, so there is no default tier either.
bool Loading::is_left_out(const Kind& kind) const {
  return !config_.has_gateway && kind.always && document_.find(kind.table) == nullptr;
}

const Node* Loading::table_in_file(std::string_view name) const {
  const Node* table = document_.find(name);
  return table != nullptr && table->kind == Node::Kind::table ? table : nullptr;
}

void Loading::read_host_tables() {
  for (const Table& table : tables()) {
    if (kind_of_table(table.name) != nullptr) continue;
    Section section{std::string(table.name), shape_of_table(table.name), {}};
    if (table.name == "jwt" && !config_.has_gateway)
      for (Property& property : section.shape.properties) property.required = false;
    section.node = layered(section.shape, table_in_file(table.name), around_.variables, Precedence::variable_over_file);
    if (table.name == "server" && options_.listener) put_listener(section.node);
    Checker(around_, problems_).check(section.node, section.shape, section.path);
    derive(table.name, section.node);
    apply(table.name, section.node, {config_});
    sections_.push_back(std::move(section));
  }
}

// So that every rule about where authd listens judges the socket that it was passed.
void Loading::put_listener(Node& server) {
  const Origin passed{Origin::Kind::variable, 0, 0, "LISTEN_FDS"};
  const auto put = [&](std::string_view key, Node value) {
    Node& place = *server.find(key);
    if (place.origin.kind != Origin::Kind::preset) {
      problems_.warn(place.origin, child_path("server", key),
                     fmt::format("ignored: the service manager passed a socket that listens on {}",
                                 authority(options_.listener->host, options_.listener->port)));
    }
    place = std::move(value);
  };
  put("host", string_node(options_.listener->host, passed));
  put("port", integer_node(options_.listener->port, passed));
}

// The defaults that are no constants.
void Loading::derive(std::string_view table, Node& node) const {
  auto fill = [&](std::string_view key, Node value) {
    value.origin.line = node.origin.line;
    value.origin.column = node.origin.column;
    if (node.find(key) == nullptr) node.members.push_back({std::string(key), value.origin, std::move(value)});
  };
  const Node* authority = table == "jwt" ? node.find("authority") : nullptr;
  if (authority != nullptr && authority->kind == Node::Kind::string) {
    Node issuers = string_list({authority->text.reveal()});
    issuers.items.front().withheld = authority->withheld;
    fill("issuer", std::move(issuers));
  }
  if (table == "admin") fill("listen", string_node(default_admin_listener()));
  if (table == "telemetry") fill("service_version", string_node(std::string(kVersion)));
  if (table == "api") fill("version", string_node(std::string(kVersion)));
  if (table == "telemetry") fill("audit", boolean_node(config_.environment != Environment::development));
  if (table == "profiling") fill("output_dir", string_node(default_profiling_dir()));
  if (table == "plugins") fill("dir", string_node(default_plugin_dir()));
  if (table == "security" && is_loopback(config_.server.host)) {
    fill("trusted_gateways", string_list({"127.0.0.0/8", "::1/128"}));
  }
}

// Beside the file, because several on one machine must not use one socket; an installed authd has one of its own, in
// the unit's RuntimeDirectory.
std::string Loading::default_admin_listener() const {
  const Environment e = config_.environment;
  if (e == Environment::production || e == Environment::staging || config_.file == kDefaultFile)
    return "unix:/run/authd/admin.sock";
  if (e == Environment::test || config_.file.empty()) return "";
  std::string path = (around_.folder / "admin.sock").string();
  return path.size() <= kMostSocketPath ? "unix:" + path : "";
}

void Loading::read_plugins(PluginTables& plugins, const Kind& kind) {
  if (is_left_out(kind)) return;
  const Node* written = kind.repeated ? document_.find(kind.table) : table_in_file(kind.table);
  const bool is_list = written != nullptr && written->kind == Node::Kind::array && !written->items.empty() &&
                       std::all_of(written->items.begin(), written->items.end(),
                                   [](const Node& item) { return item.kind == Node::Kind::table; });
  if (written == nullptr) {
    if (kind.always) read_plugin(plugins, kind, nullptr);
  } else if (!kind.repeated) {
    read_plugin(plugins, kind, written);
  } else if (is_list) {
    for (const Node& item : written->items) read_plugin(plugins, kind, &item);
  } else {
    problems_.add(written->origin, std::string(kind.table),
                  fmt::format("expected one or more tables, [[{}]]", kind.table));
  }
  add_by_variable(plugins, kind);
}

void Loading::read_plugin(PluginTables& plugins, const Kind& kind, const Node* written) {
  const std::size_t index = kind.repeated ? uses_of(config_, kind).size() : 0;
  sections_.push_back(plugins.read(kind, index, written, add_use(config_, kind)));
}

void Loading::add_by_variable(PluginTables& plugins, const Kind& kind) {
  for (const Setting* variable : adding_) {
    const auto& [table_name, plugin] = variable->adds;
    const auto is_it = [&name = plugin](const PluginUse* use) { return plugin_name(use->plugin) == name; };
    const std::vector<const PluginUse*> uses = uses_of(config_, kind);
    if (table_name != kind.table || std::any_of(uses.begin(), uses.end(), is_it)) continue;
    Node table; // as if the file had it
    table.origin = {Origin::Kind::variable, 0, 0, std::string(variable->variable)};
    table.members.push_back({"plugin", table.origin, string_node(plugin, table.origin)});
    read_plugin(plugins, kind, &table);
  }
}

void Loading::read_bare_variables() {
  for (const Setting& s : bare_variables()) {
    const std::string* text = find_variable(around_.variables, s.variable);
    if (text == nullptr) continue;
    Shape shape = shape_of(s);
    Node value = from_variable(shape, s.variable, *text);
    Checker(around_, problems_).check(value, shape, "");
    if (s.set != nullptr) s.set({config_}, value);
    if (!s.adds.plugin.empty() && value.integer != 0) adding_.push_back(&s);
    if (s.not_built) warn_of_no_effect(value.origin, "", problems_, config_);
  }
}

// Of those whose settings their schemas allow, whatever else is wrong.
void Loading::try_plugins(const PluginTables& plugins, std::vector<Problem>& all) {
  if (!options_.trial || (all.empty() && !options_.trial_of_good_ones)) return;
  const auto attempt = [&](const PluginUse& use, std::string_view kind) {
    PluginVerdict verdict = options_.trial(config_, use, kind);
    std::move(verdict.problems.begin(), verdict.problems.end(), std::back_inserter(all));
    std::move(verdict.warnings.begin(), verdict.warnings.end(), std::back_inserter(config_.warnings));
  };
  for (const Kind& kind : options_.kinds) {
    const std::vector<const PluginUse*> uses = uses_of(config_, kind);
    for (std::size_t i = 0; i < uses.size(); ++i)
      if (plugins.is_settled(path_of(kind, i))) attempt(*uses[i], kind.id);
  }
}

void Loading::record(const std::string& path, const Node& table, const Shape& shape) {
  for (const Property& p : shape.properties) {
    const Node* value = table.find(p.name);
    if (value == nullptr) continue;
    if (!p.shape.properties.empty()) {
      record(child_path(path, p.name), *value, p.shape);
      continue;
    }
    bool preset = value->origin.kind == Origin::Kind::preset;
    if (preset && p.shape.not_built) continue; // it is not in effect
    config_.effective.push_back(
        {child_path(path, p.name), to_toml(*value, p.shape), preset ? "default" : problems_.where(value->origin)});
  }
}

// In the order of the manual, which is not that of reading.
void Loading::record_effective() {
  for (const Table& table : tables_of(options_.kinds)) {
    for (const Section& section : sections_) {
      if (section.path.substr(0, section.path.find('[')) == table.name)
        record(section.path, section.node, section.shape);
    }
  }
}

Result<Config, std::vector<Problem>> refused(const std::string& line) {
  return tl::unexpected(std::vector<Problem>{{line}});
}

} // namespace

std::string default_plugin_dir() {
  std::error_code error;
  fs::path executable = fs::read_symlink("/proc/self/exe", error);
  const fs::path prefix = executable.parent_path().parent_path();
  for (const char* folder : {"plugins", "lib/authd/plugins"}) { // of the build, and as it is installed
    std::error_code absent;
    if (!error && fs::is_directory(prefix / folder, absent)) return (prefix / folder).string();
  }
  return "/usr/lib/authd/plugins";
}

Result<Config, std::vector<Problem>> load(std::string_view file, const EnvironmentVariables& env,
                                          const SchemaSource& schemas, const LoadOptions& options) {
  std::string name(file);
  std::error_code ignored;
  if (name.empty() && fs::exists(kDefaultFile, ignored)) name = kDefaultFile;
  if (name.empty()) return Loading("", Node{}, env, schemas, options).run();
  auto text = read_file(name, kMostFileBytes);
  if (!text) return refused(text.error());
  auto document = parse_toml(text->reveal());
  if (!document) {
    Problems syntax(name);
    syntax.add(document.error().origin, "", document.error().message);
    return tl::unexpected(syntax.in_order());
  }
  return Loading(name, std::move(*document), env, schemas, options).run();
}

} // namespace authd::config
