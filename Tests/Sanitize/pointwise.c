#include "support.h"

/// A shape, and what else a call may vary.
typedef struct {
  siamese_pointwise_shape shape;
  int pictures, has_bias;
} pointwise_case;

static pointwise_case draw_case(draws *d, siamese_product_kind kind) {
  for (;;) {
    pointwise_case c;
    siamese_pointwise_shape *s = &c.shape;
    s->kind = kind;
    s->stride = kind <= siamese_bfloat16 ? PICK(d, 1, 2) : 1;
    s->height = PICK(d, 1, 2, 3, 5, 7, 13);
    s->width = PICK(d, 1, 2, 3, 5, 7, 14);
    s->channels = PICK(d, 1, 5, 16, 17, 24, 33, 48, 530);
    s->filters = PICK(d, 1, 5, 16, 17, 33, 40);
    s->output_height = (s->height - 1) / s->stride + 1;
    s->output_width = (s->width - 1) / s->stride + 1;
    s->adds = PICK(d, 0, 1);
    s->function = draw_function(d);
    c.pictures = PICK(d, 1, 2, 17);
    c.has_bias = PICK(d, 0, 1);
    if (c.pictures * s->output_height * s->output_width * s->channels * s->filters <= 400000) return c;
  }
}

/// Where the weight of a channel and a filter lies.
static size_t weight_place(const siamese_pointwise_shape *s, int is_bfloat16, int channel, int filter) {
  size_t block = (size_t)(filter / 16) * (size_t)((s->channels + 15) / 16) * 256;
  return is_bfloat16 ? block + (size_t)(channel / 2 * 32 + filter % 16 * 2 + channel % 2)
      : block + (size_t)(channel * 16 + filter % 16);
}

static void test_case(siamese_level level, draws *d, const pointwise_case *c) {
  const siamese_pointwise_shape *s = &c->shape;
  int reads_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_floats_of_bfloat16;
  int makes_bfloat16 = s->kind == siamese_bfloat16 || s->kind == siamese_bfloat16_of_floats;
  int pixels = s->height * s->width, output_pixels = s->output_height * s->output_width;
  int channels = (s->channels + 15) / 16 * 16, filters = (s->filters + 15) / 16 * 16;
  array map = random_array(d, (size_t)(c->pictures * channels * pixels), reads_bfloat16);
  array weights = random_array(d, (size_t)(channels * filters), reads_bfloat16);
  array bias = random_array(d, (size_t)filters, 0);
  array output = made((size_t)(c->pictures * filters * output_pixels), makes_bfloat16);
  // Padded lanes hold NaN; but where bfloat16 channels are read two by two, the last channel's neighbour has a weight
  // of zero.
  for (int k = s->channels; k < channels; k++) {
    int is_read = reads_bfloat16 && k == s->channels && k % 2 == 1;
    for (int n = 0; n < c->pictures; n++)
      for (int p = 0; p < pixels && !is_read; p++) set(map, blocked(n, channels, k, pixels, p), NAN);
    for (int f = 0; f < filters; f++) set(weights, weight_place(s, reads_bfloat16, k, f), is_read ? 0 : NAN);
  }
  for (int f = s->filters; f < filters; f++) {
    set(bias, (size_t)f, NAN);
    for (int k = 0; k < channels; k++) set(weights, weight_place(s, reads_bfloat16, k, f), NAN);
  }
  float there = s->adds ? 0.625f : 0;
  if (s->adds)
    for (size_t i = 0; i < output.count; i++) set(output, i, there);
  // In parts, each of which must leave the others alone.
  int tiles = siamese_pointwise_tiles(level, s) * c->pictures, blocks = filters / 16;
  for (int part = 0; part < 3; part++)
    for (int half = 1; half >= 0; half--) {
      int first = tiles * part / 3, count = tiles * (part + 1) / 3 - first, block = blocks * half / 2;
      siamese_pointwise(level, s, map.start, weights.start, c->has_bias ? bias.start : NULL, first, count, block,
                        blocks * (half + 1) / 2 - block, weights.start, output.start);
    }
  for (int n = 0; n < c->pictures; n++)
    for (int f = 0; f < s->filters; f++)
      for (int p = 0; p < output_pixels; p++) {
        int at = (p / s->output_width * s->width + p % s->output_width) * s->stride;
        double sum = (c->has_bias ? get(bias, (size_t)f) : 0) + there, magnitude = 2;
        for (int k = 0; k < s->channels; k++) {
          double product = get(map, blocked(n, channels, k, pixels, at));
          product *= get(weights, weight_place(s, reads_bfloat16, k, f));
          sum += product;
          magnitude += fabs(product);
        }
        expect(get(output, blocked(n, filters, f, output_pixels, p)), function_of(s->function, sum), 4e-7 * magnitude,
               makes_bfloat16, "pointwise");
      }
  free(map.start);
  free(weights.start);
  free(bias.start);
  free(output.start);
}

void test_pointwise(siamese_level level, siamese_product_kind kind) {
  draws d = {1 + (uint32_t)kind};
  for (int i = 0; i < 60; i++) {
    pointwise_case c = draw_case(&d, kind);
    draws numbers = {(uint32_t)i};
    test_case(level, &numbers, &c);
  }
}
