// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/config.h"
#include "config/problems.h"
#include "config/shape.h"

namespace authd::config {

// Reads the files that server.tls, [gateway] and [telemetry] name into config.server.tls.identity,
// config.gateway.tls.identity and config.telemetry.otlp.identity, which stay null when none is named. They are read
// once, here: what was checked is what is used, whatever becomes of the files afterwards. Each problem names the
// setting, the file and the mend; an expired certificate is a warning.
void read_tls_files(const std::vector<Section>& sections, Config& config, Problems& problems);

} // namespace authd::config
