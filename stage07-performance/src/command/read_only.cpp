#include "command/read_only.hpp"

namespace kv {

void add_read_only(HooksBuilder& hooks) {
  hooks.on_received([](Exchange&, const Request& request) -> std::optional<Response> {
    if (!is_write(request)) return std::nullopt;
    return Response{.status = Status::forbidden, .message = "this server is read-only"};
  });
}

}  // namespace kv
