#include "support.h"

/// A shape, and what else a call may vary: `channels` and `filters` are real, the shape's are rounded up.
typedef struct {
  siamese_winograd_shape shape;
  int pictures, channels, filters, adds, has_bias;
  siamese_function function;
} winograd_case;

static winograd_case draw_case(draws *d, int is_bfloat16) {
  for (;;) {
    winograd_case c;
    siamese_winograd_shape *s = &c.shape;
    s->is_bfloat16 = is_bfloat16;
    s->height = PICK(d, 1, 2, 3, 5, 7, 8, 13);
    s->width = PICK(d, 1, 2, 4, 5, 9, 12);
    s->top = PICK(d, 0, 1, 2, 5);
    s->left = PICK(d, 0, 1, 2, 5);
    int after = PICK(d, 0, 1, 2, 5);
    s->output_height = s->height + s->top + after - 2;
    s->output_width = s->width + s->left + after - 2;
    c.channels = PICK(d, 1, 5, 16, 17, 33, 40);
    c.filters = PICK(d, 1, 5, 16, 17, 33, 40);
    s->channels = (c.channels + 15) / 16 * 16;
    s->filters = (c.filters + 15) / 16 * 16;
    c.pictures = PICK(d, 1, 2, 17);
    c.adds = PICK(d, 0, 1);
    c.has_bias = PICK(d, 0, 1);
    c.function = draw_function(d);
    if (s->output_height < 1 || s->output_width < 1) continue;
    if (c.pictures * s->output_height * s->output_width * c.channels * c.filters * 9 <= 900000) return c;
  }
}

