// SPDX-License-Identifier: Apache-2.0
// A copy of the file as it is at one moment, while others write to it.
#pragma once

#include <string>

#include "connection.h"

namespace authd::store_sqlite {

// To a new file (0600), which appears under its name when it is whole and durable. sdk::Status::conflict: it exists.
Expected<void> back_up(const std::string& from, const std::string& to, const Remaining& remaining);

} // namespace authd::store_sqlite
