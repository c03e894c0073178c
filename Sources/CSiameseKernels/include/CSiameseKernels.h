#pragma once
#include <stddef.h>

// The inner loops of kernel machines, in C because its compiler makes a version of each function for every generation of
// the processor and picks one when the program is loaded, which Swift cannot do.

/// Replaces each value by e to its power, to within two units in the last place; arguments below -87 give about 1e-38.
void siamese_exponentials(float *values, size_t count);

/// Replaces dot products x·y by exp(-gamma (|x|² + |y|² - 2 x·y)), `squared_norms` being those of the y; distances that
/// rounding made negative count as zero.
void siamese_radial_basis(float *products, size_t count, float gamma, float squared_norm, const float *squared_norms);

/// `target[i] += Σ factor · row[offset + i]` over rows, summed in double precision.
void siamese_add_rows(const float *const *rows, const double *factors, size_t row_count, size_t offset, double *target,
                      size_t count);

/// Has the allocator share one heap between threads and hand freed memory back early: by default each thread has its own,
/// and up to 64 MiB are kept for later. For programs that
/// were given a tight limit.
void siamese_keep_heap_small(void);

/// Hands back what lies freed between blocks in use.
void siamese_trim_heap(void);
