// Open MPI, found at run time: the processes that mpirun started together, as ranks of
// MPI_COMM_WORLD. Answers are MPI's codes, 0 for success. All is called from one thread.
#pragma once
#include <stdint.h>

// Whether the launcher of Open MPI, or another by PMIx or PMI, started this process.
int mpi_is_launched(void);
// Opens the library. Null, or why it cannot be used, which lives as long as the program.
const char *_Nullable mpi_open(void);
int mpi_begin(int *_Nonnull rank, int *_Nonnull size);
int mpi_end(void);
// Ends all processes.
void mpi_abort(int code);
// What a code means.
const char *_Nonnull mpi_text(int code);
// Sends sent[r], of sent_bytes[r], to every rank r, and fills received[r] with what it sends here.
// What is long goes in pieces of `piece` bytes, since MPI counts in int.
int mpi_exchange(const void *_Nullable const *_Nonnull sent, const int64_t *_Nonnull sent_bytes,
                 void *_Nullable const *_Nonnull received, const int64_t *_Nonnull received_bytes,
                 int64_t piece);
