#include "command/hooks.hpp"

#include <utility>

namespace kv {

std::optional<Response> Hooks::received(Exchange& exchange, const Request& request) const {
  for (const auto& hook : received_) {
    if (auto response = hook(exchange, request)) return response;
  }
  return std::nullopt;
}

void Hooks::executed(Exchange& exchange, const Request& request, const Response& response) const {
  for (const auto& hook : executed_) hook(exchange, request, response);
}

void Hooks::before_send(Exchange& exchange, Response& response) const {
  for (const auto& hook : before_send_) hook(exchange, response);
}

void Hooks::after_send(Exchange& exchange) const {
  for (const auto& hook : after_send_) hook(exchange);
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
