// SPDX-License-Identifier: Apache-2.0
// Modules and what they keep, in a real store-sqlite.
#include "modules/records.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authd/records.h"
#include "authd/services.h"
#include "authd/store.h"
#include "base/abi_views.h"
#include "base/log.h"
#include "modules/current_store.h"
#include "modules/key_probe.h"
#include "modules/record_seal.h"
#include "modules/services.h"
#include "plugin/loader.h"
#include "support/temp_dir.h"

namespace authd::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kNever = INT64_MAX;

Secret key(char filled_with) { return Secret(std::string(MasterKeys::kBytes, filled_with)); }

MasterKeys keys(std::string_view letters) {
  std::vector<Secret> all;
  for (const char letter : letters) all.push_back(key(letter));
  return MasterKeys(std::move(all));
}

class RealStore {
 public:
  RealStore() {
    config::PluginUse use;
    use.plugin = use.name = "store-sqlite";
    config::PluginValue path;
    path.text = Secret((folder_.path() / "authd.db").string());
    use.settings.values["/path"] = std::move(path);
    const plugin::Services services{
        {AUTHD_CLOCK_V1, [this](const plugin::ServiceUser& user) { return clock_service(clock_, user); }}};
    auto instance =
        plugin::Loader({.strict_permissions = false}, services, log_).load(use, AUTHD_PLUGIN_DIR, "", AUTHD_STORE_V1);
    if (!instance) throw std::runtime_error(instance.error().line);
    if (const auto started = (*instance)->start(); !started) throw std::runtime_error(started.error().line);
    store_ = std::make_shared<const plugin::Store>(std::move(*instance));
    current_.replace(store_);
  }

  void set_clock_ahead(int ms) const { std::ofstream(clock_file_) << ms; }
  const MovableClock& clock() const { return clock_; }
  CurrentStore& current() { return current_; }
  const plugin::Store& store() const { return *store_; }
  void end() { store_.reset(); }

 private:
  static Log::Options errors_only() {
    Log::Options options;
    options.level = Level::error;
    options.fd = STDERR_FILENO;
    return options;
  }

  const test::TempDir folder_;
  const std::string clock_file_ = folder_.write("clock", "0");
  const MovableClock clock_{clock_file_};
  Log log_{errors_only()};
  CurrentStore current_;
  std::shared_ptr<const plugin::Store> store_;
};

// What a module sees of a record.
struct Seen {
  std::string id, body;
  std::uint64_t version = 0;
  std::vector<std::string> index = {};
};

// A module with two types: 0 "code", sealed, with the indexes "family" and the unique "login"; 1 "client", of which
// copies may be a second old.
class Module {
 public:
  Module(RecordSpaces& spaces, std::string_view instance)
      : service_(spaces.service_for({nullptr, instance, AUTHD_ABI_MINOR, nullptr, &kDeclared})),
        table_(static_cast<const authd_records_v1*>(service_.get())) {}

  authd_status get(std::uint32_t type, std::string_view id, bool first_pass = false) {
    return collect(first_pass, [&](const authd_call* call, const authd_record_sink* sink) {
      return table_->get(table_, call, type, to_bytes(id), sink);
    });
  }
  authd_status find(std::uint32_t type, std::string_view index, std::string_view value, std::uint32_t flags = 0,
                    std::uint32_t limit = 10, bool first_pass = false) {
    const authd_index wanted{to_abi(index), to_bytes(value)};
    return collect(first_pass, [&](const authd_call* call, const authd_record_sink* sink) {
      return table_->find(table_, call, type, index.empty() ? nullptr : &wanted, flags, {}, limit, sink);
    });
  }
  struct Given {
    std::uint32_t op, type;
    std::string id;
    std::string body = {};
    std::uint64_t version = 0;
    std::vector<std::pair<std::string, std::string>> index = {};
    std::int64_t expires_at_ms = kNever;
  };
  authd_status apply(const std::vector<Given>& given, bool first_pass = false) {
    std::vector<std::vector<authd_index>> index(given.size());
    std::vector<authd_record> records(given.size());
    std::vector<authd_change> changes(given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Given& g = given[i];
      for (const auto& [name, value] : g.index) index[i].push_back({to_abi(name), to_bytes(value)});
      records[i] = {sizeof(authd_record), g.type,          to_bytes(g.id), to_bytes(g.body), g.version,
                    g.expires_at_ms,      index[i].data(), index[i].size()};
      changes[i] = {g.op, 0, &records[i]};
    }
    return collect(first_pass, [&](const authd_call* call, const authd_record_sink* sink) {
      return table_->apply(table_, call, changes.data(), changes.size(), 0, &failed, sink);
    });
  }

  std::vector<Seen> seen;
  std::string why; // of the last failure
  std::size_t failed = 0;

