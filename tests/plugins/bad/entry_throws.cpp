// SPDX-License-Identifier: Apache-2.0
// The entry symbol itself throws.
#define AUTHD_HOST 1
#include <stdexcept>

#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

extern "C" AUTHD_EXPORT const authd_plugin* authd_plugin_v1(uint32_t);
const authd_plugin* authd_plugin_v1(uint32_t) { throw std::runtime_error("not today"); }
