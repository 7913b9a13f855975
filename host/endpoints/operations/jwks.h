// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kJwks; // where [signer] is configured

} // namespace authd::endpoints::operations
