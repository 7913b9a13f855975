// SPDX-License-Identifier: Apache-2.0
#include "profiling/sessions.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "known_profile.h"
#include "support/temp_dir.h"

namespace authd::profiling {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

class ScriptedSource : public Source {
 public:
  explicit ScriptedSource(Type type) : type_(type) {}
  std::string obstacle() const override { return obstacle_; }
  void start() override { ++starts; }
  void keep_up() override { ++calls; }
  Recording stop() override {
    ++stops;
    return {type_, wall_now(), wall_now(), 1, {{{1, 2}, "thread", 1, 1}}, 7, {"deaf"}};
  }
  std::string obstacle_;
  int starts = 0, stops = 0, calls = 0;

 private:
  Type type_;
};

class SessionsTest : public testing::Test {
 protected:
  Settings settings(bool auto_generate = false) const { return {folder(), auto_generate}; }
  std::string folder() const { return (dir_.path() / "profiling").string(); }
  std::vector<std::string> written() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) names.push_back(entry.path().filename().string());
    return names;
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> names;
    const std::vector<Report> reports = sessions_.reports(settings()).value();
    for (const Report& report : reports) names.push_back(report.name);
    return names;
  }
  std::string ran(bool auto_generate = false, Type type = Type::cpu) {
    sessions_.start(type, settings(auto_generate), now_).value();
    return sessions_.stop().value().id;
  }

  test::TempDir dir_;
  ScriptedSource cpu_{Type::cpu}, heap_{Type::heap};
  Sessions sessions_{cpu_, heap_};
  const SteadyTime now_ = steady_now();
};

TEST_F(SessionsTest, RunOneAtATime) {
  const auto first = sessions_.start(Type::cpu, settings(), now_);
  ASSERT_TRUE(first);
  EXPECT_THAT(first->id, MatchesRegex("profile-[0-9]+-[0-9a-f]+"));
  const auto second = sessions_.start(Type::heap, settings(), now_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, 400);
  EXPECT_THAT(second.error().why, HasSubstr(first->id));
  EXPECT_TRUE(sessions_.stop());
  EXPECT_EQ(sessions_.stop().error().status, 400);
  EXPECT_TRUE(sessions_.start(Type::heap, settings(), now_));
  EXPECT_EQ(heap_.starts, 1);
}

TEST_F(SessionsTest, EndByThemselves) {
  sessions_.start(Type::cpu, settings(), now_).value();
  EXPECT_EQ(sessions_.tick(now_), now_ + milliseconds(100));
  EXPECT_EQ(cpu_.calls, 1);
  EXPECT_EQ(sessions_.tick(now_ + milliseconds(59'950)), now_ + Sessions::kLongest);
  EXPECT_TRUE(sessions_.is_running());
  EXPECT_EQ(sessions_.tick(now_ + Sessions::kLongest), std::nullopt);
  EXPECT_FALSE(sessions_.is_running());
  ASSERT_THAT(sessions_.all(), SizeIs(1));
  EXPECT_TRUE(sessions_.all()[0].stopped);
  EXPECT_TRUE(sessions_.all()[0].stopped_by_itself);
  EXPECT_EQ(sessions_.all()[0].samples, 1);
  EXPECT_EQ(sessions_.all()[0].lost, 7);
  EXPECT_THAT(sessions_.all()[0].blocked_threads, ElementsAre("deaf"));
  EXPECT_THAT(listed(), SizeIs(2)) << "its reports are there as if it had been stopped";
}

TEST_F(SessionsTest, SayWhyTheyCannotStart) {
  heap_.obstacle_ = "no allocator";
  EXPECT_EQ(sessions_.start(Type::heap, settings(), now_).error().why, "no allocator");
  dir_.write("profiling", "a file is in the way");
  const auto refused = sessions_.start(Type::cpu, settings(), now_);
  EXPECT_EQ(refused.error().status, 500);
  EXPECT_THAT(refused.error().why, HasSubstr("profiling.output_dir"));
  EXPECT_EQ(cpu_.starts, 0);
  EXPECT_FALSE(sessions_.is_running());
}

TEST_F(SessionsTest, WriteTheirReportsWhenOneIsAskedFor) {
  const std::string id = ran();
  EXPECT_THAT(written(), IsEmpty());
  EXPECT_THAT(listed(), ElementsAre(id + ".cpu.pb.gz", id + ".cpuprofile"));
  const auto report = sessions_.report(id + ".cpuprofile", settings());
  ASSERT_TRUE(report);
  EXPECT_TRUE(parsed(*report)->has("nodes"));
  EXPECT_THAT(written(), testing::UnorderedElementsAre(id + ".cpu.pb.gz", id + ".cpuprofile"));
  EXPECT_EQ(sessions_.report(id + ".cpuprofile", settings()).value(), *report) << "as often as one likes";
}

TEST_F(SessionsTest, WriteThemAtTheEndIfTheyAreToldTo) {
  const std::string id = ran(true, Type::heap);
  EXPECT_THAT(written(), testing::UnorderedElementsAre(id + ".heap.pb.gz", id + ".heapprofile"));
  EXPECT_TRUE(parsed(sessions_.report(id + ".heapprofile", settings()).value())->has("head"));
}

TEST_F(SessionsTest, ServeNoOtherFile) {
  ran(true);
  dir_.write("secret", "planted");
  std::ofstream(fs::path(folder()) / "secret") << "planted";
  for (const char* name : {"secret", "../secret", "%2e%2e/secret", "", "profile-1-0123abcd.cpuprofile/../../secret"}) {
    EXPECT_EQ(sessions_.report(name, settings()).error().status, 400) << name;
  }
  EXPECT_EQ(sessions_.report("profile-1-0123abcd.cpuprofile", settings()).error().status, 404);
}

TEST_F(SessionsTest, CleanUpWhatIsOursAlone) {
  const std::string on_disk = ran(true), in_memory = ran();
  std::ofstream(fs::path(folder()) / "notes.txt") << "keep me";
  EXPECT_THAT(sessions_.clean_up(settings()).value(),
              testing::UnorderedElementsAre(on_disk + ".cpu.pb.gz", on_disk + ".cpuprofile", in_memory + ".cpu.pb.gz",
                                            in_memory + ".cpuprofile"));
  EXPECT_THAT(written(), ElementsAre("notes.txt"));
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(sessions_.report(in_memory + ".cpuprofile", settings()).error().status, 404);
}

TEST_F(SessionsTest, AreForgottenAfterAWhile) {
  const std::string first = ran();
  for (std::size_t i = 0; i < Sessions::kRemembered; ++i) ran();
  EXPECT_THAT(sessions_.all(), SizeIs(Sessions::kRemembered));
  EXPECT_THAT(listed(), testing::Not(testing::Contains(HasSubstr(first))));
}

TEST_F(SessionsTest, StopTheirSourceAtTheEndOfTheProcess) {
  {
    Sessions sessions(cpu_, heap_);
    sessions.start(Type::cpu, settings(), now_).value();
  }
  EXPECT_EQ(cpu_.stops, 1);
}

} // namespace
} // namespace authd::profiling
