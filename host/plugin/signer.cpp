// SPDX-License-Identifier: Apache-2.0
#include "plugin/signer.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "base/frozen_sizes.h"
#include "config/kinds.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kMaxKeys = 1024;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kMaxSpki = 4096;
constexpr std::size_t kMaxSignature = 1024;
constexpr std::array<std::string_view, 3> kAlgorithms = {"ES256", "RS256", "EdDSA"};

using Failed = authd::Failure<CallFailure>;

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// What is wrong with a key; empty: nothing.
std::string fault_of(const authd_public_key& key) {
  const std::string_view id = view(key.id), algorithm = view(key.algorithm), spki = view(key.spki);
  if (id.empty() || id.size() > kMaxId || !is_visible(id))
    return fmt::format("put a key whose id is not 1 to {} visible ASCII characters", kMaxId);
  if (std::find(kAlgorithms.begin(), kAlgorithms.end(), algorithm) == kAlgorithms.end())
    return fmt::format("put key {} of an algorithm that is none of ES256, RS256 and EdDSA", id);
  if (spki.empty() || spki.size() > kMaxSpki)
    return fmt::format("put key {} whose public half is not 1 to {} bytes long", id, kMaxSpki);
  return {};
}

// Takes what the plugin puts; remembers when that was not acceptable, whatever the plugin returns then.
class Collector {
 public:
  Collector() : sink_{sizeof sink_, 0, this, &Collector::put} {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const authd_key_sink* abi() const { return &sink_; }
  const std::string& fault() const { return fault_; } // the first; empty: all that was put is good
  std::vector<PublicKey>& keys() { return keys_; }

 private:
  static authd_status put(const authd_key_sink* sink, const authd_public_key* key) noexcept try {
    auto& self = *static_cast<Collector*>(sink->ctx);
    if (key == nullptr) return self.refuse("put NULL for a key");
    if (!is_whole(key)) return self.refuse("put a key that is shorter than in ABI 1.3");
    return self.take(known_part(key));
  } catch (...) {
    static_cast<Collector*>(sink->ctx)->fault_ = "out of memory"; // so short that it allocates nothing
    return AUTHD_INTERNAL;
  }

  authd_status take(const authd_public_key& key) {
    if (keys_.size() >= kMaxKeys) return refuse(fmt::format("put more than {} keys", kMaxKeys));
    if (std::string fault = fault_of(key); !fault.empty()) return refuse(std::move(fault));
    keys_.push_back(
        {std::string(view(key.id)), std::string(view(key.algorithm)), std::string(view(key.spki)), key.created_at_ms});
    return AUTHD_OK;
  }

  authd_status refuse(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    return AUTHD_INVALID;
  }

  authd_key_sink sink_;
  std::vector<PublicKey> keys_;
  std::string fault_;
};

Failed corrupt(std::string why) { return Failed(CallFailure{CallStatus::corrupt, 0, milliseconds(0), std::move(why)}); }

} // namespace

Signer::Signer(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)), ops_(static_cast<const authd_signer_ops*>(instance_->component().ops)) {
  if (std::string_view(instance_->component().kind) != AUTHD_SIGNER_V1 ||
      !config::missing_operation(AUTHD_SIGNER_V1, ops_).empty())
    throw std::invalid_argument(instance_->name() + " is not a signer");
}

bool Signer::signs_inline(std::string_view algorithm) const {
  if (algorithm == "ES256") return (ops_->flags & AUTHD_SIGNER_INLINE_ES256) != 0;
  if (algorithm == "EdDSA") return (ops_->flags & AUTHD_SIGNER_INLINE_EDDSA) != 0;
  return algorithm == "RS256" && (ops_->flags & AUTHD_SIGNER_INLINE_RS256) != 0;
}

Result<void, CallFailure> Signer::sign(Call& call, std::string_view id, std::string_view message,
                                       std::string& signature) const {
  signature.clear();
  authd_out out{signature, kMaxSignature};
  const CallStatus status = invoke(instance_->callee(), "sign", instance_->redaction(), call, [&] {
    return ops_->sign(instance_->self(), call.abi(), to_abi(id), to_bytes(message), &out);
  });
  if (out.overflow) return corrupt(fmt::format("put a signature of more than {} bytes", kMaxSignature));
  if (status != CallStatus::ok) return Failed(call.take_failure(status));
  if (signature.empty()) return corrupt("signed, but put no signature");
  return {};
}

Result<PublicKey, CallFailure> Signer::generate(Call& call, std::string_view algorithm) const {
  Collector collector;
  const CallStatus status = invoke(instance_->callee(), "generate", instance_->redaction(), call, [&] {
    return ops_->generate(instance_->self(), call.abi(), to_abi(algorithm), collector.abi());
  });
  if (!collector.fault().empty()) return corrupt(collector.fault());
  if (status != CallStatus::ok) return Failed(call.take_failure(status));
  if (collector.keys().size() != 1) return corrupt("made a key, but did not put exactly one");
  if (collector.keys().front().algorithm != algorithm) return corrupt("made a key of another algorithm");
  return std::move(collector.keys().front());
}

Result<std::vector<PublicKey>, CallFailure> Signer::public_keys(Call& call) const {
  Collector collector;
  const CallStatus status = invoke(instance_->callee(), "public_keys", instance_->redaction(), call,
                                   [&] { return ops_->public_keys(instance_->self(), call.abi(), collector.abi()); });
  if (!collector.fault().empty()) return corrupt(collector.fault());
  if (status != CallStatus::ok) return Failed(call.take_failure(status));
  return std::move(collector.keys());
}

Result<void, CallFailure> Signer::remove(Call& call, std::string_view id) const {
  const CallStatus status = invoke(instance_->callee(), "remove", instance_->redaction(), call,
                                   [&] { return ops_->remove(instance_->self(), call.abi(), to_abi(id)); });
  if (status != CallStatus::ok) return Failed(call.take_failure(status));
  return {};
}

const std::string& Signer::name() const { return instance_->name(); }

} // namespace authd::plugin
