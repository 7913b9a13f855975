// SPDX-License-Identifier: Apache-2.0
// deploy/kubernetes beside the authd that it starts: the configuration in the ConfigMap with the environment of the
// Deployment is one that authd takes, and what the manifests say of ports, paths and times is what authd does. Whether
// they are manifests at all, tests/npm/kubernetes judges.
#include <regex>

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include "scene.h"
#include "support/certificates.h"

namespace authd::test {
namespace {

const std::string kCredentials = "/run/credentials/authd";

YAML::Node manifest(const std::string& name) { return YAML::LoadFile(AUTHD_DEPLOY "/kubernetes/" + name); }

YAML::Node named(const YAML::Node& list, const std::string& name) {
  for (const YAML::Node& item : list)
    if (item["name"].as<std::string>() == name) return item;
  return YAML::Node(YAML::NodeType::Undefined);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

class Kubernetes : public testing::Test {
 protected:
  Kubernetes() {
    std::filesystem::create_directory(credentials_);
    for (const YAML::Node& item : named(pod_["volumes"], "credentials")["secret"]["items"])
      std::ofstream(credentials_ / item["path"].as<std::string>()) << secret(item["key"].as<std::string>());
  }

  // A key of the Secret, as docs/kubernetes.md has them made.
  static std::string secret(const std::string& key) {
    if (key == "kong-admin-token") return "8f1c2b7d94e05a6630d2c9b1e47fa5d8";
    if (key == "cache-key") return "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    if (key == "redis-password") return "0123456789abcdef";
    if (key == "ca.pem") return Authority().pem();
    throw std::runtime_error("the Deployment mounts a key that nobody makes: " + key);
  }
  // A path in the container, as one in the test's folder.
  std::string here(const std::string& text) const { return replaced(text, kCredentials, credentials_.string()); }
  std::string toml() const { return here(manifest("configuration.yaml")["data"]["authd.toml"].as<std::string>()); }
  Environment environment() const {
    Environment all;
    for (const YAML::Node& variable : container_["env"])
      all[variable["name"].as<std::string>()] = here(variable["value"].as<std::string>());
    return all;
  }
  Finished config(const std::string& verb, const std::string& text) const {
    return run_authd({"config", verb, dir_.write("authd.toml", text)}, environment());
  }
  // A value in effect, as `config show` prints it.
  std::string in_effect(const std::string& table, const std::string& key) const {
    std::string current;
    for (const std::string& line : config("show", toml()).output) {
      if (line.starts_with("[")) current = line;
      if (current == "[" + table + "]" && line.starts_with(key + " = "))
        return line.substr(key.size() + 3, line.find(" # ") - key.size() - 3);
    }
    return "not in effect";
  }
  int seconds_in_effect(const std::string& key) const {
    std::smatch parts;
    const std::string value = in_effect("server", key);
    if (!std::regex_match(value, parts, std::regex("\"([0-9]+)s\""))) throw std::runtime_error(key + " = " + value);
    return std::stoi(parts[1]);
  }
  bool is_mounted(const std::string& path, const std::string& volume) const {
    return named(container_["volumeMounts"], volume)["mountPath"].as<std::string>() == path;
  }

  const YAML::Node deployment_ = manifest("deployment.yaml");
  const YAML::Node pod_ = deployment_["spec"]["template"]["spec"];
  const YAML::Node container_ = pod_["containers"][0];
  const TempDir dir_;
  const std::filesystem::path credentials_ = dir_.path() / "credentials";
};

TEST_F(Kubernetes, HasAConfigurationThatAuthdTakesInProduction) {
  const Finished checked = config("check", toml());
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_THAT(checked.errors, testing::IsEmpty());
  EXPECT_EQ(in_effect("server", "environment"), "\"production\"");
  EXPECT_EQ(config("check", replaced(toml(), "rediss://", "redis://")).exit_code, 1)
      << "production's rules do not apply";
}

TEST_F(Kubernetes, MountsEveryFileAndCredentialThatTheConfigurationNames) {
  EXPECT_TRUE(is_mounted(kCredentials, "credentials"));
  EXPECT_TRUE(is_mounted("/etc/authd", "configuration"));
  EXPECT_EQ(container_["args"].as<std::vector<std::string>>(),
            (std::vector<std::string>{"--config", "/etc/authd/authd.toml"}));
  ASSERT_EQ(config("check", toml()).exit_code, 0);
  for (const YAML::Node& item : named(pod_["volumes"], "credentials")["secret"]["items"]) {
    const std::filesystem::path file = credentials_ / item["path"].as<std::string>();
    const auto kept = secret(item["key"].as<std::string>());
    std::filesystem::remove(file);
    EXPECT_EQ(config("check", toml()).exit_code, 1) << file << " is not used";
    std::ofstream(file) << kept;
  }
}

TEST_F(Kubernetes, ListensWhereTheServiceAndTheProbesLook) {
  const YAML::Node port = named(container_["ports"], "http");
  EXPECT_EQ(port["containerPort"].as<std::string>(), in_effect("server", "port"));
  EXPECT_EQ(in_effect("server", "host"), "\"0.0.0.0\"");
  for (const char* probe : {"startupProbe", "livenessProbe", "readinessProbe"})
    EXPECT_EQ(container_[probe]["httpGet"]["port"].as<std::string>(), "http") << probe;
  const YAML::Node service = manifest("service.yaml")["spec"];
  EXPECT_EQ(named(service["ports"], "http")["targetPort"].as<std::string>(), "http");
  EXPECT_EQ(manifest("service_monitor.yaml")["spec"]["endpoints"][0]["port"].as<std::string>(), "http");
  EXPECT_EQ(manifest("network_policy.yaml")["spec"]["ingress"][0]["ports"][0]["port"].as<std::string>(), "http");
}

TEST_F(Kubernetes, KeepsTheAdminSocketInMemoryThatNobodyElseReaches) {
  EXPECT_EQ(in_effect("admin", "listen"), "\"unix:/run/authd/admin.sock\"");
  EXPECT_TRUE(is_mounted("/run/authd", "run"));
  EXPECT_EQ(named(pod_["volumes"], "run")["emptyDir"]["medium"].as<std::string>(), "Memory");
}

TEST_F(Kubernetes, WaitsLongerThanAuthdMayTakeToEnd) {
  const int longest = seconds_in_effect("drain_delay") + seconds_in_effect("drain_timeout") + 10;
  EXPECT_GT(pod_["terminationGracePeriodSeconds"].as<int>(), longest);
  EXPECT_GT(seconds_in_effect("drain_delay"), 0) << "requests arrive until every node knows";
}

TEST_F(Kubernetes, SelectsItsPodsByTheirLabels) {
  const auto labels = deployment_["spec"]["template"]["metadata"]["labels"].as<Environment>();
  ASSERT_FALSE(labels.empty());
  const auto selector = [](const char* file) { return manifest(file)["spec"]["selector"]; };
  EXPECT_EQ(selector("deployment.yaml")["matchLabels"].as<Environment>(), labels);
  EXPECT_EQ(selector("service.yaml").as<Environment>(), labels);
  EXPECT_EQ(selector("disruption_budget.yaml")["matchLabels"].as<Environment>(), labels);
  EXPECT_EQ(manifest("network_policy.yaml")["spec"]["podSelector"]["matchLabels"].as<Environment>(), labels);
  // A ServiceMonitor selects Services.
  EXPECT_EQ(selector("service_monitor.yaml")["matchLabels"].as<Environment>(),
            manifest("service.yaml")["metadata"]["labels"].as<Environment>());
  EXPECT_EQ(manifest("autoscaler.yaml")["spec"]["scaleTargetRef"]["name"].as<std::string>(),
            deployment_["metadata"]["name"].as<std::string>());
}

// Each of these ports is one that the configuration names, and there is no other way out but DNS.
TEST_F(Kubernetes, ReachesWhatTheConfigurationNamesAndNothingElse) {
  const YAML::Node policy = manifest("network_policy.yaml")["spec"];
  EXPECT_EQ(policy["policyTypes"].as<std::vector<std::string>>(), (std::vector<std::string>{"Ingress", "Egress"}));
  std::vector<std::string> ways_out;
  for (const YAML::Node& rule : policy["egress"]) {
    ASSERT_GT(rule["to"].size(), 0u) << "open to all";
    for (const YAML::Node& peer : rule["to"])
      ways_out.push_back(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"].as<std::string>() +
                         ":" + rule["ports"][0]["port"].as<std::string>());
  }
  std::vector<std::string> named_in_configuration{"kube-system:53"};
  const std::string text = toml();
  const std::regex url(R"(://[a-z-]+\.([a-z-]+)\.svc(:[0-9]+))");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), url); it != std::sregex_iterator(); ++it)
    named_in_configuration.push_back((*it)[1].str() + (*it)[2].str());
  EXPECT_THAT(ways_out, testing::UnorderedElementsAreArray(named_in_configuration));

