// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kMetrics;

} // namespace authd::endpoints::operations
