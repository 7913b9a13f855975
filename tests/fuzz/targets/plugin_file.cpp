// SPDX-License-Identifier: Apache-2.0
// The input is a plugin's file. Required: the note lies within it; what is read of the note keeps to what note_reader.h
// says; inspecting the file comes to the same verdict, in a report that cannot steer a terminal.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/abi.h"
#include "config/kinds.h"
#include "fuzz_target.h"
#include "plugin/elf_image.h"
#include "plugin/inspection.h"
#include "plugin/note_reader.h"
#include "safe_line.h"

namespace authd::fuzz {
namespace {

using namespace plugin;

// inspect() takes a path; a file in memory has none that realpath(3) finds.
class FileOnDisk {
 public:
  FileOnDisk() {
    fd_ = ::mkstemps(path_, 3);
    if (fd_ < 0) throw std::runtime_error("no temporary file");
  }
  ~FileOnDisk() {
    ::close(fd_);
    ::unlink(path_);
  }
  FileOnDisk(const FileOnDisk&) = delete;
  FileOnDisk& operator=(const FileOnDisk&) = delete;

  const char* holding(Bytes content) {
    const bool written = ::ftruncate(fd_, 0) == 0 &&
                         ::pwrite(fd_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size());
    if (!written) throw std::runtime_error("the temporary file cannot be written");
    return path_;
  }

 private:
  char path_[32] = "/tmp/authd-fuzz-XXXXXX.so";
  int fd_ = -1;
};

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void require_note(const Note& note) {
  require(is_word(note.id) && is_word(note.version), "id and version are words");
  require(!note.components.empty() && note.components.size() <= 64, "a note has 1 to 64 components");
  for (const NoteComponent& c : note.components) {
    require(is_word(c.kind) && is_word(c.name) && (c.mode.empty() || is_word(c.mode)), "a component's names are words");
    require(c.adds.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos,
            "what adds a tier is a variable's name");
    const auto again = canonical_json(c.config_schema);
    require(again && *again == c.config_schema, "a schema that was read is canonical");
  }
}

void require_report(Bytes input, bool loadable) {
  static FileOnDisk file;
  const std::string path = file.holding(input);
  const auto inspected = inspect(path, {.strict_permissions = false, .require_pins = false}, {});
  require(!inspected || loadable, "what is inspected well can be read well");
  if (!inspected) {
    require(is_safe_line(inspected.error().line), "a refusal is one line of text");
    return;
  }
  require_note(inspected->note);
  const auto report = inspect_report(path);
  const std::string& shown = report ? *report : report.error().line;
  for (std::string_view rest = shown; !rest.empty();)
    require(is_safe_line(take_line(rest)), "a report is lines of text");
}

} // namespace

void plugin_file(Bytes input) {
  const ByteView file = std::as_bytes(input);
  const auto image = read_elf(file);
  if (!image) {
    require(is_one_line(image.error().why), "a fault has a reason");
    return;
  }
  if (!image->note) return;
  require(image->note->data() >= file.data() && image->note->data() + image->note->size() <= file.data() + file.size(),
          "the note lies within the file");
  const auto note = read_note(*image->note);
  if (note) require_note(*note);
  require_report(input, note && image->shared_object && !image->executable_stack && note->major == AUTHD_ABI_MAJOR &&
                            note->min_minor <= AUTHD_ABI_MINOR);
}

} // namespace authd::fuzz
