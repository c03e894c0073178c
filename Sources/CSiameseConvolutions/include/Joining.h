#pragma once
#include <stddef.h>

#include "Function.h"

/// Copies channels from one map in blocks of 16 channels to another, from which concatenations are made.

/// Copies channels `source_channel ..< source_channel + count` of one picture's map to channels `target_channel ...` of
/// another. `count` may be 0. All other lanes of the target stay as they are, padded ones too, and the source's are not
/// looked at.
///
/// - `source` and `target`: `[C/16][positions][16]`, each with its own count C of channels.
/// - `positions`: pixels of each map, height times width.
/// - `size`: bytes of an element, 2 or 4.
void siamese_copy_channels(
    siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count,
    size_t positions, int size);

// What follows is seen only inside this target.

#if defined(SIAMESE_DISPATCH) || defined(SIAMESE_LEVEL)
#include "../Internal/Levels.h"

AT_EVERY_LEVEL(
    void, copy_channels,
    (const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, int size));
#endif

#ifdef SIAMESE_DISPATCH
#include "../Internal/Contracts.h"

void siamese_copy_channels(
    siamese_level level, const void *source, int source_channel, void *target, int target_channel, int count,
    size_t positions, int size) {
  SIAMESE_ASSERT(is_available(level, 0) && (size == 2 || size == 4));
  SIAMESE_ASSERT(source_channel >= 0 && target_channel >= 0 && count >= 0);
  SIAMESE_ASSERT(is_array(source, (uintptr_t)size) && is_array(target, (uintptr_t)size));
  AT(level, copy_channels)(source, source_channel, target, target_channel, count, positions, size);
}
#endif

#ifdef SIAMESE_LEVEL
#include <string.h>

#if SIAMESE_LEVEL == LEVEL_AVX512
WIDE static void copy_lanes_wide(const char *source, char *target, int lanes, size_t positions, int size) {
  __mmask16 mask = (__mmask16)((1 << lanes) - 1);
  if (size == 4) {
    for (size_t p = 0; p < positions; p++)
      _mm512_mask_storeu_ps(target + 64 * p, mask, _mm512_maskz_loadu_ps(mask, source + 64 * p));
  } else {
    for (size_t p = 0; p < positions; p++)
      _mm256_mask_storeu_epi16(target + 32 * p, mask, _mm256_maskz_loadu_epi16(mask, source + 32 * p));
  }
}
#endif

/// `lanes` neighbouring channels, less than 16, of every pixel.
static void copy_lanes(const char *source, char *target, int lanes, size_t positions, int size) {
#if SIAMESE_LEVEL == LEVEL_AVX512
  return copy_lanes_wide(source, target, lanes, positions, size);
#else
  for (size_t p = 0; p < positions; p++)
    memcpy(target + p * 16 * (size_t)size, source + p * 16 * (size_t)size, (size_t)lanes * (size_t)size);
#endif
}

void AT_LEVEL(copy_channels)(
    const void *source, int source_channel, void *target, int target_channel, int count, size_t positions, int size) {
  size_t pixel = 16 * (size_t)size, block = positions * pixel;
  while (count > 0) {
    int from = source_channel % 16, to = target_channel % 16;
    int lanes = 16 - (from > to ? from : to);
    if (lanes > count) lanes = count;
    const char *first = (const char *)source + (size_t)(source_channel / 16) * block + (size_t)from * (size_t)size;
    char *place = (char *)target + (size_t)(target_channel / 16) * block + (size_t)to * (size_t)size;
    if (lanes == 16) memcpy(place, first, block);
    else copy_lanes(first, place, lanes, positions, size);
    source_channel += lanes;
    target_channel += lanes;
    count -= lanes;
  }
}
#endif
