// SPDX-License-Identifier: Apache-2.0
#include "config/plugin_settings.h"

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

// RFC 6901, section 3.
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
// has read the old one. Replacing it changes the inode, writing to it the time.
std::string file_state(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return "";
  return fmt::format("{}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

class Exporter {
 public:
  explicit Exporter(PluginSettings& out) : out_(out) {}

  void put(const Node& node, const Shape& shape, const std::string& pointer, bool secret) {
    PluginValue value;
    value.type = type_of(node.kind);
    value.integer = node.integer;
    value.number = node.number;
    value.text = node.text;
    if (shape.format == Format::path) value.file_state = file_state(std::string(node.text.reveal()));
    value.secret = secret || shape.secret || node.withheld;
    if (node.kind == Node::Kind::array)
      value.integer = static_cast<std::int64_t>(put_items(node, shape, pointer));
    if (node.kind == Node::Kind::table)
      value.integer = static_cast<std::int64_t>(put_members(node, shape, pointer));
    out_.values.insert_or_assign(pointer, std::move(value));
  }

  std::size_t put_members(const Node& table, const Shape& shape, const std::string& pointer) {
    std::vector<std::string>& names = out_.keys[pointer];
    for (const Property& p : shape.properties) {
      const Node* member = table.find(p.name);
      if (member == nullptr) continue;
      names.push_back(p.name);
      put(*member, p.shape, pointer + "/" + pointer_token(p.name), shape.secret);
    }
    return names.size();
  }

 private:
  std::size_t put_items(const Node& array, const Shape& shape, const std::string& pointer) {
    for (std::size_t i = 0; i < array.items.size(); ++i) {
      put(array.items[i], shape.items.front(), fmt::format("{}/{}", pointer, i), shape.secret);
    }
    return array.items.size();
  }

  PluginSettings& out_;
};

} // namespace

Result<Shape, std::string> merged(Shape host, const Shape& plugin) {
  for (const Property& p : plugin.properties) {
    auto at = std::find_if(host.properties.begin(), host.properties.end(),
                           [&](const Property& h) { return h.name == p.name; });
    if (at == host.properties.end()) {
      host.properties.push_back(p);
    } else if (at->shape.not_built) {
      *at = p; // which the plugin does itself
    } else if (at->shape.type == p.shape.type && at->shape.unit == p.shape.unit) {
      narrow(at->shape, p.shape);
    } else {
      return tl::unexpected(
          fmt::format("its setting \"{}\" is the host's, and of another type or unit", p.name));
    }
  }
  return host;
}

PluginSettings plugin_settings(const Node& table, const Shape& plugin) {
  PluginSettings settings;
  Exporter(settings).put_members(table, plugin, "");
  return settings;
}

std::string plugin_name(std::string_view plugin) {
  std::string name = std::filesystem::path(plugin).filename().string();
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  return name;
}

bool is_remote(const Tier& tier) {
  return !tier.plugin.empty() && plugin_name(tier.plugin) != "cache-memory";
}

} // namespace authd::config
