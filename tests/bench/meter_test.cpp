#include "meter.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <system_error>
#include <thread>
#include <vector>

#include "fixtures/process.hpp"

namespace kv::bench {
namespace {

// Until this process has used so much more CPU; a busy machine may need longer for it.
void burn(double seconds) {
  const Meter meter{::getpid()};
  const double end = meter.cpu_seconds() + seconds;
  while (meter.cpu_seconds() < end) {
  }
}

TEST(BenchMeter, CpuIsThatOfTheProcessAndNotTheTimeThatPassed) {
  const Meter meter{::getpid()};
  const double before = meter.cpu_seconds(), own_before = own_seconds();
  burn(0.05);
  EXPECT_GE(meter.cpu_seconds() - before, 0.05);
  EXPECT_NEAR(own_seconds() - own_before, meter.cpu_seconds() - before, 0.04);  // a tick or more
}

TEST(BenchMeter, CountsThreadsThatHaveEnded) {
  const Meter meter{::getpid()};
  const double before = meter.cpu_seconds();
  std::thread{[] { burn(0.02); }}.join();
  EXPECT_GE(meter.cpu_seconds() - before, 0.02);
}

TEST(BenchMeter, SeesMemoryAndThreads) {
  const Meter meter{::getpid()};
  std::jthread{[] {}}.join();  // with the first one, ThreadSanitizer begins one of its own
  const std::size_t threads = meter.threads();
  const std::jthread other{[](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  }};
  EXPECT_EQ(meter.threads(), threads + 1);
  EXPECT_GT(meter.resident_bytes(), 1024U * 1024U);
}

TEST(BenchMeter, ThePeakOutlivesTheMemory) {
  const Meter meter{::getpid()};
  constexpr std::size_t bytes = 64 * 1024 * 1024;
  const std::size_t before = meter.resident_bytes();
  void* const used = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(used, MAP_FAILED);
  ::munmap(used, bytes);
  EXPECT_LT(meter.resident_bytes(), before + bytes / 2);
  EXPECT_GE(meter.peak_resident_bytes(), before + bytes / 2);
}

TEST(BenchMeter, NoProcessIsAnError) {
  test::Process process{{"true"}, "/dev/null", "/dev/null"};
  const pid_t pid = process.pid();
  process.wait();
  EXPECT_THROW(Meter{pid}, std::system_error);
}

TEST(BenchPinned, ProcessesInheritTheCore) {
  const Cores cores = pick_cores();
  cpu_set_t before, after;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  {
    const Pinned pinned{cores.load};
    EXPECT_EQ(test::run({"nproc"}).out, "1\n");
    EXPECT_EQ(::sched_getcpu(), cores.load);
  }
  ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(BenchPinned, OthersTimeIsWhatIsNotOurs) {
  const Cores cores = pick_cores();
  const Pinned pinned{cores.load};
  const double before = busy_seconds(cores), own_before = own_seconds();
  burn(0.1);
  EXPECT_GE(busy_seconds(cores) - before, own_seconds() - own_before - 0.03);  // ticks of 10 ms
}

}  // namespace
}  // namespace kv::bench
