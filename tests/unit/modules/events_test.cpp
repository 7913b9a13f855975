// SPDX-License-Identifier: Apache-2.0
#include "modules/events.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "authd/services.h"
#include "base/abi_views.h"
#include "base/call.h"

namespace authd::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Events : public testing::Test {
 protected:
  Events() : fd_(::memfd_create("log", MFD_CLOEXEC)), log_(options(fd_)), bus_(log_) {
    declared_.emits = {"code.replayed", "token.issued"};
  }
  ~Events() override { ::close(fd_); }

  static Log::Options options(int fd) {
    Log::Options options;
    options.fd = fd;
    return options;
  }

  authd_status emit(std::string_view type, std::string_view subject, std::string_view json, bool first_pass = false) {
    const auto service = bus_.service_for({nullptr, "oauth", AUTHD_ABI_MINOR, nullptr, &declared_});
    const auto* table = static_cast<const authd_events_v1*>(service.get());
    Call call(SteadyTime::max(), "request-1");
    call.set_first_pass(first_pass);
    const authd_status status = table->emit(table, call.abi(), to_abi(type), to_abi(subject), to_bytes(json));
    why_ = call.failure().message;
    return status;
  }
  std::string logged() {
    log_.flush();
    std::string all(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t n = ::pread(fd_, all.data(), all.size(), 0);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }
  EventBus::Listener listener(std::vector<std::string> types) {
    return {std::move(types), [this](const Event& event) { heard_.push_back(event.type + " " + event.subject); }};
  }

  int fd_;
  Log log_;
  EventBus bus_;
  plugin::Declared declared_;
  std::vector<std::string> heard_;
  std::string why_;
};

TEST_F(Events, AreLoggedCountedAndToldToWhoListens) {
  bus_.replace_listeners({listener({"code.replayed"}), listener({"token.issued", "code.replayed"})});
  EXPECT_EQ(emit("code.replayed", "alice", R"({"family":"f"})"), AUTHD_OK);
  EXPECT_EQ(emit("token.issued", "bob", "{}"), AUTHD_OK);
  EXPECT_THAT(heard_, ElementsAre("code.replayed alice", "code.replayed alice", "token.issued bob"));
  const std::string text = logged();
  EXPECT_THAT(text, HasSubstr(R"("event.action":"code.replayed")"));
  EXPECT_THAT(text, HasSubstr(R"("authd.plugin.instance":"oauth","authd.event.subject":"alice")"));
  EXPECT_THAT(text, HasSubstr(R"("http.request.id":"request-1")"));
  ASSERT_EQ(bus_.counts().size(), 2u);
  EXPECT_EQ(bus_.counts()[0].events, 1u);
}

TEST_F(Events, OfAFirstPassDoNotHappen) {
  bus_.replace_listeners({listener({"code.replayed"})});
  EXPECT_EQ(emit("code.replayed", "alice", "{}", true), AUTHD_WOULD_BLOCK);
  EXPECT_THAT(heard_, testing::IsEmpty());
  EXPECT_THAT(bus_.counts(), testing::IsEmpty());
}

TEST_F(Events, OfATypeThatTheNoteDoesNotNameAreRefused) {
  EXPECT_EQ(emit("client.created", "alice", "{}"), AUTHD_DENIED);
  EXPECT_EQ(why_, "its note does not say that it emits client.created");
  EXPECT_EQ(logged(), "");
}

TEST_F(Events, ThatAreTooLongOrNoTextAreRefused) {
  EXPECT_EQ(emit("token.issued", std::string(256, 's'), std::string(8192, 'j')), AUTHD_OK);
  EXPECT_EQ(emit("token.issued", "", std::string(8193, 'j')), AUTHD_INVALID);
  EXPECT_EQ(emit("token.issued", std::string(257, 's'), "{}"), AUTHD_INVALID);
  EXPECT_EQ(emit("token.issued", "\xff", "{}"), AUTHD_INVALID);
}

TEST_F(Events, AreNotToldToListenersThatWereReplaced) {
  bus_.replace_listeners({listener({"code.replayed"})});
  bus_.replace_listeners({});
  EXPECT_EQ(emit("code.replayed", "alice", "{}"), AUTHD_OK);
  EXPECT_THAT(heard_, testing::IsEmpty());
}

} // namespace
} // namespace authd::modules
