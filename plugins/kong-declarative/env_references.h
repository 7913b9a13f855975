// SPDX-License-Identifier: Apache-2.0
// decK's references to its environment, ${{ env "DECK_NAME" }}. decK puts the values into the text before
// it is parsed, so a reference may stand where YAML or JSON would not take it, and a value could change
// what the text means. Here each one is masked by a placeholder that is plain text everywhere, and the
// value is put in after parsing: it is always just text.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace authd::kong_declarative {

// The value of an environment variable, nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

// Why a reference has no value; holds no value of any variable.
struct BadReference : std::runtime_error {
  using runtime_error::runtime_error;
};

class EnvReferences {
 public:
  // Lines stay as they are. Throws BadReference for a text that holds the placeholders' characters.
  explicit EnvReferences(std::string_view text);

  const std::string& masked_text() const { return masked_; }
  // Lines that hold a reference outside of comments.
  const std::vector<std::size_t>& lines() const { return lines_; }

  // A scalar of the parsed text with the values in. Throws BadReference: the variable is not set, its
  // name does not begin with DECK_, or the reference is of a form that is not understood.
  std::string fill_in(std::string_view scalar, const Environment& environment) const;

 private:
  void mask_line(std::string_view line, std::size_t number);

  std::string masked_;
  std::vector<std::string> expressions_; // what stood between ${{ and }}
  std::vector<std::size_t> lines_;
};

} // namespace authd::kong_declarative
