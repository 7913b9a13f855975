// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <array>

namespace authd {
namespace {

constexpr std::array<CodeInfo, 15> kCodes{{
    {"AUTH_001", "urn:authd:problem:auth-001", "Unauthorized", 401},
    {"AUTH_002", "urn:authd:problem:auth-002", "Unauthorized", 401},
    {"AUTH_003", "urn:authd:problem:auth-003", "Internal Server Error", 500},
    {"AUTH_004", "urn:authd:problem:auth-004", "Service Unavailable", 503},
    {"AUTH_005", "urn:authd:problem:auth-005", "Service Unavailable", 503},
    {"AUTH_006", "urn:authd:problem:auth-006", "Too Many Requests", 429},
    {"AUTH_007", "urn:authd:problem:auth-007", "Bad Request", 400},
    {"AUTH_008", "urn:authd:problem:auth-008", "Internal Server Error", 500},
    {"AUTH_009", "urn:authd:problem:auth-009", "Unauthorized", 401},
    {"AUTH_010", "urn:authd:problem:auth-010", "Unauthorized", 401},
    {"AUTH_011", "urn:authd:problem:auth-011", "Bad Request", 400},
    {"AUTH_012", "urn:authd:problem:auth-012", "Bad Request", 400},
    {"AUTH_013", "urn:authd:problem:auth-013", "Not Found", 404},
    {"AUTH_014", "urn:authd:problem:auth-014", "Service Unavailable", 503},
    {"AUTH_015", "urn:authd:problem:auth-015", "Forbidden", 403},
}};

} // namespace

const CodeInfo& describe(Code code) { return kCodes[static_cast<std::size_t>(code) - 1]; }

} // namespace authd
