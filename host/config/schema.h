// SPDX-License-Identifier: Apache-2.0
// The subset of JSON Schema 2020-12 in which a plugin publishes its settings. Every keyword here is
// enforced; a schema with any other is refused, because authd would not enforce it.
//
//   everywhere  type (one of string, integer, number, boolean, array, object), default, description,
//               title, $schema, examples (the first is shown in the manual)
//   string      minLength, maxLength (characters), enum, format ("uri": absolute, with a host; "path":
//               made absolute from the folder of authd.toml)
//   integer     minimum, maximum, enum        number   minimum, maximum
//   array       items (string, integer, number or boolean), minItems, maxItems
//   object      properties, required, additionalProperties (false, which is what an absent one means)
//
//   x-authd-env                    the variable that sets it; not on objects. Its number has the unit of the
//                                  name: _MS, _SECONDS, _MINUTES. None of reserved_variables.h
//   x-authd-unit                   integer: "ms" or "bytes": written as "500ms" or "16KiB"; minimum, maximum
//                                  and default of the schema are plain numbers of it
//   x-authd-secret                 string, array of strings: never printed, wiped when replaced
//   x-authd-reload                 may a reload change it? (default true)
//   x-authd-https-in-production    string of format uri: http or https; production refuses plain http and
//                                  loopback hosts unless waived
//   x-authd-min-production-length  string: production refuses shorter values and placeholders
//   x-authd-required-in-production production refuses a table without it, unless waived; since ABI 1.1
//   x-authd-production-schemes     string that holds a URL: production refuses every scheme that this list
//                                  does not name, unless waived
//
// The root is an object. Default and first example must satisfy their own schema.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/shape.h"

namespace authd::config {

// The error says where (a JSON pointer) and what, in one line.
Result<Shape, std::string> parse_schema(std::string_view json);

} // namespace authd::config
