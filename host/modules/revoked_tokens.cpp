// SPDX-License-Identifier: Apache-2.0
#include "modules/revoked_tokens.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace authd::modules {
namespace {

// Records have the ten seconds in which they were made as an index value, so that what is new can be found.
constexpr std::string_view kIndex = "made";
constexpr std::int64_t kBucketMs = 10'000;
constexpr std::int64_t kClocksDifferMs = 30'000; // between instances, at most
constexpr milliseconds kTooOld{1000};
constexpr milliseconds kReadAllEvery{300'000}; // for clocks that differ more
constexpr std::int64_t kLongestMs = 25 * 3'600'000;
constexpr std::size_t kPage = 1000;

using Failed = authd::Failure<CallFailure>;

IndexValue bucket(std::int64_t at_ms) { return {std::string(kIndex), std::to_string(at_ms / kBucketMs), false}; }

} // namespace

Result<void, CallFailure> RevokedTokens::revoke(Call& call, std::string_view jti, std::int64_t expires_at_ms) {
  const std::int64_t now = unix_millis(clock_.wall());
  if (expires_at_ms <= now) return {};
  const std::int64_t expiry = std::min(expires_at_ms, now + kLongestMs);
  const Record record{std::string(kRevokedType), std::string(jti), R"({"v":1})", 0, expiry, {bucket(now)}};
  const auto written = store_.apply(call, {{Change::Op::put, record}});
  if (!written) return Failed(written.error());
  const std::unique_lock lock(mutex_);
  expiries_[record.id] = expiry;
  return {};
}

std::optional<bool> RevokedTokens::is_revoked(std::string_view jti) const {
  const std::shared_lock lock(mutex_);
  if (expiries_.contains(std::string(jti))) return true; // whatever its expiry: the token has the same
  if (!read_at_ || clock_.steady() > *read_at_ + kTooOld) return std::nullopt;
  return false;
}

Result<bool, CallFailure> RevokedTokens::ask_store(Call& call, std::string_view jti) const {
  const auto record = store_.get(call, kRevokedType, jti);
  if (record) return true;
  if (record.error().status == CallStatus::not_found) return false;
  return Failed(record.error());
}

Result<void, CallFailure> RevokedTokens::refresh(Call& call) {
  const SteadyTime began = clock_.steady();
  const std::int64_t now = unix_millis(clock_.wall());
  const bool all = !read_to_ms_ || !all_read_at_ || began > *all_read_at_ + kReadAllEvery;
  auto read = all ? read_all(call, now) : read_since(call, *read_to_ms_, now);
  if (!read) return read;
  if (all) all_read_at_ = began;
  read_to_ms_ = now;
  const std::unique_lock lock(mutex_);
  read_at_ = began;
  return {};
}

Result<void, CallFailure> RevokedTokens::read_all(Call& call, std::int64_t now_ms) {
  forget_expired(now_ms);
  return read_page_by_page(call, {});
}

Result<void, CallFailure> RevokedTokens::read_since(Call& call, std::int64_t from_ms, std::int64_t now_ms) {
  const std::int64_t first = std::min(from_ms, now_ms) - kClocksDifferMs,
                     last = std::max(from_ms, now_ms) + kClocksDifferMs;
  if (last - first > kReadAllEvery.count()) return read_page_by_page(call, {}); // the clock was moved
  for (std::int64_t at = first; at / kBucketMs <= last / kBucketMs; at += kBucketMs)
    if (auto read = read_page_by_page(call, bucket(at)); !read) return read;
  return {};
}

Result<void, CallFailure> RevokedTokens::read_page_by_page(Call& call, const IndexValue& index) {
  for (std::string after;;) {
    auto page = store_.find(call, kRevokedType, index, false, after, kPage);
    if (!page) return Failed(std::move(page.error()));
    {
      const std::unique_lock lock(mutex_);
      for (const Record& record : *page) expiries_[record.id] = record.expires_at_ms;
    }
    if (page->size() < kPage) return {};
    after = page->back().id;
  }
}

void RevokedTokens::forget_expired(std::int64_t now_ms) {
  const std::unique_lock lock(mutex_);
  std::erase_if(expiries_, [&](const auto& entry) { return entry.second <= now_ms; });
}

std::size_t RevokedTokens::size() const {
  const std::shared_lock lock(mutex_);
  return expiries_.size();
}

} // namespace authd::modules
