#include <string.h>

#include "../include/Function.h"
#include "Vectors.h"

// The pieces of matrix products, a copy for each kernel. A tile is `m` pixels of `n` blocks of 16 filters: its sums
// stay in registers.

#define dot(...) OWN(dot)(__VA_ARGS__)
#define begin(...) OWN(begin)(__VA_ARGS__)
#define step(...) OWN(step)(__VA_ARGS__)
#define finish(...) OWN(finish)(__VA_ARGS__)

/// Adds the products of two bfloat16 inputs and sixteen pairs of bfloat16 weights to sixteen sums.
INLINE vector dot(vector sums, const char *weights, const char *inputs) {
  uint32_t two;
  memcpy(&two, inputs, 4);
#if SIAMESE_LEVEL == LEVEL_AVX512
  return (vector)_mm512_dpbf16_ps((__m512)sums, (__m512bh)_mm512_loadu_si512(weights),
      (__m512bh)_mm512_set1_epi32((int)two));
#else
  words pairs;
  memcpy(&pairs, weights, sizeof pairs);
  union {
    uint32_t bits;
    float value;
  } first = {two << 16}, second = {two & 0xFFFF0000u};
  sums += (vector)(pairs << 16) * first.value;
  return sums + (vector)(pairs & 0xFFFF0000u) * second.value;
#endif
}

/// Starts the tile's sums with the biases of its filters, or with zeros.
INLINE void begin(vector (*sums)[2], int m, int n, const float *bias) {
  UNROLLED for (int j = 0; j < n; j++) {
    vector offset = bias ? FLOATS(bias + 16 * j) : (vector){0};
    UNROLLED for (int i = 0; i < m; i++) sums[i][j] = offset;
  }
}

/// Adds the products of one input of each pixel, or two of bfloat16: `pixel` bytes lie between those of neighbouring
/// pixels, `weight_block` bytes between the weights of neighbouring blocks.
INLINE void step(
    vector (*sums)[2], int m, int n, int is_bfloat16, const char *weights, size_t weight_block, const char *inputs,
    size_t pixel) {
  UNROLLED for (int i = 0; i < m; i++) {
    if (is_bfloat16) {
      UNROLLED for (int j = 0; j < n; j++)
        sums[i][j] = dot(sums[i][j], weights + (size_t)j * weight_block, inputs + (size_t)i * pixel);
    } else {
      float x = *(const float *)(inputs + (size_t)i * pixel);
      UNROLLED for (int j = 0; j < n; j++)
        sums[i][j] += x * FLOATS((const float *)(weights + (size_t)j * weight_block));
    }
  }
}

/// Applies the function to the sums, where there is one, and writes them to `output`, whose blocks of filters lie
/// `output_block` elements apart.
INLINE void finish(
    siamese_function f, int has_function, vector (*sums)[2], int m, int n, char *output, size_t output_block,
    int makes_bfloat16) {
  if (has_function && f.kind != siamese_limited) {
    vector values[2 * pixels];
    UNROLLED for (int j = 0; j < n; j++)
      UNROLLED for (int i = 0; i < m; i++) values[j * m + i] = sums[i][j];
    for (int i = 0; i < n * m; i++) {
      apply(f, f.kind, &values[i], 1, makes_bfloat16);
      store(output, (size_t)(i / m) * output_block + 16 * (size_t)(i % m), makes_bfloat16, values[i]);
    }
    return;
  }
  // A bound that is infinite is left out: the identity has none, ReLU one, and each costs an instruction a sum.
  if (has_function && f.low > -__builtin_inff()) {
    vector low = (vector){0} + f.low;
    UNROLLED for (int j = 0; j < n; j++)
      UNROLLED for (int i = 0; i < m; i++) sums[i][j] = at_least(sums[i][j], low);
  }
  if (has_function && f.high < __builtin_inff()) {
    vector high = (vector){0} + f.high;
    UNROLLED for (int j = 0; j < n; j++)
      UNROLLED for (int i = 0; i < m; i++) sums[i][j] = at_most(sums[i][j], high);
  }
  UNROLLED for (int j = 0; j < n; j++)
    UNROLLED for (int i = 0; i < m; i++)
      store(output, (size_t)j * output_block + 16 * (size_t)i, makes_bfloat16, sums[i][j]);
}
