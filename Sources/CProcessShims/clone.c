// Clones the process of the calling thread by the bare system call.
#include "internal.h"
#include <linux/sched.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if __has_feature(thread_sanitizer)
// Ends the thread that the sanitizer has for its housekeeping.
extern void __sanitizer_sandbox_on_notify(void *_Nullable arguments);
#endif

/// Calls clone3, or clone in a sandbox that refuses clone3 because it cannot inspect the flags.
static long clone_call(struct clone_args *_Nonnull arguments) {
  long result = syscall(SYS_clone3, arguments, sizeof *arguments);
  if (result >= 0 || (errno != ENOSYS && errno != EPERM)) return result;
#if defined(__x86_64__)
  return syscall(SYS_clone, arguments->flags, 0, arguments->pidfd, arguments->child_tid, 0);
#else
  return syscall(SYS_clone, arguments->flags, 0, arguments->pidfd, 0, arguments->child_tid);
#endif
}

// Swift's runtime, which every program that clones is linked with.
extern void swift_once(void *_Nonnull predicate, void (*_Nonnull body)(void *_Nullable),
                       void *_Nullable context) __attribute__((weak));

/// Where the runtime keeps the id of the main thread: the same place in the clones.
static uint32_t *_Nullable runtime_thread_id;

static void do_nothing(void *_Nullable context) { (void)context; }

/// Whether the runtime writes the thread's id into this word when it is missing there.
static int is_runtime_thread_id(uint32_t *_Nonnull word, uint32_t thread) {
  // Large enough for the predicate of any version.
  _Alignas(16) char predicate[64] = {0};
  if (*word != thread) return 0;
  *word = 0;
  swift_once(predicate, do_nothing, NULL);
  int found = *word == thread;
  *word = thread;
  return found;
}

/// Looks for it in the thread's variables of the runtime, or of a program that contains the runtime.
static int look_for_thread_id(struct dl_phdr_info *_Nonnull module, size_t size,
                              void *_Nullable context) {
  (void)size;
  (void)context;
  if (module->dlpi_name[0] && !strstr(module->dlpi_name, "libswiftCore")) return 0;
  char *variables = module->dlpi_tls_data;
  for (int i = 0; variables && i < module->dlpi_phnum; i++) {
    if (module->dlpi_phdr[i].p_type != PT_TLS) continue;
    for (size_t place = 0; place + sizeof(uint32_t) <= module->dlpi_phdr[i].p_memsz;
         place += sizeof(uint32_t)) {
      uint32_t *word = (uint32_t *)(void *)(variables + place);
      if (!is_runtime_thread_id(word, (uint32_t)gettid())) continue;
      runtime_thread_id = word;
      return 1;
    }
  }
  return 0;
}

void pt_clone_prepare(void) {
  if (!runtime_thread_id && swift_once) dl_iterate_phdr(look_for_thread_id, NULL);
}

void pt_end_sanitizer_thread(void) {
#if __has_feature(thread_sanitizer)
  // Clones have none, and would wait for it.
  static int has_ended;
  if (has_ended) return;
  has_ended = 1;
  __sanitizer_sandbox_on_notify(NULL);
  // A thread that has been joined is counted for a moment more.
  struct timespec pause = {0, 1000000};
  struct stat status;
  for (int i = 0; i < 1000; i++) {
    if (stat("/proc/self/task", &status) != 0 || status.st_nlink <= 3) return;
    nanosleep(&pause, NULL);
  }
#endif
}

int32_t pt_clone(uint64_t flags, int *_Nonnull pidfd) {
  // Read these before the clone, because the child's own registration is empty.
  void *thread_id_address = NULL;
  if (prctl(PR_GET_TID_ADDRESS, &thread_id_address) != 0) thread_id_address = NULL;
  void *robust_list = NULL;
  size_t robust_size = 0;
  if (syscall(SYS_get_robust_list, 0, &robust_list, &robust_size) != 0) robust_list = NULL;

  struct clone_args arguments;
  __builtin_memset(&arguments, 0, sizeof arguments);
  arguments.flags = flags | CLONE_PIDFD;
  arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  if (thread_id_address) {
    // Otherwise glibc's cached thread id and the owner field of mutexes would be the parent's.
    arguments.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    arguments.child_tid = (uint64_t)(uintptr_t)thread_id_address;
  }
  long pid = clone_call(&arguments);
  if (pid < 0) return -errno;
  if (pid == 0 && robust_list) syscall(SYS_set_robust_list, robust_list, robust_size);
  // The runtime asks anew. With the parent's id a lock of its own that another thread waits for would
  // never be free again.
  if (pid == 0 && runtime_thread_id) *runtime_thread_id = 0;
  return (int32_t)pid;
}
