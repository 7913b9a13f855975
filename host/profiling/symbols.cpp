// SPDX-License-Identifier: Apache-2.0
#include "profiling/symbols.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string_view>

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace authd::profiling {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Segment = ElfW(Phdr);
using Symbol = ElfW(Sym);

// Reads of a file of which nothing is trusted.
class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}
  std::string_view range(std::uint64_t at, std::uint64_t size) const {
    return at <= all_.size() && size <= all_.size() - at ? all_.substr(at, size) : std::string_view();
  }
  template <class T>
  bool read(std::uint64_t at, T& out) const {
    const std::string_view bytes = range(at, sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&out, bytes.data(), sizeof(T));
    return bytes.size() == sizeof(T);
  }

 private:
  std::string_view all_;
};

bool is_native(const Header& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) &&
         header.e_shentsize == sizeof(Section) && header.e_phentsize == sizeof(Segment);
}

std::optional<Section> section_of_type(const Bytes& file, const Header& header, unsigned type) {
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Section section;
    if (file.read(header.e_shoff + i * sizeof(Section), section) && section.sh_type == type) return section;
  }
  return std::nullopt;
}

std::vector<Segment> code_segments(const Bytes& file, const Header& header) {
  std::vector<Segment> found;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Segment segment;
    if (file.read(header.e_phoff + i * sizeof(Segment), segment) && segment.p_type == PT_LOAD) found.push_back(segment);
  }
  return found;
}

std::optional<std::uint64_t> file_offset(const std::vector<Segment>& segments, std::uint64_t address) {
  for (const Segment& s : segments) {
    if (address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz) return address - s.p_vaddr + s.p_offset;
  }
  return std::nullopt;
}

bool is_function(const Symbol& symbol) {
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF;
}

std::string text_at(std::string_view strings, std::uint64_t at) {
  if (at >= strings.size()) return {};
  const std::string_view rest = strings.substr(at);
  return std::string(rest.substr(0, rest.find('\0')));
}

std::string demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 ? text.get() : name;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string program_name() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).filename().string();
}

// A file that was replaced after it was mapped is another inode: its symbols would be wrong.
SymbolTable read_table(const std::string& path, std::uint64_t inode) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  struct stat status {};
  SymbolTable table;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == inode && status.st_size > 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes != MAP_FAILED) {
      table = SymbolTable({static_cast<const char*>(bytes), size});
      ::munmap(bytes, size);
    }
  }
  ::close(fd);
  return table;
}

} // namespace

SymbolTable::SymbolTable(std::string_view bytes) {
  const Bytes file(bytes);
  Header header;
  if (!file.read(0, header) || !is_native(header)) return;
  auto symbols = section_of_type(file, header, SHT_SYMTAB);
  if (!symbols) symbols = section_of_type(file, header, SHT_DYNSYM);
  Section strings;
  if (!symbols || !file.read(header.e_shoff + symbols->sh_link * sizeof(Section), strings)) return;
  const std::string_view names = file.range(strings.sh_offset, strings.sh_size);
  const std::string_view table = file.range(symbols->sh_offset, symbols->sh_size);
  const std::vector<Segment> segments = code_segments(file, header);
  for (std::size_t at = 0; at + sizeof(Symbol) <= table.size(); at += sizeof(Symbol)) {
    Symbol symbol;
    std::memcpy(&symbol, table.data() + at, sizeof(symbol));
    const auto offset = is_function(symbol) ? file_offset(segments, symbol.st_value) : std::nullopt;
    if (offset) by_offset_.insert({*offset, {symbol.st_size, text_at(names, symbol.st_name)}});
  }
}

std::optional<std::string> SymbolTable::at(std::uint64_t file_offset) const {
  auto next = by_offset_.upper_bound(file_offset);
  if (next == by_offset_.begin()) return std::nullopt;
  const auto& [start, function] = *--next;
  // Assembly has symbols without a size.
  if (function.size != 0 && file_offset - start >= function.size) return std::nullopt;
  return function.name;
}

// proc_pid_maps(5): "start-end perms offset dev inode path".
Symbols::Symbols() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream in(line);
    std::uintptr_t start = 0;
    Mapping mapping{};
    char dash = 0;
    std::string permissions, device;
    in >> std::hex >> start >> dash >> mapping.end >> permissions >> mapping.offset >> device >> std::dec >>
        mapping.inode >> std::ws;
    std::getline(in, mapping.path);
    if (permissions.find('x') != std::string::npos) mappings_.emplace(start, std::move(mapping));
  }
}

const SymbolTable& Symbols::table_of(const Mapping& mapping) {
  const auto known = tables_.find(mapping.path);
  if (known != tables_.end()) return known->second;
  return tables_.emplace(mapping.path, read_table(mapping.path, mapping.inode)).first->second;
}

Frame Symbols::at(std::uintptr_t address) {
  auto next = mappings_.upper_bound(address);
  if (next == mappings_.begin()) return {"(unknown)", ""};
  const auto& [start, mapping] = *--next;
  if (address >= mapping.end || mapping.path.empty()) return {"(unknown)", ""};
  const std::uint64_t offset = address - start + mapping.offset;
  const std::string object = base_name(mapping.path);
  const auto name = mapping.inode != 0 ? table_of(mapping).at(offset) : std::nullopt;
  return {name && !name->empty() ? demangled(*name) : fmt::format("{}+{:#x}", object, offset), object};
}

namespace {

// One index per frame, however many addresses are in it.
class Naming {
 public:
  explicit Naming(std::vector<Frame>& frames) : frames_(frames) {}
  std::uint32_t index_of(std::uintptr_t address) {
    const auto [at, is_new] = by_address_.try_emplace(address, 0);
    if (is_new) at->second = index_of(symbols_.at(address));
    return at->second;
  }

 private:
  std::uint32_t index_of(Frame frame) {
    const auto [at, is_new] =
        by_name_.try_emplace({frame.object, frame.function}, static_cast<std::uint32_t>(frames_.size()));
    if (is_new) frames_.push_back(std::move(frame));
    return at->second;
  }

  Symbols symbols_;
  std::vector<Frame>& frames_;
  std::map<std::uintptr_t, std::uint32_t> by_address_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> by_name_;
};

// Its own innermost frames say nothing of who allocates.
void drop_allocator(std::vector<std::uint32_t>& stack, const std::vector<Frame>& frames) {
  const auto caller = std::find_if(stack.begin(), stack.end(), [&](std::uint32_t frame) {
    return !frames[frame].object.starts_with("libtcmalloc");
  });
  stack.erase(stack.begin(), caller);
}

} // namespace

Profile name(const Recording& recording) {
  Profile profile{recording.type, program_name(), recording.started, recording.stopped, recording.period, {}, {}};
  Naming naming(profile.frames);
  for (const Sample& sample : recording.samples) {
    NamedSample named{{}, sample.thread, sample.count, sample.value};
    for (const std::uintptr_t address : sample.stack) named.stack.push_back(naming.index_of(address));
    if (recording.type == Type::heap) drop_allocator(named.stack, profile.frames);
    profile.samples.push_back(std::move(named));
  }
  std::stable_sort(profile.samples.begin(), profile.samples.end(),
                   [](const NamedSample& a, const NamedSample& b) { return a.thread < b.thread; });
  return profile;
}

} // namespace authd::profiling
