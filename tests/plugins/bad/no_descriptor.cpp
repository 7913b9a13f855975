// SPDX-License-Identifier: Apache-2.0
// An entry symbol that returns NULL.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

EXPORT_PLUGIN(nullptr)
