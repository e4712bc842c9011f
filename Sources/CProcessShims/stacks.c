// Lets a thread write its own stack, in a signal handler: its loop may not turn any more.
#include "internal.h"
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

enum { longest_directory = 128, most_frames = 64 };

static char pipes[longest_directory];

int pt_stacks_signal(void) { return SIGRTMIN + 11; }

static char *append_number(char *end, long number) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0) *end++ = digits[--count];
  return end;
}

/// The frames of a stack, the innermost first.
struct frames {
  int count;
  void *at[most_frames];
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *_Nonnull context,
                                      void *_Nonnull argument) {
  struct frames *frames = argument;
  void *place = (void *)_Unwind_GetIP(context);
  if (!place || frames->count == most_frames) return _URC_END_OF_STACK;
  frames->at[frames->count++] = place;
  return _URC_NO_REASON;
}

static void write_stack(int signal) {
  (void)signal;
  int kept = errno;
  char path[longest_directory + 48];
  size_t length = strlen(pipes);
  memcpy(path, pipes, length);
  char *end = path + length;
  *end++ = '/';
  end = append_number(end, getpid());
  *end++ = '.';
  end = append_number(end, syscall(SYS_gettid));
  memcpy(end, ".s", 3);
  // Fails unless somebody waits for it: the signal alone does nothing.
  int descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor >= 0) {
    // By the unwinder that the program is linked with: `backtrace` loads a library of its own.
    struct frames frames = {.count = 0};
    _Unwind_Backtrace(note_frame, &frames);
    backtrace_symbols_fd(frames.at, frames.count, descriptor);
    close(descriptor);
  }
  errno = kept;
}

void pt_stacks_prepare(void) {
  static int is_prepared;
  if (is_prepared) return;
  is_prepared = 1;
  // The first call may look up symbols, for which a handler is no place.
  struct frames full = {.count = most_frames};
  _Unwind_Backtrace(note_frame, &full);
}

int pt_stacks_answer(const char *_Nonnull directory) {
  if (strlen(directory) >= longest_directory) return ENAMETOOLONG;
  struct sigaction action, before;
  if (sigaction(pt_stacks_signal(), NULL, &before) != 0) return errno;
  if (before.sa_handler != SIG_DFL && before.sa_handler != write_stack) return EBUSY;
  strcpy(pipes, directory);
  pt_stacks_prepare();
  memset(&action, 0, sizeof action);
  action.sa_handler = write_stack;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  return sigaction(pt_stacks_signal(), &action, NULL) == 0 ? 0 : errno;
}

int pt_stacks_ask(int32_t pid, int32_t thread) {
  return syscall(SYS_tgkill, pid, thread, pt_stacks_signal()) == 0 ? 0 : errno;
}
