#include "load.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <stdexcept>
#include <system_error>

#include "connection.hpp"
#include "meter.hpp"

namespace kv::bench {
namespace {

constexpr std::uint64_t silence_max_ns = 30'000'000'000;  // then the server is given up
constexpr std::uint64_t mark_every_ns = 1'000'000;
constexpr int events_at_once = 256;

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds * 1e9));
}

/// xorshift64*: good enough to pick keys, and takes a nanosecond.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed * 0x9e3779b97f4a7c15 | 1} {}
  std::uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>(state_ * 0x2545f4914f6cdd1d >> 32);
  }

 private:
  std::uint64_t state_;
};

class Load {
 public:
  explicit Load(const Workload& workload);
  Report run();

 private:
  bool finished() const { return phase_ == Phase::over && waiting_ == 0; }
  void advance(std::uint64_t now);
  void begin_measuring(std::uint64_t now);
  void end_measuring(std::uint64_t now);
  void poll_mark(std::uint64_t now);
  void handle(Connection& connection, std::uint32_t events);
  void fill(Connection& connection, std::uint64_t now);
  void flush(Connection& connection, bool was_blocked);
  void watch(Connection& connection, int operation, std::uint32_t events);
  Asked next_request(std::uint64_t now);
  void check(const Asked& asked, const Reply& reply);
  void record(std::uint64_t sent, std::uint64_t now);

  enum class Phase { warm_up, measured, over };

  const Workload workload_;
  const Requests requests_;
  const std::uint32_t hgets_below_;  // a random number below it makes a mixed request an HGET
  Random random_;
  test::Descriptor epoll_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_;
  std::optional<Meter> meter_;
  Report report_;
  Phase phase_ = Phase::warm_up;
  std::uint64_t begin_ns_ = 0;  // of the phase
  std::uint64_t last_answer_ns_ = 0;
  std::uint64_t next_mark_ns_ = 0;
  std::uint64_t last_marked_ns_ = 0;  // what was sent before it was under way then
  double cpu_seconds_before_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t waiting_ = 0;
};

Load::Load(const Workload& workload)
    : workload_{workload},
      requests_{workload.protocol, workload.shape},
      hgets_below_{static_cast<std::uint32_t>(workload.hget_share * UINT32_MAX)},
      random_{workload.seed},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (epoll_.get() < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  if (workload.connections == 0 || workload.depth == 0 || workload.keys == 0)
    throw std::invalid_argument{"a load has connections, a depth, and keys"};
  if (workload.pid != 0) meter_.emplace(workload.pid);
  connections_.reserve(workload.connections);  // epoll keeps pointers to them
  for (std::uint32_t i = 0; i < workload.connections; ++i) {
    Connection& connection =
        connections_.emplace_back(connect_to(workload.address), workload.depth);
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
  }
}

