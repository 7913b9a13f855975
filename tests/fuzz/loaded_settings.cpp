// SPDX-License-Identifier: Apache-2.0
#include "loaded_settings.h"

#include <algorithm>
#include <map>

#include <sys/mman.h>
#include <unistd.h>

#include "config/describe/describing.h"
#include "config/toml_document.h"
#include "fuzz_target.h"
#include "plugin/inspection.h"
#include "safe_line.h"

namespace authd::fuzz {
namespace {

using namespace config;

class FileInMemory {
 public:
  explicit FileInMemory(std::string_view text) : fd_(::memfd_create("authd.toml", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("no file in memory");
  }
  ~FileInMemory() { ::close(fd_); }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// Read once: inspecting a file digests all of it.
const std::map<std::string, PublishedSettings, std::less<>>& published() {
  static const auto kPublished = [] {
    std::map<std::string, PublishedSettings, std::less<>> all;
    for (const char* name : {"kong-gateway", "kong-konnect", "kong-declarative", "cache-memory", "cache-redis"}) {
      const auto plugin =
          plugin::inspect(plugin::plugin_path(name, AUTHD_BUILT_PLUGINS), {.strict_permissions = false}, {});
      if (!plugin) throw std::runtime_error(plugin.error().line);
      const plugin::NoteComponent& component = plugin->note.components.front();
      all[name] = {component.config_schema, component.remote};
    }
    return all;
  }();
  return kPublished;
}

Result<PublishedSettings, Problem> settings_of(std::string_view plugin, std::string_view, std::string_view,
                                               std::string_view, Environment) {
  const auto found = published().find(plugin);
  if (found != published().end()) return found->second;
  return tl::unexpected(Problem{"there is no such plugin [AP-002]"});
}

void require_hidden(std::string_view text, const std::vector<std::string>& planted) {
  for (const std::string& secret : planted) require(text.find(secret) == std::string_view::npos, "no secret is shown");
}

using Values = std::vector<std::pair<std::string, std::string>>;

Values values_of(const Config& config) {
  Values values;
  for (const EffectiveValue& value : config.effective) values.emplace_back(value.path, value.toml);
  return values;
}

void require_loads_again(const Config& config, const std::string& shown) {
  require(parse_toml(shown).has_value(), "what is shown is TOML");
  if (shown.find("[redacted]") != std::string::npos) return;
  const Loaded again = load_text(shown, {});
  if (!again) throw BrokenProperty("what is shown loads: " + again.error().front().line);
  require(values_of(*again) == values_of(config), "what is shown loads to the same");
}

} // namespace

Loaded load_text(std::string_view text, const EnvironmentVariables& variables) {
  const FileInMemory file(text);
  return load(file.path(), variables, settings_of);
}

Loaded load_environment(const EnvironmentVariables& variables) { return load("", variables, settings_of); }

void require_sound(const Loaded& loaded, const std::vector<std::string>& planted) {
  if (!loaded) {
    require(!loaded.error().empty(), "a refusal has a reason");
    for (const Problem& problem : loaded.error()) {
      require(is_safe_line(problem.line), "a problem is one line of text");
      require_hidden(problem.line, planted);
    }
    return;
  }
  for (const std::string& warning : loaded->warnings) require(is_safe_line(warning), "a warning is one line of text");
  const std::string shown = show(*loaded);
  require_hidden(shown, planted);
  require_loads_again(*loaded, shown);
}

} // namespace authd::fuzz
