// SPDX-License-Identifier: Apache-2.0
// [jwt.claims]: what its values mean, and which of them are refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/node.h"
#include "config/problems.h"
#include "config/shape.h"

namespace authd::config {

inline constexpr std::size_t kMostClaimNameBytes = 80;
// Of all names and constants together, as JSON: what a token has of its own stays far below the 8 KiB that
// Kong takes as one header.
inline constexpr std::size_t kMostConstantClaimBytes = 4096;

// Does the text hold "${header:"? Not what came through a reference itself: that is taken as it is.
bool refers_to_header(const Node& text);

// Why a reference that is known elsewhere, or nowhere, is none in a claim; empty: it is not such a one.
std::string unfit_reference(std::string_view text);

// Of a checked table, in its order.
std::vector<Claim> claims_of(const Node& table);

// A claim that is read from a header that may be read.
struct HeaderClaim {
  std::string name; // of the claim
  Origin origin;    // of the reference
  std::string header;
};
// `jwt`: the checked table [jwt].
std::vector<HeaderClaim> header_claims_of(const Node& jwt);

// Those whose header a client may have sent: all but the five that key-auth overwrites or clears.
std::vector<HeaderClaim> unvouched_claims_of(const Node& jwt);
// What that means, for messages.
std::string why_unvouched(const HeaderClaim& claim);

// "jwt.claims.groups": what a waiver calls it, however odd its name.
std::string waiver_of(const HeaderClaim& claim);

// Reserved and impossible names, references that are none, headers that are never read, constants that are too long.
// Outside of production a header that Kong does not vouch for is a warning (production.h).
void check_claims(const std::vector<Section>& sections, const Config& config, Problems& problems);

} // namespace authd::config
