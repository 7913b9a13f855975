// SPDX-License-Identifier: Apache-2.0
// One sealed record in the store by which wrong master keys are found at the start, not at the first login.
#pragma once

#include <string>

#include "base/call.h"
#include "modules/record_store.h"
#include "secrets/master_keys.h"

namespace authd::modules {

inline constexpr std::string_view kProbeType = "authd/probe";

// Makes the record if there is none. Why these are not the store's master keys, with the mend; empty: they are, or the
// store does not answer now. Without master keys nothing is looked at.
std::string fault_of_master_keys(Call& call, RecordStore& store, const MasterKeys& keys);

} // namespace authd::modules
