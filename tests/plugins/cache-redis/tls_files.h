// SPDX-License-Identifier: Apache-2.0
// Keys and certificates, made by the openssl program in a folder of the test's own.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/temp_dir.h"

namespace authd::test {

class TlsFiles {
 public:
  explicit TlsFiles(const std::string& names = "DNS:localhost,IP:127.0.0.1") {
    make({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
          "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", path("ca.key"), "-out", ca()});
    make({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server",
          "-keyout", key(), "-out", path("server.csr")});
    const std::string extensions = folder_.write("extensions", "subjectAltName=" + names + "\n");
    make({"x509", "-req", "-in", path("server.csr"), "-CA", ca(), "-CAkey", path("ca.key"), "-CAcreateserial", "-days",
          "2", "-extfile", extensions, "-out", certificate()});
  }

  std::string ca() const { return path("ca.pem"); }
  std::string certificate() const { return path("server.pem"); }
  std::string key() const { return path("server.key"); }

 private:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  static void make(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/openssl");
    ChildProcess openssl(std::move(arguments));
    if (openssl.await_exit(std::chrono::seconds(60)) != 0) throw std::runtime_error(openssl.everything());
  }

  TempDir folder_;
};

} // namespace authd::test