 private:
  static inline const plugin::Declared kDeclared{{},
                                                 {AUTHD_RECORDS_V1},
                                                 {{"code", {{"family", false}, {"login", true}}, true, milliseconds(0)},
                                                  {"client", {}, false, milliseconds(1000)}},
                                                 {},
                                                 {},
                                                 {}};

  template <class Use>
  authd_status collect(bool first_pass, const Use& use) {
    seen.clear();
    Call call;
    call.set_first_pass(first_pass);
    const authd_record_sink sink{sizeof sink, 0, this, [](const authd_record_sink* s, const authd_record* r) noexcept {
                                   Seen one{std::string(view(r->id)), std::string(view(r->body)), r->version};
                                   for (std::size_t i = 0; i < r->index_count; ++i)
                                     one.index.push_back(std::string(view(r->index[i].name)) + "=" +
                                                         std::string(view(r->index[i].value)));
                                   static_cast<Module*>(s->ctx)->seen.push_back(std::move(one));
                                   return static_cast<authd_status>(AUTHD_OK);
                                 }};
    const authd_status status = use(call.abi(), &sink);
    why = call.failure().message;
    return status;
  }

  std::shared_ptr<const void> service_;
  const authd_records_v1* table_;
};

constexpr std::uint32_t kCode = 0, kClient = 1;

class Records : public testing::Test {
 protected:
  static Module::Given insert(std::uint32_t type, std::string id, std::string body = {}) {
    return {AUTHD_CHANGE_INSERT, type, std::move(id), std::move(body)};
  }
  static Module::Given take(std::uint32_t type, std::string id) { return {AUTHD_CHANGE_TAKE, type, std::move(id)}; }

  RealStore real_;
  RecordSpaces spaces_{real_.current(), keys("ab"), real_.clock()};
  Module oauth_{spaces_, "oauth"};
};

TEST_F(Records, AreWhatAModuleKept) {
  ASSERT_EQ(oauth_.apply({{AUTHD_CHANGE_INSERT, kCode, "id", "body", 0, {{"family", "f"}, {"login", "l"}}}}), AUTHD_OK)
      << oauth_.why;
  ASSERT_EQ(oauth_.get(kCode, "id"), AUTHD_OK) << oauth_.why;
  ASSERT_EQ(oauth_.seen.size(), 1u);
  EXPECT_EQ(oauth_.seen[0].body, "body");
  EXPECT_EQ(oauth_.seen[0].version, 1u);
  EXPECT_THAT(oauth_.seen[0].index, ElementsAre("family=f", "login=l"));
  ASSERT_EQ(oauth_.find(kCode, "family", "f"), AUTHD_OK);
  EXPECT_EQ(oauth_.seen.size(), 1u);
  ASSERT_EQ(oauth_.apply({take(kCode, "id")}), AUTHD_OK);
  ASSERT_EQ(oauth_.seen.size(), 1u);
  EXPECT_EQ(oauth_.seen[0].body, "body");
  EXPECT_EQ(oauth_.apply({take(kCode, "id")}), AUTHD_NOT_FOUND);
  EXPECT_EQ(oauth_.get(kCode, "id"), AUTHD_NOT_FOUND);
}

TEST_F(Records, AreUniqueWhereTheNoteSaysSo) {
  ASSERT_EQ(oauth_.apply({{AUTHD_CHANGE_INSERT, kCode, "a", "", 0, {{"login", "l"}}}}), AUTHD_OK);
  EXPECT_EQ(oauth_.apply({insert(kCode, "c"), {AUTHD_CHANGE_INSERT, kCode, "b", "", 0, {{"login", "l"}}}}),
            AUTHD_CONFLICT);
  EXPECT_EQ(oauth_.failed, 1u);
}

TEST_F(Records, OfOneInstanceAreNotAnothers) {
  Module other(spaces_, "scim"), sly(spaces_, "oauth/code"), host(spaces_, "authd");
  ASSERT_EQ(oauth_.apply({insert(kCode, "id", "mine")}), AUTHD_OK);
  for (Module* module : {&other, &sly, &host}) {
    EXPECT_EQ(module->get(kCode, "id"), AUTHD_NOT_FOUND);
    ASSERT_EQ(module->find(kCode, "", ""), AUTHD_OK);
    EXPECT_THAT(module->seen, IsEmpty());
  }
  EXPECT_EQ(RecordSpaces::full_type("oauth", "code"), "oauth/code");
  EXPECT_EQ(RecordSpaces::full_type("a/b %", "code"), "a%2Fb%20%25/code");
  EXPECT_FALSE(RecordSeal::is_hosts_own(RecordSpaces::full_type("authd", "key")));
}

