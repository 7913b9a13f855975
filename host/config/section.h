// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/node.h"
#include "config/shape.h"

namespace authd::config {

// One table of the configuration, all layers in one, with the shape that it was checked against.
struct Section {
  std::string path; // "gateway", "cache[0]"
  Shape shape;
  Node node;
};

} // namespace authd::config
