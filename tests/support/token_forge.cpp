// SPDX-License-Identifier: Apache-2.0
#include "support/token_forge.h"

#include <array>
#include <sstream>
#include <stdexcept>

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/JSON/Parser.h>
#include <openssl/hmac.h>

#include "support/child_process.h"

namespace authd::test {
namespace {

constexpr int kBase64Url = Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING;

std::string encoded(std::string_view bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out, kBase64Url);
  encoder.rdbuf()->setLineLength(0);
  encoder << bytes;
  encoder.close();
  return out.str();
}

std::string decoded(std::string_view text) {
  std::istringstream in{std::string(text)};
  Poco::Base64Decoder decoder(in, kBase64Url);
  return {std::istreambuf_iterator<char>(decoder), {}};
}

std::string hmac(std::string_view text, std::string_view secret, std::string_view algorithm) {
  if (algorithm == "none") return {};
  const EVP_MD* digest = algorithm == "HS512" ? EVP_sha512() : algorithm == "HS384" ? EVP_sha384() : EVP_sha256();
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

} // namespace

std::string forge(std::string_view header, std::string_view payload, std::string_view secret,
                  std::string_view algorithm) {
  const std::string input = encoded(header) + "." + encoded(payload);
  return input + "." + encoded(hmac(input, secret, algorithm));
}

TokenParts take_apart(std::string_view token) {
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  if (first == std::string_view::npos || first == second) throw std::runtime_error("not a token");
  TokenParts parts;
  parts.header = decoded(token.substr(0, first));
  parts.payload = decoded(token.substr(first + 1, second - first - 1));
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true)); // keeps the order
  parts.claims = parser.parse(parts.payload).extract<Poco::JSON::Object::Ptr>();
  parts.claims->getNames(parts.claim_names);
  return parts;
}

std::string verify_with_python(const std::string& token, const std::string& secret, const std::string& algorithm,
                               const std::string& audience) {
  ChildProcess python({"/usr/bin/python3", AUTHD_JWT_CHECK, algorithm, audience}, {}, token + "\n" + secret + "\n");
  if (!python.await_exit(std::chrono::seconds(30))) return "error: python3 did not end";
  const auto lines = python.output();
  return lines.empty() ? "error: " + python.everything() : lines.front();
}

} // namespace authd::test
