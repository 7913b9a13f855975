// SPDX-License-Identifier: Apache-2.0
// From an address in this process to the function that is there. Names come from the symbol tables of the files that
// are mapped: .symtab, else .dynsym. What was inlined is named as the function that it was inlined into.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profiling/profile.h"

namespace authd::profiling {

// The functions of one ELF file of this machine. Every offset is checked against the size before it is followed.
class SymbolTable {
 public:
  SymbolTable() = default;
  explicit SymbolTable(std::string_view file); // the bytes; malformed: it names nothing
  // The mangled name of the function at an offset in the file; nullopt: none is known there.
  std::optional<std::string> at(std::uint64_t file_offset) const;

 private:
  struct Function {
    std::uint64_t size;
    std::string name;
  };
  std::map<std::uint64_t, Function> by_offset_; // in the file
};

// What is mapped when it is made. Reads a file when the first address in it is looked up. [may-block]
class Symbols {
 public:
  Symbols();
  Frame at(std::uintptr_t address);

 private:
  struct Mapping {
    std::uintptr_t end;
    std::uint64_t offset; // in the file
    std::uint64_t inode;
    std::string path;
  };
  const SymbolTable& table_of(const Mapping& mapping);

  std::map<std::uintptr_t, Mapping> mappings_; // by where they start
  std::map<std::string, SymbolTable> tables_;  // by path
};

} // namespace authd::profiling
