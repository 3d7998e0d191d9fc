// Ranks of MPI_COMM_WORLD, in types that Swift can import. Answers are MPI's codes, 0 for success;
// counts and offsets are in bytes.
#pragma once

// Whether the launcher of Open MPI, or another by PMI, started this process.
int drr_mpi_is_launched(void);
int drr_mpi_begin(int *rank, int *size);
int drr_mpi_end(void);
void drr_mpi_abort(int code);
int drr_mpi_barrier(void);
int drr_mpi_broadcast(void *bytes, int count, int root);
int drr_mpi_all_gather(const void *bytes, int count, void *gathered, const int *counts,
                       const int *offsets);
int drr_mpi_all_to_all(const void *sent, const int *sent_counts, const int *sent_offsets,
                       void *received, const int *received_counts, const int *received_offsets);
