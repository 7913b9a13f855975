// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kIssueToken;    // GET /tokens
extern const http::Operation kValidateToken; // GET /tokens/validate

} // namespace authd::endpoints::operations
