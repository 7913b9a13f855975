// SPDX-License-Identifier: Apache-2.0
// A credential that somebody deleted in Kong and one instance made again, or that changed in a declarative file: the
// copies of the other instances would go on signing tokens that Kong refuses.
#include "shared_tier.h"
#include "support/tcp_proxy.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;

// How the create that makes it anew ends for the instance that sends it.
class CredentialMadeAnew : public SharedTier, public testing::WithParamInterface<Kind> {};
INSTANTIATE_TEST_SUITE_P(, CredentialMadeAnew,
                         testing::Values(Kind::none, Kind::store_then_500, Kind::store_then_hang));

TEST_P(CredentialMadeAnew, ByOneInstanceIsUsedByTheOther) {
  FakeKong kong;
  const std::string id = kong.add_consumer("anew");
  const std::size_t maker = start(Settings(kong.url()), "1s");
  const std::size_t other = start(Settings(kong.url()), "1h");
  ASSERT_EQ(tokens(maker, id).status, 200);
  const KongCredential first = kong.credentials(id).at(0);
  ASSERT_TRUE(await_secret(other, id, first.secret));

  kong.set_fault(KongOperation::create, {GetParam()});
  kong.remove_credential(id, first.key);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (kong.credentials(id).empty()) { // until its copy has expired
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    static_cast<void>(tokens(maker, id));
  }
  kong.clear_faults();
  const KongCredential second = kong.credentials(id).at(0);
  ASSERT_EQ(second.key, first.key);
  ASSERT_NE(second.secret, first.secret);
  EXPECT_TRUE(await_secret(other, id, second.secret)) << "it still signs with what was deleted";
  EXPECT_TRUE(await_secret(maker, id, second.secret));
  EXPECT_EQ(kong.credentials(id).size(), 1u);
}

// The other one hears Redis all the time. Nobody asks the maker after its connection is back.
TEST_F(SharedTier, HearsOfACredentialThatWasMadeWhileItsMakerWasCutOff) {
  FakeKong kong;
  const std::string id = kong.add_consumer("anew");
  TcpProxy link(redis_.port());
  const std::size_t maker = start_over(link.port(), Settings(kong.url()), "1s");
  const std::size_t other = start(Settings(kong.url()));
  ASSERT_EQ(tokens(maker, id).status, 200);
  const KongCredential first = kong.credentials(id).at(0);
  ASSERT_TRUE(await_secret(other, id, first.secret));

  WireFault gone;
  gone.refuse = true;
  link.set_fault(gone);
  link.cut();
  kong.remove_credential(id, first.key);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (kong.credentials(id).empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    static_cast<void>(tokens(maker, id));
  }
  ASSERT_TRUE(instances_[maker]->await_event("cache-tier-failed", std::chrono::seconds(20)));
  ASSERT_TRUE(is_signed_with(tokens(other, id), first.secret)) << "nothing can have told it";
  link.pass();
  EXPECT_TRUE(await_secret(other, id, kong.credentials(id).at(0).secret));
}

// --- kong.yml ----------------------------------------------------------------------------------------------

class DeclarativeRotation : public SharedTier {
 protected:
  DeclarativeRotation() { write("first-secret"); }

  void write(const std::string& secret) {
    dir_.replace("kong.yml", "_format_version: \"3.0\"\nconsumers:\n  - username: alice\n    id: " + kAliceId +
                                 "\n    jwt_secrets:\n      - key: alice-key\n        secret: " + secret + "\n");
  }
  Settings over_the_file() const {
    Settings settings("");
    settings.set("gateway", "admin_url", "");
    settings.set_text("gateway", "plugin", "kong-declarative");
    return settings.set_text("gateway", "file", (dir_.path() / "kong.yml").string());
  }

  TempDir dir_;
};

TEST_F(DeclarativeRotation, IsUsedByEveryInstanceThatWatchesTheFile) {
  for (int i = 0; i < 2; ++i) start(over_the_file());
  for (const std::string secret : {"first-secret", "second-secret", "third-secret"}) {
    write(secret);
    for (const std::size_t instance : {0u, 1u})
      for (const std::string& name : {kAliceId, std::string("alice")})
        EXPECT_TRUE(await_secret(instance, name, secret)) << secret << " at " << instance << " for " << name;
  }
}

// One that does not see the file, because it asks the Kong that was loaded with it, learns of the change through Redis.
TEST_F(DeclarativeRotation, ReachesAnInstanceThatDoesNotSeeTheFile) {
  FakeKong kong;
  kong.add_consumer("alice", kAliceId);
  kong.add_credential(kAliceId, {"alice-key", "first-secret"});
  const std::size_t watcher = start(over_the_file());
  const std::size_t other = start(Settings(kong.url()));
  for (const std::size_t instance : {watcher, other}) ASSERT_TRUE(await_secret(instance, kAliceId, "first-secret"));
  kong.remove_credential(kAliceId, "alice-key");
  kong.add_credential(kAliceId, {"alice-key", "second-secret"});
  EXPECT_TRUE(is_signed_with(tokens(other, kAliceId), "first-secret")) << "its copy has not expired";
  write("second-secret");
  EXPECT_TRUE(await_secret(other, kAliceId, "second-secret"));
  EXPECT_TRUE(await_secret(watcher, kAliceId, "second-secret"));
}

} // namespace
} // namespace authd::test
