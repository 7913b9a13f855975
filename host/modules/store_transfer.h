// SPDX-License-Identifier: Apache-2.0
// Everything in a store as lines of JSON, and back: the way from one store to another. And the change to another master
// key.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "base/call.h"
#include "base/result.h"
#include "plugin/store.h"
#include "secrets/master_keys.h"

namespace authd::modules {

// A line that says what this is, then one for each living record: type, id, version, expiry, index values and body,
// bytes as base64url. Bodies of modules are sealed as they are stored; opened with `keys` if there are any here. How
// many.
Result<std::uint64_t, CallFailure> export_records(const plugin::Store& store, const MasterKeys* keys, std::ostream& to);

// What export_records wrote, with the versions that the records had; what was opened is sealed by the first of `keys`.
// CallStatus::conflict: the store has records already. CallStatus::invalid: which line is wrong; what came before it is
// in the store.
Result<std::uint64_t, CallFailure> import_records(const plugin::Store& store, const MasterKeys& keys,
                                                  std::istream& from);

// Seals by the first key what another of them has sealed, while the store is in use. How many.
Result<std::uint64_t, CallFailure> reseal_records(const plugin::Store& store, const MasterKeys& keys);

} // namespace authd::modules
