#include "support.h"

// Every kernel at every level that this processor has, on shapes drawn at random but the same on every run, against
// plain loops.

int main(void) {
  const char *names[] = {"portable", "AVX2", "AVX-512"};
  for (siamese_level level = siamese_portable; level <= siamese_avx512; level++) {
    if (level > siamese_best_level()) {
      printf("%s: skipped, this processor has no %s\n", names[level], names[level]);
      continue;
    }
    int kinds = siamese_takes_bfloat16(level) ? 4 : 1;
    for (int kind = 0; kind < kinds; kind++) {
      test_pointwise(level, (siamese_product_kind)kind);
      if (kind < 3) test_first(level, (siamese_product_kind)kind);
      if (kind < 3) test_depthwise(level, (siamese_depthwise_kind)kind);
      if (kind < 2) test_winograd(level, kind);
      if (kind < 2) test_layer_normalization(level, kind);
    }
    test_winograd_few_tiles(level);
    test_copy_channels(level, 2);
    test_copy_channels(level, 4);
    printf("%s: every kernel computes what plain loops compute%s\n", names[level],
           kinds > 1 ? "" : " (bfloat16 skipped: this processor has no AVX512_BF16)");
  }
  return 0;
}
