#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CSiameseConvolutions/include/CSiameseConvolutions.h"

// What the tests of all kernels share: random draws that are the same on every run, arrays in heap blocks of exactly
// their size (so that the address sanitiser sees one element too many), and the functions in double precision.

/// A linear congruential generator (Numerical Recipes), whose upper bits are used.
typedef struct {
  uint32_t state;
} draws;

static inline uint32_t draw(draws *d) {
  d->state = d->state * 1664525u + 1013904223u;
  return d->state >> 8;
}

/// One of the numbers of a list.
#define PICK(d, ...) \
  ((const int[]){__VA_ARGS__}[draw(d) % (sizeof((const int[]){__VA_ARGS__}) / sizeof(int))])

/// A number between -1 and 1.
static inline float number(draws *d) { return (float)((int)(draw(d) % 65536) - 32768) / 32768; }

/// One of the functions that kernels apply.
static inline siamese_function draw_function(draws *d) {
  const float infinity = INFINITY;
  const siamese_function all[] = {
      {siamese_limited, -infinity, infinity}, {siamese_limited, 0, infinity}, {siamese_limited, 0, 6},
      {siamese_limited, -0.5f, 0.75f},        {siamese_silu, 0, 0},           {siamese_hard_silu, 0, 0},
      {siamese_gelu, 0, 0}};
  return all[draw(d) % 7];
}

/// A function of a number, in double precision.
static inline double function_of(siamese_function f, double x) {
  switch (f.kind) {
  case siamese_limited: return x < f.low ? f.low : x > f.high ? f.high : x;
  case siamese_silu: return x / (1 + exp(-x));
  case siamese_hard_silu: return x * fmin(fmax(x / 6 + 0.5, 0), 1);
  case siamese_gelu: return x * 0.5 * erfc(-x * M_SQRT1_2);
  }
  return NAN;
}

static inline uint16_t bfloat16_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (uint16_t)(isnan(x) ? 0x7FC0 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

static inline float float_of(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/// Elements in a heap block of exactly their size.
typedef struct {
  void *start;
  size_t count;
  int is_bfloat16;
} array;

/// What outputs hold before: no kernel makes these bits by chance.
enum { untouched = 0xA5 };

static inline array made(size_t count, int is_bfloat16) {
  array a = {malloc(count * (is_bfloat16 ? 2 : 4)), count, is_bfloat16};
  if (!a.start) abort();
  memset(a.start, untouched, count * (is_bfloat16 ? 2 : 4));
  return a;
}

static inline float get(array a, size_t i) {
  return a.is_bfloat16 ? float_of(((uint16_t *)a.start)[i]) : ((float *)a.start)[i];
}

static inline void set(array a, size_t i, float x) {
  if (a.is_bfloat16) ((uint16_t *)a.start)[i] = bfloat16_of(x);
  else ((float *)a.start)[i] = x;
}

static inline int is_untouched(array a, size_t i) {
  size_t size = a.is_bfloat16 ? 2 : 4;
  const unsigned char *bytes = (const unsigned char *)a.start + i * size;
  for (size_t k = 0; k < size; k++)
    if (bytes[k] != untouched) return 0;
  return 1;
}

static inline array random_array(draws *d, size_t count, int is_bfloat16) {
  array a = made(count, is_bfloat16);
  for (size_t i = 0; i < count; i++) set(a, i, number(d));
  return a;
}

/// Where channel `c` of pixel `p` lies in `[pictures][channels/16][pixels][16]`.
static inline size_t blocked(int picture, int channels, int c, int pixels, int p) {
  return (((size_t)picture * (size_t)((channels + 15) / 16) + (size_t)(c / 16)) * (size_t)pixels + (size_t)p) * 16
      + (size_t)(c % 16);
}

/// Stops where a number is not what it should be: `tolerance` for the sum, and what a bfloat16 cannot hold.
static inline void expect(double found, double expected, double tolerance, int is_bfloat16, const char *where) {
  // Functions are good to 5e-7, or to 2^-12 and 3e-5 where they become a bfloat16.
  double allowed = is_bfloat16 ? tolerance + 1e-4 + (1.0 / 256 + 1.0 / 4096) * fabs(expected)
      : tolerance + 1e-6 * (1 + fabs(expected));
  if (fabs(found - expected) <= allowed) return;
  fprintf(stderr, "%s: found %.9g, expected %.9g within %.2g\n", where, found, expected, allowed);
  exit(1);
}

/// Stops where a condition does not hold.
static inline void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

void test_pointwise(siamese_level level, siamese_product_kind kind);
void test_winograd(siamese_level level, int is_bfloat16);
void test_winograd_few_tiles(siamese_level level);
void test_depthwise(siamese_level level, siamese_depthwise_kind kind);
void test_first(siamese_level level, siamese_product_kind kind);
void test_layer_normalization(siamese_level level, int is_bfloat16);
void test_copy_channels(siamese_level level, int size);
