// SPDX-License-Identifier: Apache-2.0
#include "plugin/inspection.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "authd/abi.h"
#include "authd/endpoint.h"
#include "config/plugin_settings.h"
#include "config/schema.h"
#include "config/settings.h"
#include "plugin/elf_image.h"
#include "plugin/file_checks.h"

namespace authd::plugin {
namespace {

using Refused = authd::Failure<Refusal>;

constexpr std::string_view kSuffix = ".so";

ByteView as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

Result<void, Refusal> check_permissions(PluginFile& file, const TrustPolicy& policy,
                                        std::vector<std::string>& warnings) {
  if (policy.strict_permissions && !file.violations.empty()) return Refused(file.violations.front());
  for (auto& violation : file.violations) warnings.push_back(std::move(violation.line));
  return {};
}

bool same_hex(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Result<void, Refusal> check_pin(const std::string& path, const TrustPolicy& policy, std::string_view pin,
                                const std::string& sha256) {
  if (pin.empty() && policy.require_pins)
    return refuse(RefusalCode::pin_missing, path, "has no pin, and plugins.require_pins is on",
                  fmt::format("After reviewing it, pin sha256 {}", sha256));
  if (!pin.empty() && !same_hex(pin, sha256))
    return refuse(RefusalCode::pin_differs, path, fmt::format("expected sha256 {} (its pin), got {}", pin, sha256),
                  "Restore the file that was pinned, or review this one and pin it");
  return {};
}

Refused elf_refusal(const std::string& path, const ElfFault& fault) {
  return fault.other_machine
             ? refuse(RefusalCode::architecture, path, fault.why, "Install the build for this machine")
             : refuse(RefusalCode::not_elf, path, fault.why, "Install the plugin's shared object again");
}

Result<ByteView, Refusal> check_elf(const PluginFile& file) {
  const auto image = read_elf(as_bytes(file.bytes));
  if (!image) return elf_refusal(file.path, image.error());
  if (!image->shared_object)
    return refuse(RefusalCode::not_elf, file.path, "is an ELF file, but not a shared object", "Link it with -shared");
  if (image->executable_stack)
    return refuse(RefusalCode::executable_stack, file.path, "requests an executable stack",
                  "Link it with -Wl,-z,noexecstack");
  if (!image->note)
    return refuse(RefusalCode::no_note, file.path, "has no .note.authd, so it is not an authd plugin",
                  "Use AUTHD_PLUGIN or AUTHD_NOTE of the SDK");
  return *image->note;
}

Refused version_refusal(const std::string& path, const Note& note) {
  const std::string why = fmt::format("needs plugin ABI {}.{}, this authd provides {}.{}", note.major, note.min_minor,
                                      AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR);
  if (note.major < AUTHD_ABI_MAJOR)
    return refuse(RefusalCode::abi_version, path, why,
                  fmt::format("Rebuild it with the SDK of ABI {}", AUTHD_ABI_MAJOR));
  const std::string newer = fmt::format("se an authd with ABI {}.{} or newer", note.major, note.min_minor);
  if (note.major > AUTHD_ABI_MAJOR) return refuse(RefusalCode::abi_version, path, why, "U" + newer);
  return refuse(RefusalCode::abi_version, path, why,
                fmt::format("Rebuild with AUTHD_TARGET_MINOR={} or u{}", AUTHD_ABI_MINOR, newer));
}

// The version comes first: the text of another major may have another form.
Result<Note, Refusal> check_note(const std::string& path, ByteView descriptor) {
  const auto bad = [&](const std::string& why) {
    return refuse(RefusalCode::bad_note, path, fmt::format("its .note.authd {}", why),
                  "Rebuild it with the SDK's AUTHD_PLUGIN");
  };
  const auto version = read_note_version(descriptor);
  if (!version) return bad(version.error());
  if (version->major != AUTHD_ABI_MAJOR || version->min_minor > AUTHD_ABI_MINOR) return version_refusal(path, *version);
  auto note = read_note(descriptor);
  if (!note) return bad("does not parse: " + note.error());
  return std::move(*note);
}

// A host of an older minor would load the plugin and know nothing of the kind.
Refused kind_is_newer(const std::string& path, const Note& note, const config::Kind& kind) {
  return refuse(RefusalCode::bad_note, path,
                fmt::format("its .note.authd has a component of kind {}, which needs ABI {}.{}, but says that the "
                            "plugin needs {}.{}",
                            kind.id, AUTHD_ABI_MAJOR, kind.minor, note.major, note.min_minor),
                fmt::format("Rebuild it with AUTHD_TARGET_MINOR={}", kind.minor));
}

// The kind may have been another one when the plugin was built.
Refused kind_may_differ(const std::string& path, const Note& note, const config::Kind& kind) {
  return refuse(RefusalCode::abi_version, path,
                fmt::format("has a component of kind {}, which is provisional: it loads only where the ABI is the one "
                            "that it was built for, {}.{}, and this authd provides {}.{}",
                            kind.id, note.major, note.min_minor, AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR),
                fmt::format("Rebuild it with the SDK of ABI {}.{}", AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR));
}

Result<void, Refusal> check_kinds(const std::string& path, const Note& note, std::span<const config::Kind> kinds) {
  for (const NoteComponent& c : note.components) {
    const config::Kind* kind = config::kind_with_id(c.kind, kinds);
    if (kind == nullptr) continue;
    if (note.min_minor < kind->minor) return kind_is_newer(path, note, *kind);
    if (kind->provisional && note.min_minor != AUTHD_ABI_MINOR) return kind_may_differ(path, note, *kind);
  }
  return {};
}

Result<InspectedPlugin, Refusal> inspect_file(PluginFile& file, const TrustPolicy& policy, std::string_view pin,
                                              std::span<const config::Kind> kinds) {
  InspectedPlugin plugin{file.path, sha256_hex(file.bytes), {}, {}};
  if (auto ok = check_permissions(file, policy, plugin.warnings); !ok) return Refused(ok.error());
  if (auto ok = check_pin(file.path, policy, pin, plugin.sha256); !ok) return Refused(ok.error());
  const auto descriptor = check_elf(file);
  if (!descriptor) return Refused(descriptor.error());
  auto note = check_note(file.path, *descriptor);
  if (!note) return Refused(note.error());
  if (auto ok = check_kinds(file.path, *note, kinds); !ok) return Refused(ok.error());
  plugin.note = std::move(*note);
  return plugin;
}

// "kong-gateway" of "/usr/lib/authd/plugins/kong-gateway.so".
std::string_view stem(std::string_view plugin) {
  std::string_view name = plugin.substr(plugin.rfind('/') + 1); // npos + 1 == 0
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  return name;
}

// As `config check` judges it; of an unknown kind, the schema alone.
Result<void, std::string> check_schema(const NoteComponent& component, std::span<const config::Kind> kinds) {
  const auto shape = config::parse_schema(component.config_schema);
  if (!shape) return tl::unexpected(shape.error());
  const config::Kind* kind = config::kind_with_id(component.kind, kinds);
  if (kind == nullptr) return {};
  const auto both = config::merged(config::shape_of_table(kind->table), *shape);
  if (!both) return tl::unexpected(both.error());
  return {};
}

// " (mode API_GATEWAY)": what a component says of itself beside kind and name.
std::string remarks(const NoteComponent& component) {
  std::string text;
  const auto add = [&](std::string_view remark) { text += (text.empty() ? " (" : ", ") + std::string(remark); };
  if (!component.mode.empty()) add("mode " + component.mode);
  if (!component.adds.empty()) add("added by " + component.adds);
  if (component.remote) add(*component.remote ? "remote" : "local");
  return text.empty() ? text : text + ")";
}

Result<void, Refusal> check_schemas(const InspectedPlugin& plugin, std::span<const config::Kind> kinds) {
  for (const auto& c : plugin.note.components) {
    if (const auto schema = check_schema(c, kinds); !schema)
      return refuse(RefusalCode::bad_note, plugin.path,
                    fmt::format("the config schema of {} {} is refused: {}", c.kind, c.name, schema.error()),
                    "Use only the keywords that docs/plugins.md lists");
  }
  return {};
}

// What is not visible ASCII is left out, so that a note cannot steer a terminal.
std::string text_member(const Poco::JSON::Object& object, const char* name) {
  std::string text = object.optValue<std::string>(name, "");
  std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
  return text;
}

// "GET /hello/{name} (first pass): Greets"
std::string route_line(const DeclaredRoute& route) {
  const auto operation = Poco::JSON::Parser().parse(route.operation).extract<Poco::JSON::Object::Ptr>();
  const auto extension = operation->getObject("x-authd");
  std::string remarks;
  const auto add = [&](std::string_view remark) { remarks += (remarks.empty() ? " (" : ", ") + std::string(remark); };
  if ((route.flags & AUTHD_ROUTE_INLINE) != 0) add("first pass");
  if ((route.flags & AUTHD_ROUTE_ROOT) != 0) add("outside the mount");
  if (!extension.isNull() && text_member(*extension, "audience") == "admin") add("operators");
  return fmt::format("{} {}{}: {}", route.method, route.path, remarks.empty() ? "" : remarks + ")",
                     text_member(*operation, "summary"));
}

std::string record_line(const DeclaredRecord& record) {
  std::string text = record.name;
  if (record.sealed) text += ", sealed";
  if (record.max_stale.count() != 0) text += fmt::format(", copies up to {} ms old", record.max_stale.count());
  for (const DeclaredIndex& index : record.indexes)
    text += fmt::format(", {}index {}", index.unique ? "unique " : "", index.name);
  return text;
}

// What a component may do: the list that is to be reviewed before it is let in.
template <class Line>
void report_declared(const Declared& declared, const Line& line) {
  const auto list = [&](std::string_view what, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) line(i == 0 ? what : "", lines[i]);
  };
  const auto words = [&](std::string_view what, const std::vector<std::string>& all) {
    if (!all.empty()) line(what, fmt::format("{}", fmt::join(all, ", ")));
  };
  std::vector<std::string> routes, records;
  for (const DeclaredRoute& route : declared.routes) routes.push_back(route_line(route));
  for (const DeclaredRecord& record : declared.records) records.push_back(record_line(record));
  list("routes", routes);
  list("records", records);
  words("needs", declared.needs);
  words("issues", declared.issues);
  words("emits", declared.emits);
  words("listens", declared.listens);
}

std::string offer(const Note& note) {
  std::string text;
  for (const auto& c : note.components) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", c.kind, c.name);
  return text;
}

} // namespace

std::string plugin_path(std::string_view name, std::string_view dir) {
  if (name.find('/') != std::string_view::npos || name.empty()) return std::string(name);
  const std::string_view suffix = name.ends_with(kSuffix) ? "" : kSuffix;
  return std::filesystem::absolute(std::filesystem::path(dir) / fmt::format("{}{}", name, suffix))
      .lexically_normal()
      .string();
}

Result<InspectedPlugin, Refusal> inspect(const std::string& path, const TrustPolicy& policy, std::string_view pin,
                                         std::span<const config::Kind> kinds) {
  auto file = read_plugin_file(path);
  if (!file) return Refused(file.error());
  return inspect_file(*file, policy, pin, kinds);
}

Result<const NoteComponent*, Refusal> select_component(const InspectedPlugin& inspected, std::string_view kind,
                                                       std::string_view plugin) {
  const std::string_view name = stem(plugin);
  const NoteComponent* only = nullptr;
  std::size_t of_kind = 0;
  for (const auto& component : inspected.note.components) {
    if (component.kind != kind) continue;
    if (component.name == name) return &component;
    only = &component;
    ++of_kind;
  }
  if (of_kind == 1) return only;
  if (of_kind == 0)
    return refuse(RefusalCode::no_component, inspected.path,
                  fmt::format("has no component of kind {}; it has {}", kind, offer(inspected.note)),
                  "Use it in the table of its kind, or name another plugin");
  return refuse(
      RefusalCode::no_component, inspected.path,
      fmt::format("has several components of kind {}, none named {}; it has {}", kind, name, offer(inspected.note)),
      "Name the file, or a link to it, after one of them");
}

Result<std::string, Refusal> inspect_report(const std::string& path, std::span<const config::Kind> kinds) {
  const auto plugin = inspect(path, TrustPolicy{.strict_permissions = false, .require_pins = false}, {}, kinds);
  if (!plugin) return Refused(plugin.error());
  if (const auto schemas = check_schemas(*plugin, kinds); !schemas) return Refused(schemas.error());
  const Note& note = plugin->note;
  std::string text;
  const auto line = [&](std::string_view what, std::string_view value) {
    text += fmt::format("{:<12}{}\n", what, value);
  };
  line("file", plugin->path);
  line("sha256", plugin->sha256);
  line("id", note.id);
  line("version", note.version);
  line("abi", fmt::format("{}.{} (this authd: {}.{})", note.major, note.min_minor, AUTHD_ABI_MAJOR, AUTHD_ABI_MINOR));
  line("sdk", note.sdk);
  line("toolchain", note.toolchain);
  for (const auto& c : note.components) {
    line("component", fmt::format("{} {}{}", c.kind, c.name, remarks(c)));
    if (c.declared != nullptr) report_declared(*c.declared, line);
  }
  line("checks", "regular file, shared object, machine, stack, note, ABI version, config schema: passed");
  line("permissions", plugin->warnings.empty() ? "passed" : "refused in production:");
  for (const auto& warning : plugin->warnings) line("", warning);
  return text;
}

} // namespace authd::plugin