/// G of F(2×2, 3×3) and of F(4×4, 3×3).
static const double small[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
static const double large[6][3] = {
    {1.0 / 4, 0, 0}, {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6}, {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};

/// The plain kernel of a channel and a filter in `[filters][channels][3][3]`.
static size_t plain_place(const winograd_case *c, int filter, int channel) {
  return (size_t)((filter * c->channels + channel) * 9);
}

/// `G g Gᵀ` of plain kernels, as the kernel reads them: zeros for padded channels, NaN for padded filters.
static array transformed(const winograd_case *c, array plain) {
  const siamese_winograd_shape *s = &c->shape;
  int side = s->is_bfloat16 ? 4 : 6;
  array all = made((size_t)(side * side * s->channels * s->filters), s->is_bfloat16);
  for (int f = 0; f < s->filters; f++)
    for (int k = 0; k < s->channels; k++)
      for (int m = 0; m < side * side; m++) {
        const double *rows = s->is_bfloat16 ? small[m / side] : large[m / side];
        const double *columns = s->is_bfloat16 ? small[m % side] : large[m % side];
        double sum = f >= c->filters ? NAN : 0;
        for (int tap = 0; tap < 9 && f < c->filters && k < c->channels; tap++)
          sum += rows[tap / 3] * columns[tap % 3] * get(plain, plain_place(c, f, k) + (size_t)tap);
        size_t block = ((size_t)m * (size_t)(s->filters / 16) + (size_t)(f / 16)) * (size_t)s->channels * 16;
        set(all, block + (size_t)(s->is_bfloat16 ? k / 2 * 32 + f % 16 * 2 + k % 2 : k * 16 + f % 16), (float)sum);
      }
  return all;
}

/// Plain kernels as `[filters/16][channels][3][3][16]`.
static array in_blocks(const winograd_case *c, array plain) {
  const siamese_winograd_shape *s = &c->shape;
  array all = made((size_t)(9 * s->channels * s->filters), 0);
  for (int f = 0; f < s->filters; f++)
    for (int k = 0; k < s->channels; k++)
      for (int tap = 0; tap < 9; tap++)
        set(all, (size_t)(((f / 16 * s->channels + k) * 9 + tap) * 16 + f % 16),
            f >= c->filters ? NAN : k >= c->channels ? 0 : get(plain, plain_place(c, f, k) + (size_t)tap));
  return all;
}

/// Compares the output with plain loops. Transforms multiply rounding errors: by dozens in tiles of 4×4 outputs; and in
/// bfloat16 the transformed inputs and kernels are rounded too.
static void check(const winograd_case *c, array map, array plain, array bias, float there, array output) {
  const siamese_winograd_shape *s = &c->shape;
  int pixels = s->height * s->width, output_pixels = s->output_height * s->output_width;
  for (int n = 0; n < c->pictures; n++)
    for (int f = 0; f < c->filters; f++)
      for (int p = 0; p < output_pixels; p++) {
        double sum = (c->has_bias ? get(bias, (size_t)f) : 0) + there;
        for (int tap = 0; tap < 9; tap++) {
          int row = p / s->output_width - s->top + tap / 3, column = p % s->output_width - s->left + tap % 3;
          if (row < 0 || column < 0 || row >= s->height || column >= s->width) continue;
          for (int k = 0; k < c->channels; k++)
            sum += (double)get(map, blocked(n, s->channels, k, pixels, row * s->width + column))
                * get(plain, plain_place(c, f, k) + (size_t)tap);
        }
        double tolerance = (s->is_bfloat16 ? 0.02 : 4e-5) * sqrt((double)c->channels);
        expect(get(output, blocked(n, s->filters, f, output_pixels, p)), function_of(c->function, sum), tolerance,
            s->is_bfloat16, "winograd");
      }
}

static void test_case(siamese_level level, draws *d, const winograd_case *c, int are_tiles_few) {
  const siamese_winograd_shape *s = &c->shape;
  int blocks = s->filters / 16, tiles = siamese_winograd_tiles(level, s) * c->pictures;
  array map = random_array(d, (size_t)(c->pictures * s->channels * s->height * s->width), s->is_bfloat16);
  array plain = random_array(d, (size_t)(c->filters * c->channels * 9), 0);
  array bias = random_array(d, (size_t)s->filters, 0);
  array output = made((size_t)(c->pictures * s->filters * s->output_height * s->output_width), s->is_bfloat16);
  array kernels = are_tiles_few ? in_blocks(c, plain) : transformed(c, plain);
  for (int f = c->filters; f < s->filters; f++) set(bias, (size_t)f, NAN);
  float there = c->adds ? 0.625f : 0;
  if (c->adds)
    for (size_t i = 0; i < output.count; i++) set(output, i, there);
  int rows = PICK(d, 1, 2, 7), parts = are_tiles_few ? 1 : 3;
  size_t bytes = are_tiles_few ? siamese_winograd_few_tiles_scratch(level, s, tiles)
      : siamese_winograd_scratch(level, s, rows);
  void *scratch = malloc(bytes);
  memset(scratch, untouched, bytes);
  for (int part = 0; part < parts; part++)
    for (int half = 1; half >= 0; half--) {
      int first = tiles * part / parts, count = tiles * (part + 1) / parts - first;
      int block = blocks * half / 2, block_count = blocks * (half + 1) / 2 - block;
      const float *offsets = c->has_bias ? bias.start : NULL;
      if (are_tiles_few)
        siamese_winograd_few_tiles(level, s, map.start, kernels.start, offsets, c->adds, &c->function, tiles, block,
                                   block_count, scratch, output.start);
      else
        siamese_winograd(level, s, map.start, kernels.start, offsets, c->adds, &c->function, first, count, rows,
                         block, block_count, scratch, output.start);
    }
  check(c, map, plain, bias, there, output);
  free(map.start);
  free(plain.start);
  free(bias.start);
  free(output.start);
  free(kernels.start);
  free(scratch);
}

void test_winograd(siamese_level level, int is_bfloat16) {
  draws d = {31 + (uint32_t)is_bfloat16};
  for (int i = 0; i < 60; i++) {
    winograd_case c = draw_case(&d, is_bfloat16);
    draws numbers = {(uint32_t)i};
    test_case(level, &numbers, &c, 0);
  }
}

void test_winograd_few_tiles(siamese_level level) {
  draws d = {31};
  for (int i = 0; i < 60; i++) {
    winograd_case c = draw_case(&d, 0);
    draws numbers = {(uint32_t)i};
    test_case(level, &numbers, &c, 1);
  }
}
