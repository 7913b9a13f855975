// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "consumer_index.h"

namespace authd::kong_declarative {

// Every name by which a consumer can be asked for (its id, given or derived, and its username) and that stands for
// other credentials, another consumer or none in `after`. Sorted, each once.
std::vector<std::string> changed_names(const ConsumerIndex& before, const ConsumerIndex& after);

} // namespace authd::kong_declarative