  ASSERT_EQ(policy["ingress"].size(), 1u);
  std::vector<std::string> ways_in;
  for (const YAML::Node& peer : policy["ingress"][0]["from"])
    ways_in.push_back(peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"].as<std::string>());
  EXPECT_THAT(ways_in, testing::ElementsAre("kong", "prometheus"));
}

TEST_F(Kubernetes, RunsWithoutRightsThatItDoesNotNeed) {
  EXPECT_FALSE(pod_["automountServiceAccountToken"].as<bool>());
  EXPECT_FALSE(pod_["enableServiceLinks"].as<bool>()) << "AUTHD_PORT";
  EXPECT_TRUE(pod_["securityContext"]["runAsNonRoot"].as<bool>());
  EXPECT_GT(pod_["securityContext"]["runAsUser"].as<int>(), 0);
  EXPECT_EQ(pod_["securityContext"]["seccompProfile"]["type"].as<std::string>(), "RuntimeDefault");
  const YAML::Node rights = container_["securityContext"];
  EXPECT_FALSE(rights["allowPrivilegeEscalation"].as<bool>());
  EXPECT_TRUE(rights["readOnlyRootFilesystem"].as<bool>());
  EXPECT_EQ(rights["capabilities"]["drop"].as<std::vector<std::string>>(), std::vector<std::string>{"ALL"});
  const auto requests = container_["resources"]["requests"].as<Environment>();
  const auto limits = container_["resources"]["limits"].as<Environment>();
  EXPECT_EQ(requests, (Environment{{"memory", "64Mi"}, {"cpu", "100m"}}));
  EXPECT_EQ(limits, (Environment{{"memory", "128Mi"}, {"cpu", "500m"}}));
}

// The same configuration, but for where Kong is and where authd listens.
TEST_F(Kubernetes, AnswersTheProbesAndPrometheusAndIssuesATokenOnceKongIsThere) {
  FakeKong kong(FakeKong::Options{});
  kong.add_consumer("alice", kAliceId);
  kong.add_credential(kAliceId, {"alice-key", kAliceSecret});
  Environment variables = environment();
  variables.merge(Environment{{"AUTHD_ENV", "test"},
                              {"HOST", "127.0.0.1"},
                              {"PORT", "0"},
                              {"KONG_ADMIN_URL", kong.url()},
                              {"AUTHD_TRUSTED_GATEWAYS", "127.0.0.1/32"}});
  AuthdProcess authd(toml(), variables);
  authd.await_ready();

  for (const char* probe : {"startupProbe", "livenessProbe", "readinessProbe"}) {
    const auto path = container_[probe]["httpGet"]["path"].as<std::string>();
    EXPECT_EQ(get(authd.port(), path).status, 200) << probe << " " << path;
  }
  EXPECT_EQ(container_["livenessProbe"]["httpGet"]["path"].as<std::string>(), "/health/live")
      << "any other is no reason to start it anew";
  EXPECT_EQ(container_["readinessProbe"]["httpGet"]["path"].as<std::string>(), "/health/ready");

  const auto metrics = manifest("service_monitor.yaml")["spec"]["endpoints"][0]["path"].as<std::string>();
  const HttpReply scraped = get(authd.port(), metrics, {{"Accept", "application/openmetrics-text;version=1.0.0"}});
  EXPECT_EQ(scraped.status, 200);
  EXPECT_NE(scraped.body.find("http_requests_total"), std::string::npos) << scraped.body.substr(0, 500);

  EXPECT_EQ(get(authd.port(), "/tokens", kAlice).status, 200) << authd.child().everything();
}

} // namespace
} // namespace authd::test
