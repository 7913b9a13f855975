// SPDX-License-Identifier: Apache-2.0
// The request path returns values; gcc 12 has no std::expected, so Debian's libexpected-dev stands in.
#pragma once

#include <tl/expected.hpp>

#include "base/error.h"

namespace authd {

template <class T, class E = Error>
using Result = tl::expected<T, E>;

template <class E = Error>
using Failure = tl::unexpected<E>;

inline Failure<Error> fail(Code code, std::string detail, std::chrono::seconds retry_after = {}) {
  return Failure<Error>(Error{code, std::move(detail), retry_after});
}

} // namespace authd
