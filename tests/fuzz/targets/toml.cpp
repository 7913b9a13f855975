// SPDX-License-Identifier: Apache-2.0
// The input is authd.toml; lines of "#env NAME=value" are its environment. Required: loaded_settings.h; and what
// ${env:FUZZ_SECRET} leads to is not shown.
#include "fuzz_target.h"
#include "loaded_settings.h"

namespace authd::fuzz {
namespace {

constexpr std::string_view kVariable = "#env ";
const std::string kPlanted = "planted1c5b02f0planted1c5b02f0planted";

config::EnvironmentVariables variables_in(std::string_view text) {
  config::EnvironmentVariables variables;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (!line.starts_with(kVariable)) continue;
    line.remove_prefix(kVariable.size());
    const std::string name(take_until(line, "="));
    variables[name] = line;
  }
  variables["FUZZ_SECRET"] = kPlanted;
  return variables;
}

} // namespace

void toml(Bytes input) {
  const std::string_view text = as_text(input);
  const bool says_it_itself = text.find(kPlanted) != std::string_view::npos;
  require_sound(load_text(text, variables_in(text)),
                says_it_itself ? std::vector<std::string>() : std::vector{kPlanted});
}

} // namespace authd::fuzz
