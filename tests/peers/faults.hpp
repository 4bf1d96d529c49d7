#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace kv::peers {

/// A client that writes and reads, each time waiting for the answer. Throws std::runtime_error when
/// the connection has ended.
class Client {
 public:
  virtual ~Client() = default;

  virtual bool set(const std::string& key, const std::string& value) = 0;  ///< false: an error
  virtual bool has(const std::string& key) = 0;
};

/// A server that keeps what it is given in a folder. Killed by SIGKILL at the end of life.
class Kept {
 public:
  virtual ~Kept() = default;

  virtual std::unique_ptr<Client> connect() = 0;
  virtual pid_t pid() = 0;
  virtual int exit_status() = 0;  ///< of one that ends
};

/// `policy`: of syncs, always or everysec; `before`: words put before the program.
using Keep = std::unique_ptr<Kept> (*)(const std::filesystem::path& folder,
                                       const std::string& policy,
                                       const std::vector<std::string>& before);

std::unique_ptr<Kept> keep_stage_5(const std::filesystem::path& folder, const std::string& policy,
                                   const std::vector<std::string>& before);
std::unique_ptr<Kept> keep_redis(const std::filesystem::path& folder, const std::string& policy,
                                 const std::vector<std::string>& before);

// The cells of the table.
std::string kills(Keep keep, const std::string& policy);
std::string failed_sync(Keep keep, const std::string& policy);
std::string full_disk(Keep keep, const std::string& policy);

}  // namespace kv::peers
