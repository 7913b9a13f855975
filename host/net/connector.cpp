// SPDX-License-Identifier: Apache-2.0
#include "net/connector.h"

namespace authd::net {
namespace {

// "10.0.0.1:80: Connection refused; 10.0.0.2:80: no answer in time". A lone address that the caller named
// itself is left out: messages begin with it anyway.
std::string describe(const Addresses& addresses, const std::vector<RaceEnd::Loser>& losers, bool was_name) {
  if (!was_name && losers.size() == 1) return losers.front().why;
  std::string text;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string why = i < losers.size() ? losers[i].why : "not tried";
    text += (text.empty() ? "" : "; ") + addresses[i].text() + ": " + why;
  }
  return text;
}

} // namespace

Result<DeadlineSocket> Connector::connect(const HostPort& to, const Deadline& deadline, milliseconds patience) {
  if (deadline.over()) return tl::unexpected(deadline.why_over());
  auto found = lookup_.addresses_of(to, deadline);
  if (!found) return tl::unexpected(std::move(found.error()));
  const Addresses addresses = memory_.ordered(to, interleaved(*found), SteadyClock::now());
  const milliseconds left = deadline.remaining();
  const bool somebody_waits = patience > milliseconds::zero();
  const auto delay = attempt_delay(addresses.size(), somebody_waits ? std::min(patience, left) : left);
  RaceEnd end = race(addresses, delay, deadline);
  if (!end.winner && deadline.why_over().kind == Failure::Kind::interrupted)
    return tl::unexpected(deadline.why_over()); // which says nothing about the addresses
  for (const RaceEnd::Loser& loser : end.losers) memory_.failed(to, loser.address, SteadyClock::now());
  if (!end.winner) {
    Failure failure{deadline.over() ? Failure::Kind::timed_out : Failure::Kind::lost,
                    describe(addresses, end.losers, addresses.size() > 1 || !address_of_literal(to))};
    return tl::unexpected(std::move(failure));
  }
  memory_.answered(to, end.winner->address, SteadyClock::now());
  return DeadlineSocket(std::move(end.winner->socket), end.winner->address);
}

void Connector::distrust(const HostPort& host, const Address& address) {
  memory_.failed(host, address, SteadyClock::now());
}

} // namespace authd::net
