// SPDX-License-Identifier: Apache-2.0
#include "modules/key_probe.h"

#include "modules/record_seal.h"

namespace authd::modules {
namespace {

constexpr std::string_view kId = "master-keys";
constexpr std::string_view kBody = "sealed by the master keys of this store";

bool opens(const RecordSeal& seal, const Record& probe) {
  const auto body = seal.open(probe.id, probe.body);
  return body && *body == kBody;
}

} // namespace

// Of two processes that make it at the same time, one meets the other's.
std::string fault_of_master_keys(Call& call, RecordStore& store, const MasterKeys& keys) {
  if (keys.empty()) return {};
  const RecordSeal seal(keys, kProbeType);
  for (int tries = 0; tries < 2; ++tries) {
    const auto probe = store.get(call, kProbeType, kId);
    if (probe && opens(seal, *probe)) return {};
    if (probe)
      return "secrets.master_keys: none of them is the key that sealed what is in the store: put that key back, first "
             "or last in the list (without secrets.master_keys it is in the file beside the store, named .key)";
    if (probe.error().status != CallStatus::not_found) return {};
    Change insert{Change::Op::insert, {std::string(kProbeType), std::string(kId), seal.sealed(kId, kBody)}};
    if (store.apply(call, {std::move(insert)}, nullptr)) return {};
  }
  return {};
}

} // namespace authd::modules
