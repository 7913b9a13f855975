// SPDX-License-Identifier: Apache-2.0
#include "plugin/loader.h"

#include <exception>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>

#include "plugin/descriptor.h"
#include "plugin/instance.h"
#include "plugin/mapped_library.h"

namespace authd::plugin {
namespace {

using Refused = authd::Failure<Refusal>;

// For code that runs before there is an instance to set a deadline for: constructors of globals, the entry.
constexpr seconds kLoadingDeadline{10};

Result<authd_plugin_v1_fn, Refusal> find_entry(const InspectedPlugin& inspected, const Callee& callee) {
  const EnteredCall entered(callee, "dlopen", steady_now() + kLoadingDeadline);
  const auto library = map_library(inspected.path, inspected.sha256);
  if (!library) return Refused(library.error());
  void* entry = ::dlsym(*library, AUTHD_PLUGIN_ENTRY);
  if (entry == nullptr)
    return refuse(RefusalCode::no_entry, inspected.path, "does not export " AUTHD_PLUGIN_ENTRY,
                  "Use AUTHD_PLUGIN, or export the function with default visibility");
  return reinterpret_cast<authd_plugin_v1_fn>(entry);
}

Result<const authd_plugin*, Refusal> ask_for_descriptor(const std::string& path, authd_plugin_v1_fn entry,
                                                        const Callee& callee) {
  const EnteredCall entered(callee, AUTHD_PLUGIN_ENTRY, steady_now() + kLoadingDeadline);
  try {
    return entry(AUTHD_ABI_MINOR);
  } catch (...) {
    return refuse(RefusalCode::bad_descriptor, path, AUTHD_PLUGIN_ENTRY " threw an exception",
                  "Rebuild it with the SDK's AUTHD_PLUGIN");
  }
}

Result<authd_component, Refusal> open(const InspectedPlugin& inspected, const NoteComponent& wanted,
                                      const std::string& instance) {
  const Callee& who = callee(inspected.note.id, instance);
  const auto entry = find_entry(inspected, who);
  if (!entry) return Refused(entry.error());
  const auto descriptor = ask_for_descriptor(inspected.path, *entry, who);
  if (!descriptor) return Refused(descriptor.error());
  return match_descriptor(*descriptor, inspected, wanted);
}

void report(Log& log, const InspectedPlugin& inspected, const config::PluginUse& use) {
  for (const auto& warning : inspected.warnings)
    log.write(Level::warn, "plugin-not-trusted", warning, {{"authd.plugin.id", inspected.note.id}});
  log.write(Level::info, "plugin-loaded", fmt::format("{} {}", inspected.note.id, inspected.note.version),
            {{"authd.plugin.id", inspected.note.id},
             {"authd.plugin.instance", use.name},
             {"file.path", inspected.path},
             {"file.hash.sha256", inspected.sha256}});
}

} // namespace

Loader::Loader(TrustPolicy policy, Services services, Log& log)
    : policy_(policy), services_(std::move(services)), log_(log) {}

Result<std::shared_ptr<Instance>, Refusal> Loader::load(const config::PluginUse& use, std::string_view dir,
                                                        std::string_view pin, std::string_view kind) const {
  const auto inspected = inspect(plugin_path(use.plugin, dir), policy_, use.sha256.empty() ? pin : use.sha256);
  if (!inspected) return Refused(inspected.error());
  const auto wanted = select_component(*inspected, kind, use.plugin);
  if (!wanted) return Refused(wanted.error());
  const auto component = open(*inspected, **wanted, use.name);
  if (!component) return Refused(component.error());
  const Note& note = inspected->note;
  auto instance = create_instance(
      *component,
      {note.id, note.version, inspected->path, note.min_minor, (*wanted)->mode, (*wanted)->declared, use.base_url},
      use.name, use.settings, services_, log_, use.tls.identity);
  if (instance) report(log_, *inspected, use);
  return instance;
}

Result<std::shared_ptr<Instance>, Refusal> adopt(const authd_component& component, std::string name,
                                                 config::PluginSettings settings, Log& log, Services services,
                                                 unsigned min_minor) {
  const std::string_view defect = defect_of(component);
  if (!defect.empty())
    return refuse(RefusalCode::bad_descriptor, name, fmt::format("has a component without {}", defect),
                  "Set every required member of its tables");
  return create_instance(component, {component.name, "", "", min_minor, "", nullptr}, std::move(name),
                         std::move(settings), std::move(services), log);
}

} // namespace authd::plugin