Report Load::run() {
  begin_ns_ = last_answer_ns_ = now_ns();
  advance(begin_ns_);
  for (Connection& connection : connections_) fill(connection, now_ns());
  epoll_event events[events_at_once];
  while (!finished()) {
    const int ready = ::epoll_wait(epoll_.get(), events, events_at_once, 1);
    if (ready < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "epoll_wait"};
    const std::uint64_t now = now_ns();
    advance(now);
    if (workload_.mark) poll_mark(now);
    for (int i = 0; i < ready; ++i)
      handle(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
    if (now > last_answer_ns_ + silence_max_ns)
      throw std::runtime_error{"the server has not answered anything for 30 s"};
  }
  return std::move(report_);
}

void Load::advance(std::uint64_t now) {
  if (phase_ == Phase::warm_up && now >= begin_ns_ + nanoseconds(workload_.warm_up_seconds))
    begin_measuring(now);
  if (phase_ != Phase::measured) return;
  const bool over = workload_.requests != 0 ? report_.requests >= workload_.requests
                                            : now >= begin_ns_ + nanoseconds(workload_.seconds);
  if (over) end_measuring(now);
}

void Load::begin_measuring(std::uint64_t now) {
  phase_ = Phase::measured;
  begin_ns_ = now;
  if (meter_) cpu_seconds_before_ = meter_->cpu_seconds();
}

void Load::end_measuring(std::uint64_t now) {
  phase_ = Phase::over;
  report_.seconds = static_cast<double>(now - begin_ns_) / 1e9;
  if (!meter_) return;
  report_.server_cpu_seconds = meter_->cpu_seconds() - cpu_seconds_before_;
  report_.server_resident_bytes = meter_->resident_bytes();
  report_.server_threads = meter_->threads();
}

void Load::poll_mark(std::uint64_t now) {
  if (phase_ != Phase::measured || now < next_mark_ns_) return;
  next_mark_ns_ = now + mark_every_ns;
  if (workload_.mark()) last_marked_ns_ = now;
}

void Load::handle(Connection& connection, std::uint32_t events) {
  if (events & EPOLLOUT) flush(connection, true);
  if (!(events & ~static_cast<std::uint32_t>(EPOLLOUT))) return;
  std::string_view input = connection.receive(buffer_);
  const std::uint64_t now = now_ns();
  while (const auto reply = next_reply(workload_.protocol, input)) {
    if (connection.waiting() == 0) throw std::runtime_error{"an answer that nobody asked for"};
    const Asked asked = connection.take_oldest();
    --waiting_;
    check(asked, *reply);
    if (phase_ == Phase::measured) record(asked.sent_ns, now);
    last_answer_ns_ = now;
  }
  connection.keep(input);
  if (workload_.requests != 0) advance(now);  // to the request
  fill(connection, now);
}

void Load::fill(Connection& connection, std::uint64_t now) {
  if (phase_ == Phase::over) return;
  if (workload_.mode == Mode::batch && connection.waiting() > 0) return;
  const bool was_blocked = !connection.output().empty();
  while (connection.waiting() < workload_.depth) {
    if (workload_.requests != 0 && sent_ == workload_.requests) break;
    const Asked asked = next_request(now);
    requests_.append(asked.command, asked.key, connection.output());
    connection.asked(asked);
    ++sent_;
    ++waiting_;
  }
  if (!was_blocked) flush(connection, false);
}

void Load::flush(Connection& connection, bool was_blocked) {
  const bool all = connection.send();
  if (all == !was_blocked) return;  // as it was
  watch(connection, EPOLL_CTL_MOD, all ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void Load::watch(Connection& connection, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  if (::epoll_ctl(epoll_.get(), operation, connection.descriptor(), &event) < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

Asked Load::next_request(std::uint64_t now) {
  Asked asked{.sent_ns = now};
  const std::uint64_t scaled = std::uint64_t{random_.next()} * workload_.keys >> 32;
  asked.key = workload_.in_order ? static_cast<std::uint32_t>(sent_ % workload_.keys)
                                 : static_cast<std::uint32_t>(scaled);
  switch (workload_.kind) {
    case Kind::ping: asked.command = Command::ping; break;
    case Kind::hset: asked.command = Command::hset; break;
    case Kind::hget: asked.command = Command::hget; break;
    case Kind::mixed: asked.command = random_.next() < hgets_below_ ? Command::hget : Command::hset;
  }
  return asked;
}

void Load::check(const Asked& asked, const Reply& reply) {
  const bool read = asked.command == Command::hget;
  const bool good = reply.kind == Reply::Kind::ok && (!read || reply.value.has_value()) &&
                    (!read || !workload_.verify || requests_.is_value_of(asked.key, *reply.value));
  if (good) return;
  if (++report_.wrong > 1) return;
  report_.first_wrong = "key " + std::to_string(asked.key) + ": ";
  if (reply.kind == Reply::Kind::error) report_.first_wrong += reply.message;
  if (reply.kind == Reply::Kind::missing) report_.first_wrong += "it is not there";
  if (reply.kind == Reply::Kind::ok) report_.first_wrong += "not the value that was set";
}

void Load::record(std::uint64_t sent, std::uint64_t now) {
  const std::uint64_t took = now - sent;
  ++report_.requests;
  report_.latency.record(took);
  const bool marked = sent <= last_marked_ns_;
  if (marked) report_.marked.record(took);
  if (workload_.slot_seconds <= 0) return;
  const auto slot =
      static_cast<std::size_t>((now - begin_ns_) / nanoseconds(workload_.slot_seconds));
  if (slot >= report_.slots.size()) report_.slots.resize(slot + 1);
  report_.slots[slot].latency.record(took);
  report_.slots[slot].marked |= marked;
}

}  // namespace

Report run_load(const Workload& workload) { return Load{workload}.run(); }

}  // namespace kv::bench
