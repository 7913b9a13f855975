// SPDX-License-Identifier: Apache-2.0
// The file: made, checked, and brought to the newest version of the schema.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "connection.h"

namespace authd::store_sqlite {

// The statements that lead from one version of the schema to the next; the first, from an empty file to version 1.
std::span<const char* const> schema_steps();

// Makes the file if there is none (0600), and opens it for writing, with the newest schema. Before an older one is
// changed, a copy goes to PATH.v1.backup (its version). A newer one, another program's file, a damaged one and one that
// cannot be written are faults. `remaining`: how long another process may keep it locked.
// `steps`: others than schema_steps(), for tests.
Expected<std::unique_ptr<Connection>> open_for_writing(const std::string& path, const Remaining& remaining,
                                                       std::span<const char* const> steps = schema_steps());

// What should be mended, though the file can be used; empty: nothing.
std::string warning_about(const std::string& path);

} // namespace authd::store_sqlite
