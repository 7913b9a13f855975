// SPDX-License-Identifier: Apache-2.0
// Carries out what rotation.h decides: reads the store, has the signer make and destroy keys, writes. Everything here
// may sleep, and is done by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/log.h"
#include "base/result.h"
#include "modules/keys/rotation.h"
#include "modules/record_store.h"
#include "plugin/signer.h"

namespace authd::modules::keys {

class Rotator {
 public:
  // `instance`: another text for each authd that shares the store. Store and log must outlive this.
  Rotator(RecordStore& store, plugin::Signer signer, Rotation rotation, std::string instance, Log& log);

  // Takes the steps that are due. What is stored afterwards, or the failure of the store. A step that failed is logged,
  // and due again at the next look.
  Result<std::vector<Key>, CallFailure> look(Call& call, std::int64_t now_ms);

  // Publishes the algorithm's next key now. CallStatus::conflict: it has one, or another instance makes one.
  Result<void, CallFailure> rotate(Call& call, std::string_view algorithm, std::int64_t now_ms);
  // Drops every key of the algorithm at once, and signs with a new one. It is ok when all are dropped, whether or not
  // the new one could be made; that is tried again at each look.
  Result<void, CallFailure> rotate_in_emergency(Call& call, std::string_view algorithm, std::int64_t now_ms);

  const Rotation& rotation() const { return rotation_; }
  const plugin::Signer& signer() const { return signer_; }
  bool holds(const Key& key) const; // whether the signer has its private half, as far as the last look knew

 private:
  Result<Stored, CallFailure> read(Call& call);
  Result<void, CallFailure> list_held(Call& call);
  bool take(Call& call, const Stored& stored, const Step& step, std::int64_t now_ms);
  Result<Key, CallFailure> new_key(Call& call, const Stored& stored, std::string_view algorithm,
                                   std::int64_t not_before_ms);
  const plugin::PublicKey* find_left_over(const Stored& stored, std::string_view algorithm,
                                          std::int64_t not_before_ms) const;
  Result<bool, CallFailure> drop_some(Call& call, std::string_view algorithm, std::vector<std::string>& kids,
                                      std::int64_t now_ms);
  void list_if_needed(Call& call, const Stored& stored);
  void destroy_gone(Call& call, const Stored& stored);
  void warn_once(const std::string& about, std::string_view event, const std::string& message);
  void tell(const Step& step, const std::string& kid);

  RecordStore& store_;
  const plugin::Signer signer_;
  const Rotation rotation_;
  const std::string instance_;
  Log& log_;
  std::optional<std::vector<plugin::PublicKey>> held_; // nullopt: not known
  std::set<std::string, std::less<>> missing_;         // kids of published keys that are not held
  unsigned looks_ = 0;
  std::set<std::string, std::less<>> warned_;
};

} // namespace authd::modules::keys
