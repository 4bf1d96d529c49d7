#include "net/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

#include "base/limits.hpp"
#include "net/http.hpp"
#include "net/linger.hpp"
#include "wire/codec.hpp"

namespace kv {

void Session::run() {
  auto next = Next::receive;
  while (next != Next::close) {
    if (next == Next::receive && !receive()) break;
    next = execute();
    if (!send()) break;
  }
  lingering_close(socket_);
}

bool Session::receive() {
  boost::system::error_code ended;
  const auto room = input_.prepare(read_bytes_);
  const auto bytes = socket_.read_some(room, ended);
  input_.commit(bytes);
  if (bytes >= read_bytes_) read_bytes_ = std::min(2 * read_bytes_, read_bytes_max);
  return !ended;
}

Session::Next Session::execute() {
  std::string_view bytes{static_cast<const char*>(input_.data().data()), input_.size()};
  auto next = Next::execute;
  while (next == Next::execute && output_.size() < answers_waiting_max) {
    auto words = reader_.next(bytes);
    if (!words) {
      resp::append_error(output_, "ERR " + words.error().message);
      next = Next::close;
    } else if (!*words) {
      next = Next::receive;
    } else if (is_http(**words, socket_)) {
      next = Next::close;
    } else if (const auto answered = connection_commands_.answer(**words, output_);
               answered != ConnectionCommands::Answered::no) {
      if (answered == ConnectionCommands::Answered::and_close) next = Next::close;
    } else if (auto call = decode(std::move(**words)); !call) {
      resp::append_error(output_, "ERR " + call.error().message);
    } else {
      encode(service_.execute(call->request), call->shape, output_);
    }
  }
  input_.consume(input_.size() - bytes.size());
  if (input_.capacity() > std::max(kept_bytes_max, 4 * input_.size())) input_.shrink_to_fit();
  return next;
}

bool Session::send() {
  boost::system::error_code ended;
  boost::asio::write(socket_, boost::asio::buffer(output_), ended);
  output_.clear();
  if (output_.capacity() > kept_bytes_max) output_.shrink_to_fit();
  return !ended;
}

}  // namespace kv
