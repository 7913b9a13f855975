// SPDX-License-Identifier: Apache-2.0
// Why a plugin is not loaded. The codes are stable: docs/plugins.md explains each, and a test compares.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace authd::plugin {

enum class RefusalCode : std::uint8_t {
  bad_name = 1,
  unreadable = 2,
  not_regular = 3,
  owner = 4,
  writable = 5,
  folder_owner = 6,
  folder_writable = 7,
  pin_differs = 8,
  pin_missing = 9,
  not_elf = 10,
  architecture = 11,
  abi_version = 12,
  executable_stack = 13,
  no_note = 14,
  bad_note = 15,
  not_linkable = 16,
  no_entry = 17,
  bad_descriptor = 18,
  note_differs = 19,
  no_component = 20,
  operation_missing = 21,
  service_missing = 22,
  create_failed = 23,
  create_threw = 24,
  start_failed = 25,
  written_over = 26,
};

struct RefusalInfo {
  RefusalCode code;
  std::string_view title; // as docs/plugins.md has it
};

inline constexpr std::array kRefusals{
    RefusalInfo{RefusalCode::bad_name, "neither a bare name nor an absolute path"},
    RefusalInfo{RefusalCode::unreadable, "missing or not readable"},
    RefusalInfo{RefusalCode::not_regular, "not a regular file"},
    RefusalInfo{RefusalCode::owner, "file owned by somebody else"},
    RefusalInfo{RefusalCode::writable, "file writable by others"},
    RefusalInfo{RefusalCode::folder_owner, "folder owned by somebody else"},
    RefusalInfo{RefusalCode::folder_writable, "folder writable by others"},
    RefusalInfo{RefusalCode::pin_differs, "sha256 differs from the pin"},
    RefusalInfo{RefusalCode::pin_missing, "not pinned"},
    RefusalInfo{RefusalCode::not_elf, "not a shared object"},
    RefusalInfo{RefusalCode::architecture, "built for another machine"},
    RefusalInfo{RefusalCode::abi_version, "incompatible ABI version"},
    RefusalInfo{RefusalCode::executable_stack, "executable stack"},
    RefusalInfo{RefusalCode::no_note, "no note"},
    RefusalInfo{RefusalCode::bad_note, "invalid note"},
    RefusalInfo{RefusalCode::not_linkable, "the dynamic linker refuses it"},
    RefusalInfo{RefusalCode::no_entry, "entry symbol missing"},
    RefusalInfo{RefusalCode::bad_descriptor, "invalid descriptor"},
    RefusalInfo{RefusalCode::note_differs, "descriptor and note differ"},
    RefusalInfo{RefusalCode::no_component, "no such component"},
    RefusalInfo{RefusalCode::operation_missing, "a required operation is missing"},
    RefusalInfo{RefusalCode::service_missing, "a required service is missing"},
    RefusalInfo{RefusalCode::create_failed, "create failed"},
    RefusalInfo{RefusalCode::create_threw, "create threw"},
    RefusalInfo{RefusalCode::start_failed, "start failed"},
    RefusalInfo{RefusalCode::written_over, "overwritten in place"},
};

std::string code_of(RefusalCode code); // "AP-012"

// One line that says what, why and the remedy, ending in its code, e.g.
// "acme-kong.so: needs plugin ABI 1.4, this authd provides 1.2. Rebuild with AUTHD_TARGET_MINOR=2 or use
// an authd with ABI 1.4 or newer. [AP-012]"
struct Refusal {
  RefusalCode code = RefusalCode::unreadable;
  std::string line;

  // What a plugin itself found wrong in create or start, one by one.
  struct Problem {
    std::string setting; // RFC 6901 pointer of the one at fault; empty: none was named
    std::string what;
    std::string line; // the problem as a refusal of its own
  };
  std::vector<Problem> problems = {}; // empty: the host refused it
};

// `why` and `remedy` without a final full stop.
Refusal refusal(RefusalCode code, std::string_view what, std::string_view why, std::string_view remedy);

// The same as a failed Result.
inline authd::Failure<Refusal> refuse(RefusalCode code, std::string_view what, std::string_view why,
                                      std::string_view remedy) {
  return authd::Failure<Refusal>(refusal(code, what, why, remedy));
}

} // namespace authd::plugin