TEST_F(Records, AreSealedInTheStore) {
  ASSERT_EQ(oauth_.apply({insert(kCode, "id", "the secret body"), insert(kClient, "id", "open")}), AUTHD_OK);
  Call call;
  const auto stored = real_.store().scan(call, "", "", 10);
  ASSERT_TRUE(stored) << stored.error().message;
  ASSERT_EQ(stored->size(), 2u);
  EXPECT_EQ((*stored)[0].type, "oauth/client");
  EXPECT_EQ((*stored)[0].body, "ropen");
  EXPECT_THAT((*stored)[1].body, Not(HasSubstr("secret")));
  // Under another id it does not open: nobody can pass one user's record off as another's.
  plugin::Record moved = (*stored)[1];
  moved.id = "other";
  ASSERT_TRUE(real_.current().apply(call, {{plugin::Change::Op::put, moved}}, nullptr));
  EXPECT_EQ(oauth_.get(kCode, "other"), AUTHD_CORRUPT);
  EXPECT_THAT(oauth_.why, HasSubstr("no master key opens a record of oauth/code"));
}

TEST_F(Records, OpenWithAnyOfTheMasterKeys) {
  ASSERT_EQ(oauth_.apply({insert(kCode, "id", "body")}), AUTHD_OK);
  RecordSpaces rotated(real_.current(), keys("xa"), real_.clock()), lost(real_.current(), keys("x"), real_.clock());
  Module same(rotated, "oauth"), without(lost, "oauth");
  ASSERT_EQ(same.get(kCode, "id"), AUTHD_OK);
  EXPECT_EQ(same.seen[0].body, "body");
  EXPECT_EQ(without.get(kCode, "id"), AUTHD_CORRUPT);
  EXPECT_THAT(without.why, HasSubstr("secrets.master_keys"));
}

TEST_F(Records, ThatShallBeSealedNeedMasterKeys) {
  RecordSpaces keyless(real_.current(), MasterKeys(), real_.clock());
  Module module(keyless, "oauth");
  EXPECT_EQ(module.apply({insert(kCode, "id", "body")}), AUTHD_INVALID);
  EXPECT_THAT(module.why, HasSubstr("set secrets.master_keys"));
  EXPECT_EQ(module.apply({insert(kClient, "id", "body")}), AUTHD_OK);
}

TEST_F(Records, OnAFirstPassAreCopiesOrNothing) {
  ASSERT_EQ(oauth_.apply({insert(kCode, "id"), insert(kClient, "id", "one")}), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kClient, "id", true), AUTHD_WOULD_BLOCK) << "nobody has read it yet";
  ASSERT_EQ(oauth_.get(kClient, "id"), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kClient, "id", true), AUTHD_OK);
  EXPECT_EQ(oauth_.seen.at(0).body, "one");
  ASSERT_EQ(oauth_.get(kCode, "id"), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kCode, "id", true), AUTHD_WOULD_BLOCK) << "of this type no copy is kept";
  EXPECT_EQ(oauth_.apply({insert(kClient, "new")}, true), AUTHD_WOULD_BLOCK);
  EXPECT_EQ(oauth_.get(kClient, "new"), AUTHD_NOT_FOUND) << "and nothing has happened";
  EXPECT_EQ(oauth_.find(kClient, "", "", 0, 10, true), AUTHD_WOULD_BLOCK);
}

TEST_F(Records, AreNoLongerCopiesOnceTheyChange) {
  ASSERT_EQ(oauth_.apply({insert(kClient, "id", "one")}), AUTHD_OK);
  ASSERT_EQ(oauth_.get(kClient, "id"), AUTHD_OK);
  ASSERT_EQ(oauth_.apply({{AUTHD_CHANGE_UPDATE, kClient, "id", "two", 1}}), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kClient, "id", true), AUTHD_WOULD_BLOCK);
  ASSERT_EQ(oauth_.get(kClient, "id"), AUTHD_OK);
  EXPECT_EQ(oauth_.seen.at(0).body, "two");
  Module reloaded(spaces_, "oauth"); // beside the old one for a while
  ASSERT_EQ(reloaded.apply({take(kClient, "id")}), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kClient, "id"), AUTHD_NOT_FOUND);
}

TEST_F(Records, AreCopiesForAsLongAsTheNoteAllows) {
  ASSERT_EQ(oauth_.apply({insert(kClient, "id", "one")}), AUTHD_OK);
  ASSERT_EQ(oauth_.get(kClient, "id"), AUTHD_OK);
  RecordSpaces elsewhere(real_.current(), keys("ab"), real_.clock()); // another process
  Module other(elsewhere, "oauth");
  ASSERT_EQ(other.apply({take(kClient, "id")}), AUTHD_OK);
  EXPECT_EQ(oauth_.get(kClient, "id", true), AUTHD_OK);
  real_.set_clock_ahead(1001);
  EXPECT_EQ(oauth_.get(kClient, "id", true), AUTHD_WOULD_BLOCK);
  EXPECT_EQ(oauth_.get(kClient, "id"), AUTHD_NOT_FOUND) << "what another process did is seen within a second";
}

