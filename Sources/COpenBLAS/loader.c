#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "copenblas.h"

static struct blas_library library;

static int found_vector_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512cd"))
    return 4;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 3 : 1;
#else
  return 0;
#endif
}

int blas_vector_level(void) {
  static _Atomic int known = -1;
  int level = known;
  if (level >= 0) return level;
  level = found_vector_level();
  const char *most = getenv("DRR_VECTOR_LEVEL");
  if (most && most[0] >= '1' && most[0] <= '4' && !most[1] && most[0] - '0' < level)
    level = most[0] - '0';
  known = level;
  return level;
}

// The cores of OpenBLAS that use neither AVX2 nor AVX-512.
static bool is_old_core(const char *name) {
  static const char *const old[] = {
      "Prescott", "Katmai",  "Coppermine", "Northwood", "Banias",    "Core2",       "Penryn",
      "Dunnington", "Atom",  "Nano",       "Nehalem",   "Athlon",    "Opteron",     "Opteron_SSE3",
      "Barcelona", "Bobcat", "Bulldozer",  "Piledriver", "Steamroller", "Sandybridge", "Generic"};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    if (strcasecmp(name, old[i]) == 0) return true;
  return false;
}

static void close_library(void) {
  if (library.handle) dlclose(library.handle);
  library.handle = NULL;
  library.sgemm = NULL;
}

static void open_library(void) {
  static const char *const names[] = {
      "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
  library.reason[0] = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      if (!library.reason[0]) snprintf(library.reason, sizeof library.reason, "%s", dlerror());
      continue;
    }
    library.handle = handle;
    library.sgemm = (blas_sgemm_function)dlsym(handle, "cblas_sgemm");
    library.set_num_threads = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
    library.get_num_threads = (int (*)(void))dlsym(handle, "openblas_get_num_threads");
    library.get_config = (char *(*)(void))dlsym(handle, "openblas_get_config");
    library.get_corename = (char *(*)(void))dlsym(handle, "openblas_get_corename");
    if (library.sgemm && library.set_num_threads && library.get_num_threads
        && library.get_config && library.get_corename) {
      snprintf(library.file, sizeof library.file, "%s", names[i]);
      library.reason[0] = 0;
      return;
    }
    close_library();
    snprintf(library.reason, sizeof library.reason, "%s lacks a function of OpenBLAS", names[i]);
  }
}

int host_core_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

// As OpenBLAS reads it, which takes no more than there are cores.
static int wanted_threads(void) {
  static const char *const names[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *text = getenv(names[i]);
    int count = text ? atoi(text) : 0;
    if (count > 0) return count < blas_most_threads ? count : blas_most_threads;
  }
  return host_core_count();
}

static void open_best_library(void) {
  open_library();
  // The best first; a build of OpenBLAS may lack the one or the other.
  static const char *const cores[] = {"SkylakeX", "Haswell"};
  int level = blas_vector_level();
  bool is_preset = getenv("OPENBLAS_CORETYPE") != NULL;
  for (int i = level >= 4 ? 0 : 1; i < 2 && level >= 3 && !is_preset; i++) {
    if (!library.handle || !is_old_core(library.get_corename())) break;
    snprintf(library.replaced_core, sizeof library.replaced_core, "%s", library.get_corename());
    close_library();
    setenv("OPENBLAS_CORETYPE", cores[i], 1);
    open_library();
    unsetenv("OPENBLAS_CORETYPE");
    // Where another part of the process holds the library open, it stays as it was.
    if (library.handle && strcmp(library.get_corename(), library.replaced_core) == 0)
      library.replaced_core[0] = 0;
  }
}

uint64_t host_address_space(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

// Whether so many bytes of address space can be had.
static bool is_room(size_t bytes) {
  void *room = mmap(
      NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return room != MAP_FAILED && munmap(room, bytes) == 0;
}

// OpenBLAS asks for its buffers again and again, for ever, where there is no room for them: whether
// there is, for the library and 128 MiB for each thread, is seen before. The bits do not depend on
// the number of threads, and as many are used as there is room for.
static bool has_room(void) {
  if (host_address_space() == UINT64_MAX) return true;
  const size_t own = (size_t)80 << 20, each = (size_t)132 << 20;
  int wanted = library.threads;
  while (library.threads > 0 && !is_room(own + each * (size_t)library.threads)) library.threads--;
  if (library.threads > 0) return true;
  library.threads = wanted;
  library.is_starved = true;
  snprintf(
      library.reason, sizeof library.reason,
      "OpenBLAS wants %zu MiB of address space and %zu MiB for each further thread, and the limit "
      "of %llu MiB leaves less: raise it (ulimit -v)",
      (own + each) >> 20, each >> 20, (unsigned long long)(host_address_space() >> 20));
  return false;
}

// Has OpenBLAS take its buffers while there is room. It keeps them.
static void reserve_buffers(void) {
  if (!library.handle || host_address_space() == UINT64_MAX) return;
  void *(*take)(int) = (void *(*)(int))dlsym(library.handle, "blas_memory_alloc");
  void (*give)(void *) = (void (*)(void *))dlsym(library.handle, "blas_memory_free");
  if (!take || !give) return;
  void *buffers[blas_most_threads];
  for (int i = 0; i < library.threads; i++) buffers[i] = take(0);
  for (int i = 0; i < library.threads; i++) give(buffers[i]);
}

static void open_once(void) {
  library.threads = wanted_threads();
  library.vector_level = blas_vector_level();
  if (!has_room()) return;
  // It makes no threads that would only wait, each with a buffer.
  const char *given = getenv("OPENBLAS_NUM_THREADS");
  char *threads = given ? strdup(given) : NULL;
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  open_best_library();
  if (threads) setenv("OPENBLAS_NUM_THREADS", threads, 1);
  else unsetenv("OPENBLAS_NUM_THREADS");
  free(threads);
  if (library.handle) library.set_num_threads(1);
  reserve_buffers();
}

const struct blas_library *blas_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_once);
  return &library;
}

void blas_alone(const struct blas_library *blas) {
  static _Thread_local bool is_alone;
  if (!is_alone) blas->set_num_threads(1);
  is_alone = true;
}
