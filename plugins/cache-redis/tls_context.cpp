// SPDX-License-Identifier: Apache-2.0
#include "tls_context.h"

#include <stdexcept>

#include <Poco/Exception.h>

namespace authd::cache_redis {

using Poco::Net::Context;

// VERIFY_STRICT, because Poco checks no name of "localhost" otherwise.
Context::Ptr make_tls_context(const std::string& ca_file) {
  Context::Params wanted;
  wanted.verificationMode = Context::VERIFY_STRICT;
  wanted.caLocation = ca_file;
  wanted.loadDefaultCAs = ca_file.empty();
  wanted.cipherList = "DEFAULT:!aNULL:!eNULL";
  try {
    Context::Ptr context = new Context(Context::TLS_CLIENT_USE, wanted);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
    context->enableExtendedCertificateVerification();
    return context;
  } catch (const Poco::Exception& e) {
    throw std::invalid_argument("no certificates can be read from it (" + e.message() + ")");
  }
}

} // namespace authd::cache_redis
