// SPDX-License-Identifier: Apache-2.0
#include "config/plugin_settings.h"

#include "config/checker.h"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>

#include <fmt/format.h>

namespace authd::config {
namespace {

void narrow(Shape& host, const Shape& plugin) {
  if (plugin.minimum) host.minimum = std::max(host.minimum.value_or(*plugin.minimum), *plugin.minimum);
  if (plugin.maximum) host.maximum = std::min(host.maximum.value_or(*plugin.maximum), *plugin.maximum);
}

// RFC 6901, sections 3 and 4.
std::string pointer_token(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string name_of_token(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const std::string_view escape = token.substr(i, 2);
    const bool escaped = escape == "~0" || escape == "~1";
    out += escaped ? (escape == "~1" ? '/' : '~') : token[i];
    if (escaped) ++i;
  }
  return out;
}

PluginValue::Type type_of(Node::Kind kind) {
  switch (kind) {
  case Node::Kind::boolean:
    return PluginValue::Type::boolean;
  case Node::Kind::integer:
    return PluginValue::Type::integer;
  case Node::Kind::number:
    return PluginValue::Type::number;
  case Node::Kind::array:
    return PluginValue::Type::array;
  case Node::Kind::table:
    return PluginValue::Type::object;
  default:
    return PluginValue::Type::string;
  }
}

// A file that was renewed under the same path is another setting: else a reload would keep the instance that
// has read the old one. Replacing it changes the inode, writing to it the time. What no reload changes is a file that
// the plugin itself writes to (x-authd-reload).
std::string file_state(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return "";
  return fmt::format("{}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

class Exporter {
 public:
  Exporter(PluginSettings& out, const Problems& problems) : out_(out), problems_(problems) {}

  // What an item, a member or the whole table is called, in a pointer and in a path.
  struct Name {
    std::string pointer;
    std::string path;
  };

  void put(const Node& node, const Shape& shape, const Name& name, bool secret) {
    PluginValue value;
    value.type = type_of(node.kind);
    value.integer = node.integer;
    value.number = node.number;
    value.text = node.text;
    if (shape.format == Format::path && shape.reloadable)
      value.file_state = file_state(std::string(node.text.reveal()));
    value.unknown = node.unknown;
    value.secret = secret || shape.secret || node.withheld;
    if (node.kind == Node::Kind::array) value.integer = static_cast<std::int64_t>(put_items(node, shape, name));
    if (node.kind == Node::Kind::table) value.integer = static_cast<std::int64_t>(put_members(node, shape, name));
    note_place(node, name);
    out_.values.insert_or_assign(name.pointer, std::move(value));
  }

  void note_place(const Node& node, const Name& name) {
    out_.places.by_pointer.insert_or_assign(name.pointer, problems_.place(node.origin, name.path));
  }

  std::size_t put_members(const Node& table, const Shape& shape, const Name& name) {
    std::vector<std::string>& names = out_.keys[name.pointer];
    for (const Property& p : shape.properties) {
      const Node* member = table.find(p.name);
      if (member == nullptr) continue;
      names.push_back(p.name);
      put(*member, p.shape, {name.pointer + "/" + pointer_token(p.name), child_path(name.path, p.name)}, shape.secret);
    }
    return names.size();
  }

 private:
  std::size_t put_items(const Node& array, const Shape& shape, const Name& name) {
    for (std::size_t i = 0; i < array.items.size(); ++i) {
      put(array.items[i], shape.items.front(),
          {fmt::format("{}/{}", name.pointer, i), fmt::format("{}[{}]", name.path, i)}, shape.secret);
    }
    return array.items.size();
  }

  PluginSettings& out_;
  const Problems& problems_;
};

} // namespace

Result<Shape, std::string> merged(Shape host, const Shape& plugin) {
  for (const Property& p : plugin.properties) {
    auto at = std::find_if(host.properties.begin(), host.properties.end(),
                           [&](const Property& h) { return h.name == p.name; });
    if (at == host.properties.end()) {
      host.properties.push_back(p);
    } else if (at->shape.not_built || at->shape.yields_to_plugin) {
      *at = p; // which the plugin does itself
    } else if (at->shape.type == p.shape.type && at->shape.unit == p.shape.unit) {
      narrow(at->shape, p.shape);
    } else {
      return tl::unexpected(fmt::format("its setting \"{}\" belongs to the host and has another type or unit", p.name));
    }
  }
  return host;
}

PluginSettings plugin_settings(const Node& table, const Shape& plugin, const std::string& path,
                               const Problems& problems) {
  PluginSettings settings;
  Exporter exporter(settings, problems);
  exporter.put_members(table, plugin, {"", path});
  exporter.note_place(table, {"", path});
  return settings;
}

std::string place_of(const PluginSettings& settings, std::string_view pointer) {
  const auto& places = settings.places.by_pointer;
  if (const auto known = places.find(pointer); known != places.end()) return known->second;
  const auto slash = pointer.rfind('/');
  if (slash == std::string_view::npos) return std::string(pointer); // no pointer, or a table that is unknown
  const std::string around = place_of(settings, pointer.substr(0, slash));
  return child_path(around, name_of_token(pointer.substr(slash + 1)));
}

std::string plugin_name(std::string_view plugin) {
  std::string name = std::filesystem::path(plugin).filename().string();
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  return name;
}

} // namespace authd::config
