// SPDX-License-Identifier: Apache-2.0
// Plugins call these through noexcept pointers: nothing may be thrown from here.
#include "modules/services.h"

#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "authd/services.h"
#include "base/abi_views.h"
#include "base/call.h"
#include "base/random.h"
#include "pipeline/hmac.h"
#include "pipeline/sealing.h"

namespace authd::modules {
namespace {

constexpr std::size_t kMostRandom = 4096;
constexpr std::size_t kMostSealed = 1024 * 1024;
constexpr std::size_t kMostPurpose = 64;

authd_status fail(const authd_call* call, CallStatus status, std::string why) {
  if (call != nullptr) Call::from_abi(call)->record({status, 0, milliseconds(0), std::move(why)});
  return static_cast<authd_status>(status);
}

struct Clock {
  authd_clock_v1 table;
  const MovableClock& clock;

  static const Clock& of(const authd_clock_v1* table) { return *reinterpret_cast<const Clock*>(table); }
  static std::int64_t wall_ms(const authd_clock_v1* table) noexcept { return unix_millis(of(table).clock.wall()); }
  static std::int64_t steady_ms(const authd_clock_v1* table) noexcept {
    return std::chrono::duration_cast<milliseconds>(of(table).clock.steady().time_since_epoch()).count();
  }
};

authd_status random_bytes_for(const authd_random_v1*, void* to, std::size_t n) noexcept try {
  if (n > kMostRandom || (to == nullptr && n > 0)) return AUTHD_INVALID;
  random_bytes(to, n);
  return AUTHD_OK;
} catch (...) {
  return AUTHD_UNAVAILABLE;
}

// Keys by purpose, derived when a purpose is first named.
class Secrets {
 public:
  Secrets(const MasterKeys& master_keys, const plugin::ServiceUser& user)
      : table_{sizeof table_, 0, user.host, &seal, &open, &digest, &mac}, master_keys_(master_keys),
        owner_("module " + std::string(user.instance)) {}
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  const authd_secrets_v1* table() const { return &table_; }

 private:
  struct Purpose {
    explicit Purpose(std::vector<Secret> sealing, const Secret& mac_key)
        : sealer(std::move(sealing)), hmac(pipeline::Algorithm::hs256, mac_key.reveal()) {}
    pipeline::Sealer sealer;
    pipeline::Hmac hmac;
  };

  static const Secrets& of(const authd_secrets_v1* table) { return *reinterpret_cast<const Secrets*>(table); }

  const Purpose* purpose(authd_str name) const {
    const std::string_view wanted = view(name);
    if (wanted.empty() || wanted.size() > kMostPurpose) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto known = purposes_.find(wanted);
    if (known != purposes_.end()) return &known->second;
    const std::vector<Secret> mac_keys = master_keys_.derive(owner_, "mac " + std::string(wanted));
    return &purposes_
                .try_emplace(std::string(wanted), master_keys_.derive(owner_, "seal " + std::string(wanted)),
                             mac_keys.front())
                .first->second;
  }

  static authd_status put(const authd_sink* sink, std::string_view bytes) {
    return AUTHD_HAS(sink, put) ? sink->put(sink, to_bytes(bytes)) : static_cast<authd_status>(AUTHD_INVALID);
  }

  static authd_status seal(const authd_secrets_v1* table, const authd_call* call, authd_str purpose, authd_bytes plain,
                           const authd_sink* sealed) noexcept try {
    const Purpose* keys = of(table).purpose(purpose);
    if (keys == nullptr) return fail(call, CallStatus::invalid, "a purpose has 1 to 64 bytes");
    if (plain.n > kMostSealed) return fail(call, CallStatus::invalid, "more than 1 MiB cannot be sealed");
    std::string envelope;
    keys->sealer.seal(view(purpose), view(plain), envelope);
    return put(sealed, envelope);
  } catch (const std::exception& e) {
    return fail(call, CallStatus::internal, e.what());
  }

  static authd_status open(const authd_secrets_v1* table, const authd_call* call, authd_str purpose, authd_bytes sealed,
                           const authd_sink* plain) noexcept try {
    const Purpose* keys = of(table).purpose(purpose);
    if (keys == nullptr) return fail(call, CallStatus::invalid, "a purpose has 1 to 64 bytes");
    std::string value;
    if (keys->sealer.open(view(purpose), view(sealed), value) != pipeline::Sealer::Opened::value)
      return fail(call, CallStatus::corrupt, "no master key opens it for this instance and purpose");
    const authd_status status = put(plain, value);
    wipe(value.data(), value.size());
    return status;
  } catch (const std::exception& e) {
    return fail(call, CallStatus::internal, e.what());
  }

  static void digest(const authd_secrets_v1*, authd_bytes of, std::uint8_t* to) noexcept {
    const auto sum = pipeline::sha256(view(of), "");
    std::memcpy(to, sum.data(), sum.size());
  }

  static authd_status mac(const authd_secrets_v1* table, const authd_call* call, authd_str purpose, authd_bytes data,
                          std::uint8_t* to) noexcept try {
    const Purpose* keys = of(table).purpose(purpose);
    if (keys == nullptr) return fail(call, CallStatus::invalid, "a purpose has 1 to 64 bytes");
    const auto tag = keys->hmac.sign(view(data));
    std::memcpy(to, tag.view().data(), tag.view().size());
    return AUTHD_OK;
  } catch (const std::exception& e) {
    return fail(call, CallStatus::internal, e.what());
  }

  const authd_secrets_v1 table_; // first: a pointer to it is one to this
  const MasterKeys& master_keys_;
  const std::string owner_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Purpose, std::less<>> purposes_; // guarded by mutex_; none is ever removed
};

} // namespace

std::shared_ptr<const void> clock_service(const MovableClock& clock, const plugin::ServiceUser& user) {
  const auto made =
      std::make_shared<Clock>(Clock{{sizeof(authd_clock_v1), 0, user.host, &Clock::wall_ms, &Clock::steady_ms}, clock});
  return {made, &made->table};
}

std::shared_ptr<const void> random_service(const plugin::ServiceUser& user) {
  return std::make_shared<authd_random_v1>(authd_random_v1{sizeof(authd_random_v1), 0, user.host, &random_bytes_for});
}

std::shared_ptr<const void> secrets_service(const MasterKeys& master_keys, const plugin::ServiceUser& user) {
  if (master_keys.empty()) return nullptr;
  const auto made = std::make_shared<Secrets>(master_keys, user);
  return {made, made->table()};
}

} // namespace authd::modules
