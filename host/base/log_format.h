// SPDX-License-Identifier: Apache-2.0
// One event as a line: JSON in Elastic Common Schema, or text for people at a terminal. [thread-safe]
#pragma once

#include <string>

#include "base/log.h"

namespace authd {

class LogFormat {
 public:
  explicit LogFormat(const Log::Options& options);

  // With the newline. Nothing in the event can end the line or have a terminal do something.
  void append(std::string& out, const LogEvent& event) const;
  // See Log::constant_fields.
  const std::string& constant_fields() const { return constant_fields_; }

 private:
  void append_json(std::string& out, const LogEvent& event) const;
  void append_text(std::string& out, const LogEvent& event) const;
  void append_text_field(std::string& out, const Field& field) const;
  void paint(std::string& out, std::string_view colour) const;

  const LogForm form_;
  const std::string constant_fields_;
};

} // namespace authd
