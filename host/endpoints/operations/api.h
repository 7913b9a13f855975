// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kApiDocument; // GET /

} // namespace authd::endpoints::operations
