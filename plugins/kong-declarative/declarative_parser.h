// SPDX-License-Identifier: Apache-2.0
// Kong's declarative configuration, format 1.1, 2.1 and 3.0, YAML and JSON alike: the consumers and their
// JWT credentials, and nothing else of it. What Kong would refuse there is refused here as well, with its
// line, since Kong and authd are to be served by one file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "consumer_index.h"
#include "env_references.h"

namespace authd::kong_declarative {

struct Problem {
  std::size_t line = 0; // from 1; 0: the whole file
  std::string what;     // never holds a secret
};

struct Parsed {
  ConsumerIndex index;
  std::vector<std::size_t> reference_lines; // with ${{ env }}, which Kong itself does not fill in
};

// Either everything or, in the order of the file, all that is wrong with it. Only references in what is
// read are filled in: authd does not need the secrets of the file's other parts.
std::variant<Parsed, std::vector<Problem>> parse(std::string_view text, const Environment& environment);

} // namespace authd::kong_declarative
