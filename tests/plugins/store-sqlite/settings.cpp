// SPDX-License-Identifier: Apache-2.0
#include "../store/store_under_test.h"

namespace authd::test {

Settings settings_of_store(const std::string& folder) { return {{"/path", folder + "/authd.db"}}; }

} // namespace authd::test
