// Puts the written data of the program and its libraries into one file of memory, which clones map.
#include "internal.h"
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of larger parts most is not written.
enum { largest_part = 512 * 1024, smallest_page = 4096 };

/// A part of the memory of this process.
struct part {
  uintptr_t begin;
  uintptr_t end;
};

/// A part that is to be cut to the data of an object.
struct cut {
  struct part part;
  int rights;
  uintptr_t page;
};

/// Whether a debugger finds the libraries by it: cores have nothing of a file that the process has not written.
static int is_for_debuggers(const struct dl_phdr_info *_Nonnull object, int rights) {
  return object->dlpi_addr == getauxval(AT_BASE) ||
         (object->dlpi_name[0] == 0 && !(rights & PROT_WRITE));
}

/// Returns 1 where the object has data within the part.
static int cut_to_object(struct dl_phdr_info *_Nonnull object, size_t size,
                         void *_Nullable context) {
  (void)size;
  struct cut *cut = context;
  if (is_for_debuggers(object, cut->rights)) return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W)) continue;
    uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(cut->page - 1);
    uintptr_t end =
        (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + cut->page - 1) & ~(cut->page - 1);
    if (begin < cut->part.begin) begin = cut->part.begin;
    if (end > cut->part.end) end = cut->part.end;
    if (begin >= end) continue;
    cut->part = (struct part){begin, end};
    return 1;
  }
  return 0;
}

/// Puts a part of the memory behind what is in the file, and maps it there. Returns the bytes that the file has got.
///
/// By bare system calls: whatever is written between the two is lost.
static size_t move(const struct cut *_Nonnull cut, int file, size_t offset) {
  size_t size = cut->part.end - cut->part.begin;
  if (size > largest_part) return 0;
  if (syscall(SYS_pwrite64, file, cut->part.begin, size, offset) != (long)size) return 0;
  if (syscall(SYS_mmap, cut->part.begin, size, cut->rights, MAP_PRIVATE | MAP_FIXED, file,
              offset) >= 0)
    return size;
  // A limit or a security module may forbid it, and then the data is where it was. If it is not, no
  // function of a library can be called any more.
  unsigned char pages[largest_part / smallest_page];
  if (syscall(SYS_mincore, cut->part.begin, size, pages) < 0) __builtin_trap();
  return 0;
}

/// Whether memory of this process may not leave the machine's memory, or it is unknown: a file would give up the lock.
static int has_locked_memory(void) {
  static const char key[] = "VmLck:";
  char text[4096];
  long length = pt_read_file("/proc/self/status", text, sizeof text);
  const char *at = length > 0 ? memmem(text, (size_t)length, key, strlen(key)) : NULL;
  if (at == NULL) return 1;
  for (at += strlen(key); at < text + length && (*at == ' ' || *at == '\t'); at++) {}
  return at == text + length || *at != '0';
}

/// Returns a number that a text begins with, and moves `text` behind it and the character that follows.
static uintptr_t next_address(const char *_Nonnull *_Nonnull text) {
  const char *at = *text;
  uintptr_t value = 0;
  for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
    value = value << 4 | (uintptr_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
  *text = at + 1;
  return value;
}

/// Moves the data in the mapping that a line describes. Returns the bytes that the file has got.
static size_t move_line(const char *_Nonnull line, uintptr_t page, int file, size_t offset) {
  struct cut cut = {.page = page};
  cut.part.begin = next_address(&line);
  cut.part.end = next_address(&line);
  if (memcmp(line, "rw-p ", 5) == 0) cut.rights = PROT_READ | PROT_WRITE;
  if (memcmp(line, "r--p ", 5) == 0) cut.rights = PROT_READ;
  if (cut.rights == 0 || dl_iterate_phdr(cut_to_object, &cut) == 0) return 0;
  return move(&cut, file, offset);
}

void pt_data_to_file(void) {
  if (has_locked_memory()) return;
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  int file = maps < 0 ? -1 : pt_memory_make();
  // The file may be larger than the limit on files.
  struct pt_held_signals hold;
  pt_hold_signals(&hold);
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  size_t offset = 0;
  char text[4096];
  size_t filled = 0;
  long count;
  while (file >= 0 && filled < sizeof text &&
         (count = read(maps, text + filled, sizeof text - filled)) > 0) {
    filled += (size_t)count;
    const char *line = text, *end;
    while ((end = memchr(line, '\n', (size_t)(text + filled - line)))) {
      offset += move_line(line, page, file, offset);
      line = end + 1;
    }
    filled = (size_t)(text + filled - line);
    memmove(text, line, filled);
  }
  pt_release_signals(&hold);
  // What the nodes have mapped is changed by nobody.
  if (file >= 0) {
    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    close(file);
  }
  if (maps >= 0) close(maps);
}
