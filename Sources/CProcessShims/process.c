// Handles processes by pidfd, and reads their facts in /proc.
#include "internal.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PT_P_PIDFD 3

int pt_pidfd_open(int32_t pid) {
  long descriptor = syscall(SYS_pidfd_open, pid, 0);
  return descriptor >= 0 ? (int)descriptor : -errno;
}

int pt_pidfd_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

int pt_pidfd_ended(int pidfd, int milliseconds) {
  struct pollfd ended = {pidfd, POLLIN, 0};
  int count;
  do count = poll(&ended, 1, milliseconds);
  while (count < 0 && errno == EINTR);
  return count > 0;
}

int32_t pt_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

static int64_t microseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int pt_reap(int pidfd, struct pt_exit *_Nonnull out) {
  siginfo_t info;
  struct rusage usage;
  memset(&info, 0, sizeof info);
  memset(&usage, 0, sizeof usage);
  memset(out, 0, sizeof *out);
  // __WALL: the library's children have exit signal 0, which a plain wait ignores.
  if (syscall(SYS_waitid, PT_P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage) != 0)
    return errno;
  if (info.si_pid == 0) return 0;
  out->code = info.si_code;
  out->status = info.si_status;
  out->user_microseconds = microseconds(usage.ru_utime);
  out->system_microseconds = microseconds(usage.ru_stime);
  out->maximum_resident_kibibytes = usage.ru_maxrss;
  out->minor_faults = usage.ru_minflt;
  out->major_faults = usage.ru_majflt;
  out->voluntary_switches = usage.ru_nvcsw;
  out->involuntary_switches = usage.ru_nivcsw;
  return 0;
}

void pt_kill_and_reap(int32_t pid) {
  siginfo_t info;
  kill(pid, SIGKILL);
  while (syscall(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, NULL) != 0 && errno == EINTR) {
  }
}

int pt_tag_give(int32_t pid, uint64_t tag) {
  uint64_t limit[2];
  if (syscall(SYS_prlimit64, pid, RLIMIT_LOCKS, NULL, limit) != 0) return errno;
  limit[0] = tag;
  return syscall(SYS_prlimit64, pid, RLIMIT_LOCKS, limit, NULL) == 0 ? 0 : errno;
}

int pt_tag_set(uint64_t tag) {
  uint64_t read;
  int error = pt_tag_give(0, tag);
  if (error == 0) error = pt_tag_get(0, &read);
  if (error != 0) return error;
  return read == tag ? 0 : ENOTSUP;
}

int pt_stat(int32_t pid, struct pt_stat *_Nonnull out) {
  char path[64], text[1024];
  pt_proc_path(path, pid, "stat");
  long length = pt_read_file(path, text, sizeof text);
  if (length < 0) return (int)-length;
  // The name may contain spaces and parentheses, so count fields from the last parenthesis.
  const char *field = memrchr(text, ')', (size_t)length);
  if (!field || field[1] != ' ') return EBADMSG;
  out->state = field[2];
  field += 3;
  for (int number = 4; number <= 38; number++) {
    uint64_t value = pt_next_number(&field);
    if (number == 4) out->parent = (int32_t)value;
    if (number == 14) out->user_time = value;
    if (number == 15) out->system_time = value;
    if (number == 22) out->start_time = value;
    if (number == 24) out->resident_pages = value;
    if (number == 38) out->exit_signal = (int32_t)value;
  }
  return 0;
}
