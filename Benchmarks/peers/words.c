// The words of a file and how often each is in it, counted by two threads: words FILE.
// A word is a run of ASCII letters, in small letters. Each thread counts one half of the mapped
// file in a table with open addressing; then one table takes the words of the other. Prints a line
// for each word, the most frequent one first: its count, a blank, the word.
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
  char *word;
  uint32_t length;
  uint32_t hash;
  uint64_t count;
};

struct table {
  struct entry *entries;  // a place without a word is free
  size_t capacity;        // a power of two
  size_t used;
  char *room;  // for letters
  size_t left;
};

struct part {
  const unsigned char *start, *end;
  struct table table;
};

// The small letter of a byte, or 0.
static unsigned char small[256];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void *obtain(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) fail("calloc");
  return memory;
}

static char *keep(struct table *table, const char *word, uint32_t length) {
  if (table->left < length) {
    table->left = length > 1 << 16 ? length : 1 << 16;
    table->room = obtain(table->left, 1);
  }
  char *kept = memcpy(table->room, word, length);
  table->room += length;
  table->left -= length;
  return kept;
}

static struct entry *place_of(const struct table *table, const char *word, uint32_t length,
                              uint32_t hash) {
  size_t place = hash & (table->capacity - 1);
  for (;; place = (place + 1) & (table->capacity - 1)) {
    struct entry *entry = &table->entries[place];
    if (!entry->word) return entry;
    if (entry->hash == hash && entry->length == length && !memcmp(entry->word, word, length))
      return entry;
  }
}

static void grow(struct table *table) {
  struct table larger = *table;
  larger.capacity *= 2;
  larger.entries = obtain(larger.capacity, sizeof(struct entry));
  for (size_t i = 0; i < table->capacity; i++) {
    struct entry *entry = &table->entries[i];
    if (entry->word) *place_of(&larger, entry->word, entry->length, entry->hash) = *entry;
  }
  free(table->entries);
  *table = larger;
}

static void add(struct table *table, const char *word, uint32_t length, uint32_t hash,
                uint64_t count) {
  struct entry *entry = place_of(table, word, length, hash);
  entry->count += count;
  if (entry->word) return;
  entry->word = keep(table, word, length);
  entry->length = length;
  entry->hash = hash;
  if (++table->used * 2 > table->capacity) grow(table);
}

static void *count_part(void *argument) {
  struct part *part = argument;
  part->table.capacity = 1 << 16;
  part->table.entries = obtain(part->table.capacity, sizeof(struct entry));
  size_t room = 256;
  char *word = obtain(room, 1);
  const unsigned char *next = part->start;
  while (next < part->end) {
    uint32_t length = 0, hash = 2166136261u;
    unsigned char letter;
    while (next < part->end && (letter = small[*next])) {
      if (length == room && !(word = realloc(word, room *= 2))) fail("realloc");
      word[length++] = (char)letter;
      hash = (hash ^ letter) * 16777619u;
      next++;
    }
    if (length) add(&part->table, word, length, hash, 1);
    next++;
  }
  free(word);
  return NULL;
}

static int is_before(const void *left, const void *right) {
  const struct entry *a = left, *b = right;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  int order = memcmp(a->word, b->word, a->length < b->length ? a->length : b->length);
  return order ? order : a->length < b->length ? -1 : 1;
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  for (int letter = 'a'; letter <= 'z'; letter++)
    small[letter] = small[letter - 'a' + 'A'] = (unsigned char)letter;
  int file = open(arguments[1], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status)) fail(arguments[1]);
  if (!status.st_size) return 0;
  const unsigned char *text = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (text == MAP_FAILED) fail("mmap");
  const unsigned char *middle = text + status.st_size / 2, *end = text + status.st_size;
  while (middle < end && small[*middle]) middle++;
  struct part parts[2] = {{.start = text, .end = middle}, {.start = middle, .end = end}};
  pthread_t thread;
  if (pthread_create(&thread, NULL, count_part, &parts[1])) fail("pthread_create");
  count_part(&parts[0]);
  pthread_join(thread, NULL);
  struct table *all = &parts[0].table, *other = &parts[1].table;
  for (size_t i = 0; i < other->capacity; i++) {
    struct entry *entry = &other->entries[i];
    if (entry->word) add(all, entry->word, entry->length, entry->hash, entry->count);
  }
  struct entry *words = obtain(all->used + 1, sizeof(struct entry));
  size_t found = 0;
  for (size_t i = 0; i < all->capacity; i++)
    if (all->entries[i].word) words[found++] = all->entries[i];
  qsort(words, found, sizeof *words, is_before);
  for (size_t i = 0; i < found; i++)
    printf("%lu %.*s\n", (unsigned long)words[i].count, (int)words[i].length, words[i].word);
  return 0;
}
