#pragma once
#include "Levels.h"

// The transforms around the products: input tiles into matrices whose blocks of 16 channels are `[tiles][16]`, and sums
// from matrices of such blocks of filters into the output. `matrix` and `block` elements lie between matrices, and
// between the blocks of one. Tiles of 2×2 outputs (scatter_2, gather_2) are of bfloat16, those of 4×4 (scatter_4,
// gather_4) of floats.

typedef void siamese_scatter(
    const siamese_winograd_shape *shape, const void *map, int first, int count, void *tiles, size_t matrix,
    size_t block);
/// `sums` begin with those of `first_block`.
typedef void siamese_gather(
    const siamese_winograd_shape *shape, const float *sums, size_t matrix, size_t block, int first, int count,
    int first_block, int block_count, const float *bias, int adds, const siamese_function *function, void *map);

SEPARATE siamese_scatter AT_LEVEL(scatter_2), AT_LEVEL(scatter_4);
SEPARATE siamese_gather AT_LEVEL(gather_2), AT_LEVEL(gather_4);
