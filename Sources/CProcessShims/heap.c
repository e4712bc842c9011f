// Lets the memory that clones allocate lie in few pages.
#include "internal.h"
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)

// Up to `largest_listed` bytes the allocator keeps freed pieces in lists, one for each size, `step` apart.
enum { largest_hole = 32 * 1024, largest_listed = 1032, smallest = 24, step = 16 };
// In a larger heap the holes may lie in thousands of pages, and each would be copied.
enum { largest_heap = 4 * 1024 * 1024 };

/// The holes of the heap: freed pieces before its free end, which is one large piece.
struct holes {
  uintptr_t end;
  /// How much may still be taken, should another allocator lay out its memory otherwise.
  size_t budget;
};

/// Takes all holes of a size, and returns a piece of the free end or null.
static void *_Nullable take(struct holes *_Nonnull holes, size_t size) {
  while (holes->budget >= size) {
    void *piece = malloc(size);
    // A compiler may leave out what is allocated for nothing.
    __asm__ volatile("" : "+r"(piece));
    if (!piece || (uintptr_t)piece >= holes->end) return piece;
    holes->budget -= size;
  }
  return NULL;
}

void pt_heap_fill(void) {
  struct mallinfo2 heap = mallinfo2();
  if (heap.arena > largest_heap) return;
  struct holes holes = {(uintptr_t)sbrk(0) - heap.keepcost, heap.arena};
  // A large piece becomes a part of the free end again; a small one would be kept in its list.
  for (size_t size = largest_hole; size > largest_listed; size /= 2) free(take(&holes, size));
  for (size_t size = largest_listed; size >= smallest; size -= step) take(&holes, size);
}

#else

void pt_heap_fill(void) {}

#endif
