#include "command/hooks.hpp"

#include <utility>

namespace kv {

std::optional<Response> Hooks::received(Connection& connection, const Request& request) const {
  for (const auto& hook : received_) {
    if (auto response = hook(connection, request)) return response;
  }
  return std::nullopt;
}

void Hooks::executed(Connection& connection, const Request& request,
                     const Response& response) const {
  for (const auto& hook : executed_) hook(connection, request, response);
}

void Hooks::before_send(Connection& connection, Response& response) const {
  for (const auto& hook : before_send_) hook(connection, response);
}

void Hooks::after_send(Connection& connection) const {
  for (const auto& hook : after_send_) hook(connection);
}

HooksBuilder& HooksBuilder::on_received(Hooks::Received hook) {
  hooks_.received_.push_back(std::move(hook));
  return *this;
}

HooksBuilder& HooksBuilder::on_executed(Hooks::Executed hook) {
  hooks_.executed_.push_back(std::move(hook));
  return *this;
}

HooksBuilder& HooksBuilder::on_before_send(Hooks::BeforeSend hook) {
  hooks_.before_send_.push_back(std::move(hook));
  return *this;
}

HooksBuilder& HooksBuilder::on_after_send(Hooks::AfterSend hook) {
  hooks_.after_send_.push_back(std::move(hook));
  return *this;
}

}  // namespace kv
