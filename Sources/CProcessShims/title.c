// The title that ps, top and pstree show.
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char *_Nullable *_Nullable environ;

// The memory of the arguments and the environment, which the kernel reads.
static char *_Nullable area;
static size_t area_size;
static size_t arguments_size;

/// Copies the environment to the heap, because titles overwrite its original memory.
static int move_environment(void) {
  size_t count = 0;
  while (environ && environ[count]) count++;
  char **copy = calloc(count + 1, sizeof *copy);
  if (!copy) return ENOMEM;
  for (size_t i = 0; i < count; i++) {
    copy[i] = strdup(environ[i]);
    if (copy[i]) continue;
    while (i > 0) free(copy[--i]);
    free(copy);
    return ENOMEM;
  }
  environ = copy;
  return 0;
}

int pt_title_prepare(void) {
  if (area) return 0;
  char text[2048];
  long length = pt_read_file("/proc/self/stat", text, sizeof text);
  if (length < 0) return (int)-length;
  const char *field = memrchr(text, ')', (size_t)length);
  if (!field || field[1] != ' ') return EBADMSG;
  field += 3;
  uint64_t bounds[4] = {0, 0, 0, 0};
  for (int number = 4; number <= 51; number++) {
    uint64_t value = pt_next_number(&field);
    if (number >= 48) bounds[number - 48] = value;
  }
  if (bounds[0] == 0 || bounds[1] <= bounds[0]) return ENOTSUP;
  int error = move_environment();
  if (error != 0) return error;
  area = (char *)(uintptr_t)bounds[0];
  arguments_size = bounds[1] - bounds[0];
  area_size = arguments_size;
  // The kernel reads beyond the arguments only if the environment follows directly.
  if (bounds[2] == bounds[1] && bounds[3] > bounds[2]) area_size = bounds[3] - bounds[0];
  // The kernel shows at most one page of a title.
  if (area_size > 4096 && arguments_size <= 4096) area_size = 4096;
  return 0;
}

/// Sets the short name, without blanks and parentheses: /proc/PID/stat has it between parentheses, and readers
/// that take a blank for its end lose the process. Slurm is one: it would not send its signals.
static void set_name(const char *_Nonnull title) {
  char name[16];
  size_t length = strnlen(title, sizeof name - 1);
  for (size_t i = 0; i < length; i++) name[i] = strchr(" ()", title[i]) ? '-' : title[i];
  name[length] = '\0';
  prctl(PR_SET_NAME, name, 0, 0, 0);
}

void pt_title_set(const char *_Nonnull title) {
  set_name(title);
  if (!area || area_size == 0) return;
  size_t length = strlen(title);
  if (length >= area_size) length = area_size - 1;
  // A title that fills the arguments exactly would be shown with the bytes behind it.
  memset(area, 0, area_size);
  memcpy(area, title, length);
}
