// SPDX-License-Identifier: Apache-2.0
// What the loader must know of a shared object, read from its bytes alone. The bytes are not trusted:
// every offset is checked against the size before it is followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace authd::plugin {

using ByteView = std::span<const std::byte>;

struct ElfImage {
  bool shared_object = false;    // ET_DYN
  bool executable_stack = false; // PT_GNU_STACK says so, or is missing: the linker takes that for a yes
  std::optional<ByteView> note;  // descriptor of the note with authd's owner and type; borrows the input
};

struct ElfFault {
  bool other_machine = false; // well-formed, for another class, byte order or machine
  std::string why;            // "is built for aarch64, expected x86-64"
};

Result<ElfImage, ElfFault> read_elf(ByteView file);

} // namespace authd::plugin
