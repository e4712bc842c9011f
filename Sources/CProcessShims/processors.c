// The processors on which a thread may run.
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int pt_run_on(const uint32_t *numbers, size_t count) {
  enum { most = 8192, word = 8 * sizeof(unsigned long) };
  unsigned long mask[most / word];
  memset(mask, 0, sizeof mask);
  for (size_t i = 0; i < count; i++)
    if (numbers[i] < most) mask[numbers[i] / word] |= 1ul << (numbers[i] % word);
  return (int)syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
}
