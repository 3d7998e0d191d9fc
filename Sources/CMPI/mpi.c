#ifdef DRR_MPI

#include "CMPI.h"
#include <stdlib.h>

#if __has_include(<mpi.h>)
#include <mpi.h>
#elif __has_include(<mpi/mpi.h>)
#include <mpi/mpi.h>
#elif __has_include(<openmpi/mpi.h>)
#include <openmpi/mpi.h>
#else
#error "the trait MPI needs mpi.h: install libopenmpi-dev, or pass -Xcc -I with its folder"
#endif

int drr_mpi_is_launched(void) {
  return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("PMIX_RANK");
}

int drr_mpi_begin(int *rank, int *size) {
  int given;
  // Ranks of one host are threads of nobody, but signals and Dispatch have threads of their own.
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given);
  if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS) code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, size);
  return code;
}

int drr_mpi_end(void) { return MPI_Finalize(); }

void drr_mpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

int drr_mpi_barrier(void) { return MPI_Barrier(MPI_COMM_WORLD); }

int drr_mpi_broadcast(void *bytes, int count, int root) {
  return MPI_Bcast(bytes, count, MPI_BYTE, root, MPI_COMM_WORLD);
}

int drr_mpi_all_gather(const void *bytes, int count, void *gathered, const int *counts,
                       const int *offsets) {
  return MPI_Allgatherv(bytes, count, MPI_BYTE, gathered, counts, offsets, MPI_BYTE,
                        MPI_COMM_WORLD);
}

int drr_mpi_all_to_all(const void *sent, const int *sent_counts, const int *sent_offsets,
                       void *received, const int *received_counts, const int *received_offsets) {
  return MPI_Alltoallv(sent, sent_counts, sent_offsets, MPI_BYTE, received, received_counts,
                       received_offsets, MPI_BYTE, MPI_COMM_WORLD);
}

#endif
