// SPDX-License-Identifier: Apache-2.0
// Why SQLite did not do something: what, where and the mend, as operators read it.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "authd/views.hpp"

struct sqlite3;

namespace authd::store_sqlite {

struct Fault {
  sdk::Status status = sdk::Status::internal;
  std::string message;
};

template <class T>
using Expected = tl::expected<T, Fault>;

inline tl::unexpected<Fault> failed(sdk::Status status, std::string message) {
  return tl::unexpected(Fault{status, std::move(message)});
}

// Of the last call of this connection, which returned `code` (extended or not), before which errno was 0. `path`: of
// the file.
Fault fault_of(sqlite3* db, int code, std::string_view path);
// Of a system call on the file or folder `path`.
Fault fault_of_errno(int error, std::string_view path);
// Whether trying again later may help: the disk was full or failed, as opposed to a change that was refused.
bool is_outage(const Fault& fault);

} // namespace authd::store_sqlite
