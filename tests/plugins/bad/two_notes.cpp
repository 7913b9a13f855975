// SPDX-License-Identifier: Apache-2.0
// Says two things of itself: which of them is true?
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));
namespace again {
AUTHD_NOTE(NOTE_JSON("2.0.0", SCHEMA));
}

EXPORT_PLUGIN(nullptr)
