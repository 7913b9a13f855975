// SPDX-License-Identifier: Apache-2.0
// A note and nothing behind it.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));
