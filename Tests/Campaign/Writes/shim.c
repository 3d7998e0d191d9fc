// Fails, tears or kills at the n-th call that changes files, by LD_PRELOAD. Of calls on files in
// the current folder only those that open for writing, write, sync, rename, cut, make or remove are
// counted, each kind for itself.
//
// SHIM_CALL   open, write, fsync, rename, truncate, mkdir or unlink
// SHIM_AT     which of them, from 1
// SHIM_FAULT  an error's number; or short, which writes half; tear, which writes half and fails
//             with ENOSPC; kill, which ends the process before the call; torn, which writes half
//             and then ends it
// SHIM_MARK   a file that is made once the fault was there; where SHIM_AT is 0 it gets a line at the
//             end, how many calls there were of each kind in that order
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { OPEN, WRITE, SYNC, RENAME, TRUNCATE, MKDIR, UNLINK };
static const char *const names[] = {"open", "write", "fsync", "rename", "truncate", "mkdir",
                                    "unlink"};
enum fault { NONE, ERROR, SHORT, TEAR, KILL, TORN };

static atomic_int calls[7];
static _Atomic unsigned char files[1 << 16];
static int chosen = -1, at, code;
static enum fault fault;
static char root[4096];

__attribute__((constructor)) static void read_settings(void) {
  const char *call = getenv("SHIM_CALL"), *place = getenv("SHIM_AT"), *what = getenv("SHIM_FAULT");
  if (!call || !place || !what || !getcwd(root, sizeof root)) return;
  for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
    if (strcmp(call, names[i]) == 0) chosen = i;
  at = atoi(place);
  fault = strcmp(what, "short") == 0  ? SHORT
          : strcmp(what, "tear") == 0 ? TEAR
          : strcmp(what, "kill") == 0 ? KILL
          : strcmp(what, "torn") == 0 ? TORN
                                      : ERROR;
  code = atoi(what);
}

__attribute__((destructor)) static void tell_counts(void) {
  const char *mark = getenv("SHIM_MARK");
  if (at != 0 || !mark || chosen < 0) return;
  char line[128];
  int length = snprintf(line, sizeof line, "%d %d %d %d %d %d %d\n", calls[0], calls[1], calls[2],
                        calls[3], calls[4], calls[5], calls[6]);
  int file = (int)syscall(SYS_openat, AT_FDCWD, mark, O_CREAT | O_WRONLY | O_APPEND, 0600);
  syscall(SYS_write, file, line, length);
  syscall(SYS_close, file);
}

static int is_here(const char *path) {
  return path && (path[0] != '/' || strncmp(path, root, strlen(root)) == 0);
}

// What is to befall this call.
static enum fault befalls(enum call call) {
  int count = atomic_fetch_add(&calls[call], 1) + 1;
  if ((int)call != chosen || count != at) return NONE;
  const char *mark = getenv("SHIM_MARK");
  if (mark) syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, mark, O_CREAT | O_WRONLY, 0600));
  if (fault == KILL) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = code;
  return fault;
}

static void note_open(int file, int here) {
  if (file >= 0 && file < (int)(sizeof files)) files[file] = here;
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
  int changes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && is_here(path);
  if (changes && befalls(OPEN) != NONE) return -1;
  int file = (int)syscall(SYS_openat, folder, path, flags, mode);
  // A folder that is opened to be synced counts too.
  note_open(file, is_here(path));
  return file;
}

#define OPENING(name, given) \
  int name(const char *path, int flags, ...) { \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    return opened(AT_FDCWD, path, flags | given, mode); \
  }
OPENING(open, 0)
OPENING(open64, O_LARGEFILE)

int openat(int folder, const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  return opened(folder, path, flags, mode);
}

int dup(int file) {
  int copy = (int)syscall(SYS_dup, file);
  note_open(copy, file >= 0 && file < (int)(sizeof files) && files[file]);
  return copy;
}

int close(int file) {
  note_open(file, 0);
  return (int)syscall(SYS_close, file);
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (file >= 0 && file < (int)sizeof files && files[file]) {
    switch (befalls(WRITE)) {
      case NONE: break;
      case SHORT: return syscall(SYS_write, file, bytes, count / 2 ? count / 2 : count);
      case TORN:
        syscall(SYS_write, file, bytes, count / 2);
        kill(getpid(), SIGKILL);
        for (;;) pause();
      case TEAR:
        syscall(SYS_write, file, bytes, count / 2);
        errno = ENOSPC;
        return -1;
      default: return -1;
    }
  }
  return syscall(SYS_write, file, bytes, count);
}

int fsync(int file) {
  if (file >= 0 && file < (int)sizeof files && files[file] && befalls(SYNC) != NONE) return -1;
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  if (file >= 0 && file < (int)sizeof files && files[file] && befalls(SYNC) != NONE) return -1;
  return (int)syscall(SYS_fdatasync, file);
}

int rename(const char *from, const char *to) {
  if (is_here(from) && befalls(RENAME) != NONE) return -1;
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  if (is_here(from) && befalls(RENAME) != NONE) return -1;
  return (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

int truncate(const char *path, off_t size) {
  if (is_here(path) && befalls(TRUNCATE) != NONE) return -1;
  return (int)syscall(SYS_truncate, path, size);
}

int ftruncate(int file, off_t size) {
  if (file >= 0 && file < (int)sizeof files && files[file] && befalls(TRUNCATE) != NONE) return -1;
  return (int)syscall(SYS_ftruncate, file, size);
}

int mkdir(const char *path, mode_t mode) {
  if (is_here(path) && befalls(MKDIR) != NONE) return -1;
  return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int unlink(const char *path) {
  if (is_here(path) && befalls(UNLINK) != NONE) return -1;
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