TEST_F(Records, ThatExpireAreNoCopiesAnyMore) {
  const std::int64_t expires = unix_millis(real_.clock().wall()) + 60'000;
  ASSERT_EQ(oauth_.apply({{AUTHD_CHANGE_INSERT, kClient, "id", "one", 0, {}, expires}}), AUTHD_OK);
  ASSERT_EQ(oauth_.get(kClient, "id"), AUTHD_OK);
  real_.set_clock_ahead(61'000);
  EXPECT_EQ(oauth_.get(kClient, "id"), AUTHD_NOT_FOUND);
}

TEST_F(Records, HaveLimits) {
  using Given = Module::Given;
  const auto refused = [&](const std::vector<Given>& changes, std::string_view why) {
    EXPECT_EQ(oauth_.apply(changes), AUTHD_INVALID) << why;
    EXPECT_THAT(oauth_.why, HasSubstr(std::string(why)));
  };
  const std::string most(AUTHD_RECORD_MAX_BODY, 'x');
  EXPECT_EQ(oauth_.apply({insert(kCode, std::string(64, 'i'), most)}), AUTHD_OK) << oauth_.why;
  EXPECT_EQ(oauth_.get(kCode, std::string(64, 'i')), AUTHD_OK) << oauth_.why;
  refused({insert(kCode, "")}, "the id of a code has 0 bytes; 1 to 64 are allowed");
  refused({insert(kCode, std::string(65, 'i'))}, "has 65 bytes");
  refused({insert(kCode, "a"), insert(kCode, "b", most + "x")}, "has 65537 bytes; 65536 are allowed");
  EXPECT_EQ(oauth_.failed, 1u);
  EXPECT_EQ(oauth_.get(kCode, "a"), AUTHD_NOT_FOUND);
  refused({insert(2, "a")}, "declares no type of record at position 2");
  refused({{AUTHD_CHANGE_INSERT, kClient, "a", "", 0, {{"family", "f"}}}}, "a client has no index \"family\"");
  refused({{AUTHD_CHANGE_INSERT, kCode, "a", "", 0, {{"family", ""}}}}, "has 0 bytes; 1 to 256");
  refused({{AUTHD_CHANGE_INSERT, kCode, "a", "", 0, {{"family", "f"}, {"family", "g"}}}}, "two values of the index");
  refused({{AUTHD_CHANGE_REMOVE_BY, kCode, ""}}, "exactly one index value");
  refused({{8, kCode, "a"}}, "there is no change 8");
  refused({}, "0 changes at once");
  refused(std::vector<Given>(65, insert(kCode, "a")), "65 changes at once; 1 to 64");
  EXPECT_EQ(oauth_.find(kCode, "", "", 0, 0), AUTHD_INVALID);
  EXPECT_EQ(oauth_.find(kCode, "", "", 0, 1001), AUTHD_INVALID);
  EXPECT_EQ(oauth_.find(kCode, "family", "", AUTHD_FIND_PREFIX), AUTHD_OK) << "any value";
  EXPECT_EQ(oauth_.find(kCode, "family", "f", 2), AUTHD_INVALID);
  Module verbose(spaces_, std::string(64, '%'));
  EXPECT_EQ(verbose.get(kCode, "a"), AUTHD_INVALID);
  EXPECT_THAT(verbose.why, HasSubstr("longer than 128 together"));
}

TEST_F(Records, WithoutAStoreAreUnavailable) {
  real_.end();
  EXPECT_EQ(oauth_.get(kCode, "a"), AUTHD_UNAVAILABLE);
  EXPECT_THAT(oauth_.why, HasSubstr("add [store] to authd.toml"));
  EXPECT_EQ(oauth_.apply({insert(kCode, "a")}), AUTHD_UNAVAILABLE);
}

TEST_F(Records, FindWrongMasterKeysAtTheStart) {
  Call call;
  EXPECT_EQ(fault_of_master_keys(call, real_.current(), keys("a")), "");
  EXPECT_EQ(fault_of_master_keys(call, real_.current(), keys("a")), "") << "the record is there now";
  EXPECT_EQ(fault_of_master_keys(call, real_.current(), keys("ba")), "") << "a key more";
  EXPECT_THAT(fault_of_master_keys(call, real_.current(), keys("b")), HasSubstr("secrets.master_keys: none of them"));
  EXPECT_EQ(fault_of_master_keys(call, real_.current(), MasterKeys()), "");
}

} // namespace
} // namespace authd::modules
