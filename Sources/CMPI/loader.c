#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmpi.h"

// Open MPI's types are pointers to what only it knows; its predefined ones are symbols. Another
// MPI has other types, and none of these symbols.
typedef void *handle;

enum { success = 0, thread_funneled = 1, longest_text = 512, tag = 0 };

static struct {
  handle world, byte, errors_return;
  int (*init)(int *, char ***, int, int *);
  int (*finalize)(void);
  int (*abort)(handle, int);
  int (*set_errhandler)(handle, handle);
  int (*rank)(handle, int *);
  int (*size)(handle, int *);
  int (*error_string)(int, char *, int *);
  int (*send)(const void *, int, handle, int, int, handle, handle *);
  int (*receive)(void *, int, handle, int, int, handle, handle *);
  int (*wait)(int, handle *, void *);
} mpi;
static int own_rank, world_size;
static char reason[256];

int mpi_is_launched(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_SIZE");
}

static const char *find_all(void *library) {
  const struct {
    const char *name;
    void *place;
  } symbols[] = {
      {"ompi_mpi_comm_world", &mpi.world},
      {"ompi_mpi_byte", &mpi.byte},
      {"ompi_mpi_errors_return", &mpi.errors_return},
      {"MPI_Init_thread", &mpi.init},
      {"MPI_Finalize", &mpi.finalize},
      {"MPI_Abort", &mpi.abort},
      {"MPI_Comm_set_errhandler", &mpi.set_errhandler},
      {"MPI_Comm_rank", &mpi.rank},
      {"MPI_Comm_size", &mpi.size},
      {"MPI_Error_string", &mpi.error_string},
      {"MPI_Isend", &mpi.send},
      {"MPI_Irecv", &mpi.receive},
      {"MPI_Waitall", &mpi.wait},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    void *found = dlsym(library, symbols[i].name);
    if (!found) return symbols[i].name;
    memcpy(symbols[i].place, &found, sizeof found);
  }
  return NULL;
}

const char *mpi_open(void) {
  static const char *const names[] = {
      "libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"};
  reason[0] = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    // What it opens itself looks for its symbols among everybody's.
    void *library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
      if (!reason[0]) snprintf(reason, sizeof reason, "%s", dlerror());
      continue;
    }
    const char *missing = find_all(library);
    if (!missing) return NULL;
    snprintf(
        reason, sizeof reason, "%s has no %s, which Open MPI's has", names[i], missing);
    dlclose(library);
  }
  return reason;
}

int mpi_begin(int *rank, int *size) {
  int given;
  // One thread alone calls it, but signals and Dispatch have threads of their own.
  int code = mpi.init(NULL, NULL, thread_funneled, &given);
  if (code == success) code = mpi.set_errhandler(mpi.world, mpi.errors_return);
  if (code == success) code = mpi.rank(mpi.world, &own_rank);
  if (code == success) code = mpi.size(mpi.world, &world_size);
  *rank = own_rank;
  *size = world_size;
  return code;
}

int mpi_end(void) { return mpi.finalize(); }

void mpi_abort(int code) { mpi.abort(mpi.world, code); }

const char *mpi_text(int code) {
  static char text[longest_text];
  int length;
  if (mpi.error_string(code, text, &length) != success)
    snprintf(text, sizeof text, "error %d", code);
  return text;
}

static int64_t piece_count(int64_t bytes, int64_t piece) { return (bytes + piece - 1) / piece; }

int mpi_exchange(const void *const *sent, const int64_t *sent_bytes, void *const *received,
                 const int64_t *received_bytes, int64_t piece) {
  if (sent_bytes[own_rank]) memcpy(received[own_rank], sent[own_rank], sent_bytes[own_rank]);
  int64_t most = 0;
  for (int r = 0; r < world_size; r++)
    most += piece_count(sent_bytes[r], piece) + piece_count(received_bytes[r], piece);
  handle *open = malloc(sizeof(handle) * (most ? most : 1));
  int count = 0, code = success;
  // Each begins with the rank behind it, so that no rank has to serve all at once.
  for (int step = 1; step < world_size && code == success; step++) {
    int to = (own_rank + step) % world_size, from = (own_rank + world_size - step) % world_size;
    for (int64_t at = 0; at < received_bytes[from] && code == success; at += piece) {
      int64_t left = received_bytes[from] - at;
      code = mpi.receive(
          (char *)received[from] + at, (int)(left < piece ? left : piece), mpi.byte, from, tag,
          mpi.world, &open[count]);
      if (code == success) count++;
    }
    for (int64_t at = 0; at < sent_bytes[to] && code == success; at += piece) {
      int64_t left = sent_bytes[to] - at;
      code = mpi.send(
          (const char *)sent[to] + at, (int)(left < piece ? left : piece), mpi.byte, to, tag,
          mpi.world, &open[count]);
      if (code == success) count++;
    }
  }
  if (code == success) code = mpi.wait(count, open, NULL);
  free(open);
  return code;
}
