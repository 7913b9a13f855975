// SPDX-License-Identifier: Apache-2.0
// Every byte of a plugin's file is somebody else's. Run under asan these tests also prove that nothing
// outside of it is read: each variant lies in an allocation of its exact size.
#include "plugin/elf_image.h"

#include <algorithm>
#include <cstring>
#include <random>

#include <elf.h>
#include <gtest/gtest.h>

#include "fixtures.h"
#include "plugin/note_reader.h"

namespace authd::plugin {
namespace {

using test::built_plugin;
using test::read_file;

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view plugin) {
  const std::string text = read_file(built_plugin(plugin));
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

bool within(ByteView part, const Bytes& whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// Reads as the loader would, note included; true if all of it was found in order.
bool survives(const Bytes& file) {
  const auto image = read_elf(file);
  if (!image) return false;
  if (!image->note) return false;
  EXPECT_TRUE(within(*image->note, file));
  const Bytes descriptor(image->note->begin(), image->note->end());
  return read_note(descriptor).has_value();
}

Elf64_Ehdr header_of(const Bytes& file) {
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

// Where the program headers end: beyond that only the note is read.
std::size_t end_of_tables(const Bytes& file) {
  const auto header = header_of(file);
  return static_cast<std::size_t>(header.e_phoff) + header.e_phnum * sizeof(Elf64_Phdr);
}

void patch_header(Bytes& file, void (*change)(Elf64_Ehdr&)) {
  Elf64_Ehdr header = header_of(file);
  change(header);
  std::memcpy(file.data(), &header, sizeof header);
}

} // namespace

TEST(ElfImage, FindsTheNoteOfARealPlugin) {
  const Bytes file = bytes_of("sample");
  const auto image = read_elf(file);
  ASSERT_TRUE(image.has_value()) << image.error().why;
  EXPECT_TRUE(image->shared_object);
  EXPECT_FALSE(image->executable_stack);
  ASSERT_TRUE(image->note.has_value());
  EXPECT_TRUE(read_note(*image->note).has_value());
}

TEST(ElfImage, SurvivesTruncationAtEveryOffset) {
  const Bytes file = bytes_of("sample");
  ASSERT_TRUE(survives(file));
  const auto note = *read_elf(file)->note;
  const auto headers_and_note = static_cast<std::size_t>(note.data() + note.size() - file.data());
  for (std::size_t n = 0; n < file.size(); n += n < headers_and_note ? 1 : 101) {
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
    ASSERT_FALSE(survives(cut)) << "cut at " << n;
  }
  EXPECT_FALSE(survives(Bytes(file.begin(), file.end() - 1)));
}

// Without section headers, as some strip them, what is mapped must still be there.
TEST(ElfImage, RefusesASegmentBeyondTheEndOfItsFile) {
  Bytes file = bytes_of("sample");
  patch_header(file, [](Elf64_Ehdr& h) { h.e_shoff = 0; });
  EXPECT_TRUE(survives(file));
  std::uint64_t end = 0;
  const auto header = header_of(file);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof(Elf64_Phdr), sizeof segment);
    if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  file.resize(static_cast<std::size_t>(end));
  EXPECT_TRUE(survives(file));
  file.pop_back();
  EXPECT_FALSE(survives(file));
}

TEST(ElfImage, SurvivesEveryFlippedBitOfHeadersAndNote) {
  Bytes file = bytes_of("sample");
  const auto note = *read_elf(file)->note;
  const auto note_end = static_cast<std::size_t>(note.data() + note.size() - file.data());
  const std::size_t note_start = note_end - note.size() - sizeof(Elf64_Nhdr) - 8;
  int refused = 0;
  const auto flip_all = [&](std::size_t from, std::size_t to) {
    for (std::size_t at = from; at < to; ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        file[at] ^= std::byte{1} << bit;
        if (!survives(file)) ++refused;
        file[at] ^= std::byte{1} << bit;
      }
    }
  };
  flip_all(0, end_of_tables(file));
  flip_all(note_start, note_end);
  EXPECT_GT(refused, 100) << "the flips did not reach what is read";
  EXPECT_TRUE(survives(file));
}

TEST(ElfImage, SurvivesRandomDamage) {
  const Bytes original = bytes_of("plain-c");
  const auto note = *read_elf(original)->note;
  const auto end = static_cast<std::size_t>(note.data() + note.size() - original.data());
  std::mt19937 random(20261122); // fixed: a failure can be repeated
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes file = original;
    for (auto left = 1 + random() % 8; left > 0; --left) file[random() % end] = std::byte(random() & 0xFF);
    if (!survives(file)) ++refused;
  }
  EXPECT_GT(refused, 1000);
}

TEST(ElfImage, RefusesWhatIsNotElf) {
  for (const std::string_view text : {"", "#!/bin/sh\n",
                                      "\x7f"
                                      "EL",
                                      "\x7f"
                                      "ELF"}) {
    const auto image = read_elf(std::as_bytes(std::span(text)));
    ASSERT_FALSE(image.has_value()) << text;
    EXPECT_FALSE(image.error().other_machine);
  }
}

TEST(ElfImage, NamesTheOtherMachine) {
  Bytes file = bytes_of("sample");
  const auto own = header_of(file).e_machine;
  patch_header(file, [](Elf64_Ehdr& h) { h.e_machine = h.e_machine == EM_S390 ? EM_X86_64 : EM_S390; });
  const auto image = read_elf(file);
  ASSERT_FALSE(image.has_value());
  EXPECT_TRUE(image.error().other_machine);
  EXPECT_NE(image.error().why.find(own == EM_S390 ? "x86-64" : "s390x"), std::string::npos) << image.error().why;
}

TEST(ElfImage, RefusesTheOtherClassAndByteOrder) {
  Bytes narrow = bytes_of("sample");
  patch_header(narrow, [](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; });
  EXPECT_TRUE(read_elf(narrow).error().other_machine);
  Bytes swapped = bytes_of("sample");
  patch_header(swapped, [](Elf64_Ehdr& h) { h.e_ident[EI_DATA] ^= 3; });
  EXPECT_TRUE(read_elf(swapped).error().other_machine);
}

TEST(ElfImage, KnowsAnExecutableFromASharedObject) {
  Bytes file = bytes_of("sample");
  patch_header(file, [](Elf64_Ehdr& h) { h.e_type = ET_EXEC; });
  EXPECT_FALSE(read_elf(file)->shared_object);
}

TEST(ElfImage, SeesAnExecutableStack) { EXPECT_TRUE(read_elf(bytes_of("bad-executable-stack"))->executable_stack); }

// The dynamic linker makes the stack executable when the header is missing.
TEST(ElfImage, TakesAMissingStackHeaderForAnExecutableStack) {
  Bytes file = bytes_of("sample");
  const auto header = header_of(file);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    std::byte* at = file.data() + header.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, at, sizeof segment);
    if (segment.p_type == PT_GNU_STACK) segment.p_type = PT_NULL;
    std::memcpy(at, &segment, sizeof segment);
  }
  EXPECT_TRUE(read_elf(file)->executable_stack);
}

TEST(ElfImage, ReportsNoNoteWhereThereIsNone) {
  const auto image = read_elf(bytes_of("bad-no-note"));
  ASSERT_TRUE(image.has_value());
  EXPECT_FALSE(image->note.has_value());
}

} // namespace authd::plugin
