// SPDX-License-Identifier: Apache-2.0
#include "plugin/elf_image.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include <elf.h>
#include <fmt/format.h>

#include "authd/note.h"

namespace authd::plugin {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr std::uint16_t kMachine = EM_S390;
#else
#error "name the ELF machine of this architecture here"
#endif
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

constexpr std::string_view kOwner{AUTHD_NOTE_OWNER, sizeof(AUTHD_NOTE_OWNER)}; // its NUL is part of it

using Fault = authd::Failure<ElfFault>;

Fault damaged(std::string_view why) { return Fault(ElfFault{false, std::string(why)}); }

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
  case EM_386:
    return "32-bit x86";
  case EM_ARM:
    return "32-bit ARM";
  case EM_X86_64:
    return "x86-64";
  case EM_AARCH64:
    return "aarch64";
  case EM_RISCV:
    return "RISC-V";
  case EM_PPC64:
    return "POWER";
  case EM_S390:
    return "s390x";
  default:
    return fmt::format("ELF machine {}", machine);
  }
}

// The part of `bytes` at [offset, offset + size), if it lies within.
std::optional<ByteView> slice(ByteView bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

// Copies, because nothing in a file has to be aligned.
template <class T>
std::optional<T> read(ByteView bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto part = slice(bytes, offset, sizeof(T));
  if (!part) return std::nullopt;
  T value;
  std::memcpy(&value, part->data(), sizeof value);
  return value;
}

// The field positions that differ between classes come after e_machine, so a 32-bit file can be named too.
Result<void, ElfFault> check_machine(const Elf64_Ehdr& header) {
  const bool wide = header.e_ident[EI_CLASS] == ELFCLASS64;
  if (header.e_ident[EI_DATA] != kByteOrder) return Fault(ElfFault{true, "is built for a different byte order"});
  if (wide && header.e_machine == kMachine) return {};
  return Fault(ElfFault{true, fmt::format("is built for {}{}, expected {}", machine_name(header.e_machine),
                                          wide ? "" : " (a 32-bit file)", machine_name(kMachine))});
}

Result<Elf64_Ehdr, ElfFault> read_header(ByteView file) {
  if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) return damaged("is not an ELF file");
  const auto header = read<Elf64_Ehdr>(file, 0);
  if (!header) return damaged("is cut off within its ELF header");
  if (auto machine = check_machine(*header); !machine) return Fault(machine.error());
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == PN_XNUM)
    return damaged("has a program header table of an unknown form");
  // Linkers write the section headers last, so a file that holds them whole has not been cut off.
  if (header->e_shoff != 0 && !slice(file, header->e_shoff, std::uint64_t{header->e_shnum} * header->e_shentsize))
    return damaged("is cut off: its section headers lie beyond its end");
  return *header;
}

constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

// Looks for authd's note among those of one PT_NOTE segment.
Result<void, ElfFault> find_note(ByteView segment, std::uint64_t alignment, std::optional<ByteView>& found) {
  std::uint64_t at = 0;
  while (at < segment.size()) {
    const auto header = read<Elf64_Nhdr>(segment, at);
    if (!header) return damaged("has a note that is cut off");
    const std::uint64_t name_at = at + sizeof(Elf64_Nhdr);
    const std::uint64_t desc_at = align_up(name_at + header->n_namesz, alignment);
    const auto name = slice(segment, name_at, header->n_namesz);
    const auto desc = slice(segment, desc_at, header->n_descsz);
    if (!name || !desc) return damaged("has a note that is longer than its segment");
    if (header->n_type == AUTHD_NOTE_TYPE && name->size() == kOwner.size() &&
        std::memcmp(name->data(), kOwner.data(), kOwner.size()) == 0) {
      if (found) return damaged("has more than one " AUTHD_NOTE_SECTION);
      found = *desc;
    }
    at = align_up(desc_at + header->n_descsz, alignment);
  }
  return {};
}

Result<void, ElfFault> read_segment(ByteView file, const Elf64_Phdr& segment, ElfImage& image) {
  if (segment.p_type == PT_GNU_STACK) image.executable_stack = (segment.p_flags & PF_X) != 0;
  // It would be mapped all the same, and give a SIGBUS when it is touched.
  if (segment.p_type == PT_LOAD && !slice(file, segment.p_offset, segment.p_filesz))
    return damaged("is cut off: a segment lies beyond its end");
  if (segment.p_type != PT_NOTE) return {};
  const auto content = slice(file, segment.p_offset, segment.p_filesz);
  if (!content) return damaged("has notes beyond its end");
  return find_note(*content, segment.p_align == 8 ? 8 : 4, image.note);
}

} // namespace

Result<ElfImage, ElfFault> read_elf(ByteView file) {
  const auto header = read_header(file);
  if (!header) return Fault(header.error());
  ElfImage image;
  image.shared_object = header->e_type == ET_DYN;
  image.executable_stack = true;
  const std::uint64_t table_size = std::uint64_t{header->e_phnum} * sizeof(Elf64_Phdr);
  const auto table = slice(file, header->e_phoff, table_size);
  if (!table) return damaged("has a program header table beyond its end");
  for (std::uint64_t at = 0; at < table_size; at += sizeof(Elf64_Phdr)) {
    if (auto segment = read_segment(file, *read<Elf64_Phdr>(*table, at), image); !segment)
      return Fault(segment.error());
  }
  return image;
}

} // namespace authd::plugin
