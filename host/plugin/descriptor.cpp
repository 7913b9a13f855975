// SPDX-License-Identifier: Apache-2.0
#include "plugin/descriptor.h"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/frozen_sizes.h"
#include "config/kinds.h"
#include "plugin/endpoint.h"

namespace authd::plugin {
namespace {

using Refused = authd::Failure<Refusal>;

// A plugin of another minor has another authd_component, so the array is walked in its stride, not ours.
class Components {
 public:
  explicit Components(const authd_plugin& plugin)
      : first_(reinterpret_cast<const std::byte*>(plugin.components)), stride_(plugin.components->size),
        count_(plugin.component_count) {}

  bool well_formed() const {
    if (stride_ < first_size<authd_component>() || stride_ % alignof(authd_component) != 0) return false;
    for (std::size_t i = 0; i < count_; ++i)
      if (given(i)->size != stride_) return false;
    return true;
  }
  authd_component at(std::size_t i) const { return known_part(given(i)); }
  std::size_t count() const { return count_; }

 private:
  const authd_component* given(std::size_t i) const {
    return reinterpret_cast<const authd_component*>(first_ + i * stride_);
  }

  const std::byte* first_;
  std::size_t stride_;
  std::size_t count_;
};

Refused malformed(const InspectedPlugin& inspected, std::string_view why) {
  return refuse(RefusalCode::bad_descriptor, inspected.path, fmt::format("its descriptor {}", why),
                "Rebuild it with the SDK's AUTHD_PLUGIN");
}

Refused differs(const InspectedPlugin& inspected, std::string_view what, std::string_view note,
                std::string_view descriptor) {
  return refuse(RefusalCode::note_differs, inspected.path,
                fmt::format("its note and its descriptor differ in {}: \"{}\" and \"{}\"", what, note, descriptor),
                "Rebuild it with the SDK's AUTHD_PLUGIN, which writes both from the same data");
}

std::string version_text(std::uint32_t major, std::uint32_t minor) { return fmt::format("{}.{}", major, minor); }

std::string_view flag_text(bool flag) { return flag ? "true" : "false"; }

Result<void, Refusal> check_shape(const authd_plugin* plugin, const InspectedPlugin& inspected) {
  if (plugin == nullptr) return malformed(inspected, "is NULL");
  if (!is_whole(plugin)) return malformed(inspected, "is shorter than in ABI 1.0");
  if (plugin->id == nullptr || plugin->version == nullptr) return malformed(inspected, "has no id or no version");
  if (plugin->components == nullptr) return malformed(inspected, "has no components");
  if (plugin->component_count != inspected.note.components.size())
    return differs(inspected, "the number of components", std::to_string(inspected.note.components.size()),
                   std::to_string(plugin->component_count));
  if (!Components(*plugin).well_formed()) return malformed(inspected, "has components of an unknown size");
  return {};
}

Result<void, Refusal> compare_identity(const authd_plugin& plugin, const InspectedPlugin& inspected) {
  const Note& note = inspected.note;
  if (plugin.major != note.major || plugin.min_minor != note.min_minor)
    return differs(inspected, "the ABI version", version_text(note.major, note.min_minor),
                   version_text(plugin.major, plugin.min_minor));
  if (note.id != plugin.id) return differs(inspected, "id", note.id, plugin.id);
  if (note.version != plugin.version) return differs(inspected, "version", note.version, plugin.version);
  return {};
}

std::optional<authd_component> find(const Components& components, const NoteComponent& wanted) {
  for (std::size_t i = 0; i < components.count(); ++i) {
    const authd_component c = components.at(i);
    if (wanted.kind == c.kind && wanted.name == c.name) return c;
  }
  return std::nullopt;
}

// Sealing follows the operations' flags; what the configuration is judged by before the plugin runs must be the same.
Result<void, Refusal> compare_remote(const NoteComponent& said, const authd_component& real,
                                     const InspectedPlugin& inspected) {
  const config::Kind* kind = config::kind_with_id(said.kind);
  if (!said.remote || kind == nullptr || kind->remote == nullptr) return {};
  const bool remote = kind->remote(real.ops);
  if (*said.remote == remote) return {};
  return differs(inspected, "whether values of " + said.name + " leave the process", flag_text(*said.remote),
                 flag_text(remote));
}

Result<void, Refusal> compare_declared(const NoteComponent& said, const authd_component& real,
                                       const InspectedPlugin& inspected) {
  const bool is_endpoint = said.kind == AUTHD_ENDPOINT_V1;
  if (said.declared == nullptr && !is_endpoint) return {};
  static const Declared nothing;
  const Declared& declared = said.declared != nullptr ? *said.declared : nothing;
  std::vector<std::string> needs;
  for (const char* const* need = real.needs; need != nullptr && *need != nullptr; ++need) needs.emplace_back(*need);
  if (needs != declared.needs)
    return differs(inspected, "needs of " + said.name, fmt::format("{}", fmt::join(declared.needs, ", ")),
                   fmt::format("{}", fmt::join(needs, ", ")));
  const std::string fault = is_endpoint ? endpoint_fault(real.ops, declared) : std::string();
  if (!fault.empty()) return malformed(inspected, fmt::format("has a component {} that {}", said.name, fault));
  return {};
}

Result<void, Refusal> compare_components(const Components& components, const InspectedPlugin& inspected) {
  for (std::size_t i = 0; i < components.count(); ++i) {
    const std::string_view defect = defect_of(components.at(i));
    if (!defect.empty()) return malformed(inspected, fmt::format("has a component without {}", defect));
  }
  for (const NoteComponent& said : inspected.note.components) {
    const auto real = find(components, said);
    if (!real) return differs(inspected, "components", said.kind + " " + said.name, "none");
    if (auto ok = compare_remote(said, *real, inspected); !ok) return ok;
    if (auto ok = compare_declared(said, *real, inspected); !ok) return ok;
    const auto schema = canonical_json(real->config_schema);
    if (!schema || *schema != said.config_schema)
      return differs(inspected, "config_schema of " + said.name, said.config_schema, real->config_schema);
  }
  return {};
}

} // namespace

std::string_view defect_of(const authd_component& component) {
  if (!is_whole(&component)) return "the members of ABI 1.0";
  if (component.kind == nullptr) return "kind";
  if (component.name == nullptr) return "name";
  if (component.config_schema == nullptr) return "config_schema";
  if (component.lifecycle == nullptr) return "lifecycle";
  if (!AUTHD_HAS(component.lifecycle, create)) return "create";
  if (!AUTHD_HAS(component.lifecycle, destroy)) return "destroy";
  return {};
}

Result<authd_component, Refusal> match_descriptor(const authd_plugin* descriptor, const InspectedPlugin& inspected,
                                                  const NoteComponent& wanted) {
  if (auto ok = check_shape(descriptor, inspected); !ok) return Refused(ok.error());
  const authd_plugin plugin = known_part(descriptor);
  if (auto ok = compare_identity(plugin, inspected); !ok) return Refused(ok.error());
  const Components components(plugin);
  if (auto ok = compare_components(components, inspected); !ok) return Refused(ok.error());
  return *find(components, wanted); // compare_components has found all of the note's
}

} // namespace authd::plugin
