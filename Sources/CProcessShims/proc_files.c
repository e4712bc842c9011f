// Reads /proc without allocation, and tags that some processes hide.
#include "internal.h"
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void pt_proc_path(char *_Nonnull buffer, int32_t pid, const char *_Nonnull file) {
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + pid % 10);
  while ((pid /= 10) > 0);
  memcpy(buffer, "/proc/", 6);
  char *end = buffer + 6;
  while (count > 0) *end++ = digits[--count];
  *end++ = '/';
  for (size_t i = 0; i < 32 && file[i]; i++) *end++ = file[i];
  *end = 0;
}

/// Writes "fd/N"; `buffer` has 16 bytes.
static void descriptor_name(char *_Nonnull buffer, int32_t descriptor) {
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + descriptor % 10);
  while ((descriptor /= 10) > 0);
  *buffer++ = 'f';
  *buffer++ = 'd';
  *buffer++ = '/';
  while (count > 0) *buffer++ = digits[--count];
  *buffer = 0;
}

int pt_open_descriptor(int32_t pid, int32_t descriptor, int flags) {
  if (pid <= 0 || descriptor < 0) return -EBADF;
  char name[16], path[64];
  descriptor_name(name, descriptor);
  pt_proc_path(path, pid, name);
  int opened = open(path, flags | O_CLOEXEC);
  return opened >= 0 ? opened : -errno;
}

long pt_read_file(const char *_Nonnull path, char *_Nonnull buffer, size_t size) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  long length = read(descriptor, buffer, size - 1);
  long error = length < 0 ? -errno : 0;
  close(descriptor);
  if (error != 0) return error;
  buffer[length] = 0;
  return length;
}

uint64_t pt_next_number(const char *_Nonnull *_Nonnull text) {
  const char *at = *text;
  while (*at && (*at < '0' || *at > '9')) at++;
  uint64_t value = 0;
  while (*at >= '0' && *at <= '9') value = value * 10 + (uint64_t)(*at++ - '0');
  *text = at;
  return value;
}

int pt_tag_get(int32_t pid, uint64_t *_Nonnull tag) {
  uint64_t limit[2];
  if (syscall(SYS_prlimit64, pid, RLIMIT_LOCKS, NULL, limit) == 0) {
    *tag = limit[0];
    return 0;
  }
  if (errno != EPERM) return errno;
  // Only /proc shows the limits of a process with other credentials.
  char path[64], text[2048];
  pt_proc_path(path, pid, "limits");
  long length = pt_read_file(path, text, sizeof text);
  if (length < 0) return (int)-length;
  const char *line = strstr(text, "Max file locks");
  if (!line) return ENOTSUP;
  line += strlen("Max file locks");
  while (*line == ' ') line++;
  *tag = *line >= '0' && *line <= '9' ? pt_next_number(&line) : ~(uint64_t)0;
  return 0;
}
