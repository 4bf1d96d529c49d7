#pragma once

#include "net/listen.hpp"
#include "wire/words.hpp"

namespace kv {

/// Whether a command is a line of an HTTP request: POST, or the Host: that every request has. Then
/// close: any web page can have its reader's browser post to a port of the reader's own machine,
/// and the body may hold commands. Redis closes at the same two words. `from` is for the line on
/// standard error, of which there is one a minute at most: a page may try again and again.
bool is_http(const Words& command, const tcp::socket& from);

}  // namespace kv
