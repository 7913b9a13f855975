// SPDX-License-Identifier: Apache-2.0
// Where telemetry is exported to: what is refused, and what becomes of what is not.
#include <gmock/gmock.h>

#include "config/otlp_headers.h"
#include "fixture.h"
#include "support/certificates.h"

namespace authd::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TelemetrySettings : public ConfigTest {
 protected:
  Config with(const std::string& lines, const EnvironmentVariables& variables = {}) {
    return config_of(load_with_required("[telemetry]\n" + lines, variables));
  }
  std::vector<std::string> problems_with(const std::string& lines, const EnvironmentVariables& variables = {}) {
    return problems_of(load_with_required("[telemetry]\n" + lines, variables));
  }
};

TEST_F(TelemetrySettings, GoToTheConsoleByDefault) {
  const Config config = with("");
  EXPECT_EQ(config.telemetry.mode, TelemetryMode::console);
  EXPECT_EQ(config.telemetry.otlp.endpoint, "");
  EXPECT_EQ(config.telemetry.otlp.timeout, seconds(30));
  EXPECT_EQ(config.telemetry.otlp.batch_size, 2048u);
  EXPECT_EQ(config.telemetry.otlp.queue_size, 10000u);
  EXPECT_EQ(config.telemetry.otlp.export_interval, seconds(10));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(TelemetrySettings, AreTakenFromTheFile) {
  const Otlp otlp = with(R"(mode = "both"
endpoint = "https://otel.example.com"
traces_endpoint = "https://traces.example.com/in?x=1"
headers = ["Authorization=Bearer%20abc%3D", " x-tenant = acme "]
timeout = "5s"
batch_size = 10
queue_size = 20
export_interval = "1s"
)")
                        .telemetry.otlp;
  EXPECT_EQ(otlp.endpoint, "https://otel.example.com");
  EXPECT_EQ(otlp.traces_endpoint, "https://traces.example.com/in?x=1");
  ASSERT_EQ(otlp.headers.size(), 2u);
  EXPECT_EQ(otlp.headers[0].name, "Authorization");
  EXPECT_EQ(otlp.headers[0].value.reveal(), "Bearer abc=");
  EXPECT_EQ(otlp.headers[1].name, "x-tenant");
  EXPECT_EQ(otlp.headers[1].value.reveal(), "acme");
  EXPECT_EQ(otlp.timeout, seconds(5));
  EXPECT_EQ(otlp.batch_size, 10u);
  EXPECT_EQ(otlp.queue_size, 20u);
  EXPECT_EQ(otlp.export_interval, seconds(1));
}

TEST_F(TelemetrySettings, AreTakenFromTheEnvironment) {
  const Telemetry telemetry = with("", {{"TELEMETRY_MODE", "otlp"},
                                        {"OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.com"},
                                        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t.example.com"},
                                        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://m.example.com"},
                                        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://l.example.com"},
                                        {"OTEL_EXPORTER_OTLP_HEADERS", "a=b,c=d%2Ce"},
                                        {"OTEL_EXPORTER_OTLP_TIMEOUT", "2000"},
                                        {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3"},
                                        {"OTEL_BSP_MAX_QUEUE_SIZE", "4"}})
                                  .telemetry;
  EXPECT_EQ(telemetry.mode, TelemetryMode::otlp);
  EXPECT_EQ(telemetry.otlp.traces_endpoint, "https://t.example.com");
  EXPECT_EQ(telemetry.otlp.metrics_endpoint, "https://m.example.com");
  EXPECT_EQ(telemetry.otlp.logs_endpoint, "https://l.example.com");
  ASSERT_EQ(telemetry.otlp.headers.size(), 2u);
  EXPECT_EQ(telemetry.otlp.headers[1].value.reveal(), "d,e");
  EXPECT_EQ(telemetry.otlp.timeout, seconds(2));
  EXPECT_EQ(telemetry.otlp.batch_size, 3u);
  EXPECT_EQ(telemetry.otlp.queue_size, 4u);
}

TEST_F(TelemetrySettings, SentSomewhereNeedAnEndpoint) {
  EXPECT_THAT(problems_with("mode = \"otlp\"\n"),
              ElementsAre(HasSubstr(":7:8: telemetry.mode: otlp needs telemetry.endpoint (or "
                                    "OTEL_EXPORTER_OTLP_ENDPOINT in the environment)")));
  EXPECT_EQ(with("mode = \"both\"\nlogs_endpoint = \"https://l.example.com\"\n").telemetry.mode, TelemetryMode::both);
}

TEST_F(TelemetrySettings, AnEndpointIsWhatAnExportCanBeSentTo) {
  EXPECT_THAT(problems_with("endpoint = \"https://user:pass@otel.example.com\"\n"),
              ElementsAre(AllOf(HasSubstr(":7:12: telemetry.endpoint: has user information in it"),
                                HasSubstr("telemetry.headers"), Not(HasSubstr("pass@")))));
  EXPECT_THAT(problems_with("endpoint = \"https://otel.example.com/?a=b\"\n"),
              ElementsAre(HasSubstr("telemetry.endpoint: has a query")));
  EXPECT_THAT(problems_with("logs_endpoint = \"https://otel.example.com/#x\"\n"),
              ElementsAre(HasSubstr("telemetry.logs_endpoint: has a fragment; remove it")));
}

TEST_F(TelemetrySettings, AHeaderThatIsRefusedIsNotRepeated) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"hunter2", "has no \"=\"; expected name=value"},
      {"a b=hunter2", "has no valid header name before its \"=\""},
      {"=hunter2", "has no valid header name before its \"=\""},
      {"a=hunter2%", "has a \"%\" without two hexadecimal digits"},
      {"a=hunter2%4", "has a \"%\" without two hexadecimal digits"},
      {"a=hunter2%0d%0ax: y", "has control characters in its value"},
      {"Content-Type=hunter2", "names a header that authd sets itself; remove it"},
  };
  for (const auto& [entry, why] : bad) {
    EXPECT_THAT(problems_with("headers = [\"ok=1\", \"" + entry + "\"]\n"),
                ElementsAre(AllOf(HasSubstr("telemetry.headers[1]: " + why), Not(HasSubstr("hunter2")))))
        << entry;
  }
}

TEST_F(TelemetrySettings, HeadersAreNotShown) {
  const Config config = with("headers = [\"Authorization=hunter2\"]\n");
  EXPECT_THAT(show(config), Not(HasSubstr("hunter2")));
}

TEST_F(TelemetrySettings, TheAuthoritiesAreReadWithTheConfiguration) {
  write("ca.pem", test::Authority().pem());
  const Otlp otlp = with("ca_file = \"ca.pem\"\n").telemetry.otlp;
  ASSERT_NE(otlp.identity, nullptr);
  EXPECT_TRUE(otlp.identity->has_authorities());
  EXPECT_THAT(problems_with("ca_file = \"missing.pem\"\n"),
              ElementsAre(AllOf(HasSubstr(":7:11: telemetry.ca_file: "), HasSubstr("name a PEM file"))));
  write("empty.pem", "nothing");
  EXPECT_THAT(problems_with("ca_file = \"empty.pem\"\n"), ElementsAre(HasSubstr("telemetry.ca_file: ")));
}

} // namespace
} // namespace authd::config
