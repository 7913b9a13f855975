// SPDX-License-Identifier: Apache-2.0
// A note whose text is no JSON.
#include "tables.h"

AUTHD_NOTE("{\"id\": \"bad\", ");
