// A disk that fails a sync, or a lock, for a program that knows nothing of it:
//
//   failing_sync FILE PROGRAM [ARG...]
//
// becomes PROGRAM. The next fsync or fdatasync after FILE appears fails with the errno whose number
// is in it, or EIO, and FILE is removed; all others are the kernel's. One failure and no more is
// what a disk's error looks like: the kernel reports it once, and a program that tries again is
// told that all is well. Once FILE.stall appears, it is removed, and no sync comes back any more.
// FILE.flock is to flock what FILE is to a sync.
//
// A seccomp filter hands each call to a process beside the program, which answers for the kernel.
// It needs Linux 5.5, and no privilege.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "which AUDIT_ARCH_ is this?"
#endif

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Answers a descriptor on which each of these calls is asked for from here on, also after an exec.
int ask_for_calls() {
  // A system call's number means something else on another architecture: these are let through.
  ::sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const ::sock_fprog filter{sizeof steps / sizeof *steps, steps};
  // Without it only root may set a filter.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("failing_sync: no_new_privs");
  const auto listener =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  if (listener < 0) fail("failing_sync: seccomp");
  return static_cast<int>(listener);  // closed by an exec
}

/// The errno that the file asks for, once; 0 when it is not there.
int asked_errno(const std::string& file) {
  std::FILE* const open = std::fopen(file.c_str(), "r");
  if (!open) return 0;
  int number = EIO;
  (void)std::fscanf(open, "%d", &number);  // an empty file leaves it as it is
  (void)std::fclose(open);
  return ::unlink(file.c_str()) == 0 ? number : 0;
}

[[noreturn]] void answer(int listener, const std::string& file) {
  const std::string stall = file + ".stall", flock = file + ".flock";
  for (bool stalled = false;;) {
    ::seccomp_notif asked{};  // the kernel wants zeros
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;  // it was killed
    const bool is_lock = asked.data.nr == SYS_flock;
    if (!is_lock && ::unlink(stall.c_str()) == 0) stalled = true;
    if (stalled) continue;
    ::seccomp_notif_resp answer{};
    answer.id = asked.id;
    answer.error = -asked_errno(is_lock ? flock : file);
    if (answer.error == 0) {
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    (void)::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);  // or it was killed meanwhile
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: failing_sync FILE PROGRAM [ARG...]\n");
    return 2;
  }
  const int listener = ask_for_calls();
  const auto program = ::getpid();
  const auto beside = ::fork();
  if (beside < 0) fail("failing_sync: fork");
  if (beside == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with the program, however that ends
    if (::getppid() == program) answer(listener, argv[1]);
    return 0;
  }
  ::execvp(argv[2], &argv[2]);
  fail(argv[2]);
}
