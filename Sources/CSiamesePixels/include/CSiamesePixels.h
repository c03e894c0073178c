#pragma once
#include <stddef.h>
#include <stdint.h>

// The inner loops of resampling, written with the processor's multiply-add of pairs of 16-bit numbers (pmaddwd), which
// Swift has no name for. Elsewhere than on x86 they are plain loops. Results equal those of Swift's plain loops bit for bit.
//
// Weights come in pairs, each split in two so that the halves fit 16 bits: weight = 2048 · high + low. A pair takes 16
// numbers: its two highs four times over, then its two lows four times over. An odd last weight is paired with 0.

/// Resamples rows of RGB. Target pixel `x` sums `2 · pair_counts[x]` pixels from `starts[x]` on; its pairs lie at
/// `pairs + 16 · pair_stride · x`. Pixels that a zero weight pairs with may lie past the end of a row; those of the last
/// row are not read past `source`'s end.
void siamese_resample_across(const uint8_t *source, size_t source_width, size_t row_count, uint8_t *target,
                             size_t target_width, const int32_t *starts, const int32_t *pair_counts,
                             const int16_t *pairs, size_t pair_stride);

/// Resamples columns of rows that are `row_width` bytes wide, whatever their channels.
void siamese_resample_down(const uint8_t *source, size_t row_width, size_t row_count, uint8_t *target,
                           size_t target_height, const int32_t *starts, const int32_t *pair_counts,
                           const int16_t *pairs, size_t pair_stride);
