// SPDX-License-Identifier: Apache-2.0
// What the ELF note says (authd/note.h), read without running anything of the plugin.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/declared.h"
#include "plugin/elf_image.h"

namespace authd::plugin {

struct NoteComponent {
  std::string kind; // "authd.gateway/1"
  std::string name;
  std::string config_schema; // JSON text as canonical_json writes it
  // Since 1.1; empty: not said.
  std::string mode = {};           // what /health calls this adapter: "API_GATEWAY"
  std::string adds = {};           // the environment variable that adds this tier: "REDIS_ENABLED"
  std::optional<bool> remote = {}; // whether a tier's values leave the process
  // Since 1.3; null: it declares nothing.
  std::shared_ptr<const Declared> declared = {};
};

struct Note {
  std::uint32_t major = 0;
  std::uint32_t min_minor = 0;
  std::string id;
  std::string version;
  std::string sdk;       // empty: not said
  std::string toolchain; // empty: not said
  std::vector<NoteComponent> components;
};

// The text of a JSON object without blanks, members in their order, so that two texts can be compared.
// The error says what is wrong with it.
Result<std::string, std::string> canonical_json(std::string_view object_text);

// The two versions alone, for a note of another major whose text may have another form.
Result<Note, std::string> read_note_version(ByteView descriptor);

// All of it; the error says what is wrong. Ids, names, kinds, versions and modes are 1 to 128 visible ASCII
// characters, a variable's name is capitals, digits and underscores; components are 1 to 64, no two with the same kind
// and name.
Result<Note, std::string> read_note(ByteView descriptor);

} // namespace authd::plugin
