/* SPDX-License-Identifier: Apache-2.0
 * Preloaded into a program, counts the calls that its hot path must not make: heap allocations and locks.
 * All threads count, and the locks of reactors once more by themselves; the counts stand in the file that
 * CALL_COUNTS_FILE names, mapped by program and test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "call_counts.h"

/* glibc's own names, so that counting needs no look-up that would itself allocate. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

typedef int lock_mutex(pthread_mutex_t*);
typedef int lock_rwlock(pthread_rwlock_t*);

static struct call_counts* counts;
static lock_mutex* real_mutex_lock;
static lock_rwlock* real_rdlock;
static lock_rwlock* real_wrlock;

static void count_allocation(void) {
  if (counts) atomic_fetch_add(&counts->allocations, 1);
}

static int is_reactor(void) {
  char name[16] = "";
  prctl(PR_GET_NAME, name);
  return strncmp(name, "reactor-", strlen("reactor-")) == 0;
}

static void count_lock(void) {
  if (!counts) return;
  atomic_fetch_add(&counts->locks, 1);
  if (is_reactor()) atomic_fetch_add(&counts->reactor_locks, 1);
}

__attribute__((constructor)) static void begin(void) {
  *(void**)&real_mutex_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
  *(void**)&real_rdlock = dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
  *(void**)&real_wrlock = dlsym(RTLD_NEXT, "pthread_rwlock_wrlock");
  const char* file = getenv("CALL_COUNTS_FILE");
  if (!file) return;
  const int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) counts = mapped;
}

void* malloc(size_t size) {
  count_allocation();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  count_allocation();
  return __libc_realloc(old, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
  count_allocation();
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}

/* Other libraries' constructors may lock before ours has run. */
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  count_lock();
  if (!real_mutex_lock) *(void**)&real_mutex_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
  return real_mutex_lock(mutex);
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  count_lock();
  if (!real_rdlock) *(void**)&real_rdlock = dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
  return real_rdlock(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  count_lock();
  if (!real_wrlock) *(void**)&real_wrlock = dlsym(RTLD_NEXT, "pthread_rwlock_wrlock");
  return real_wrlock(lock);
}
