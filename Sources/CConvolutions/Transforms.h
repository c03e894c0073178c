#pragma once
#include "Winograd.h"

// The transforms around the products: input tiles into matrices `[matrices][channels / 16][rows][16]`, and sums from
// `[matrices][filters / 16][rows][16]`, some blocks of filters, into the output. For processors with wide registers.

typedef void siamese_scatter(
    const siamese_winograd_shape *shape, const void *map, int first, int count, int rows, void *tiles);
typedef void siamese_gather(
    const siamese_winograd_shape *shape, const float *products, int first, int count, int rows, int first_block,
    int block_count, const float *bias, int adds, const siamese_function *function, void *map);

siamese_scatter siamese_scatter_2_floats, siamese_scatter_2_halves, siamese_scatter_4_floats;
siamese_gather siamese_gather_2_floats, siamese_gather_2_halves, siamese_gather_4_floats;
