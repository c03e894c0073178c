#pragma once
#include <stddef.h>
#include <stdint.h>

// libpng reports errors by longjmp, which Swift cannot cross. Each function below holds one setjmp and returns 0 when
// libpng was content; otherwise `message` (of at least 200 bytes) says why not.

/// A PNG file in memory, opened for reading; the bytes must outlive it.
typedef struct siamese_png siamese_png;

/// Reads up to the first picture data. Sets `*reader` even on failure, NULL only when memory is short.
int siamese_png_open(siamese_png **reader, const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height,
                     char *message);

/// Decodes to 8-bit RGB rows without gaps: palettes and bits expanded, grey repeated, alpha dropped, of 16 bits the
/// upper 8. `*exif` is the file's Exif block, owned by the reader, or NULL.
int siamese_png_read(siamese_png *reader, uint8_t *rgb, const uint8_t **exif, size_t *exif_count, char *message);

/// Frees the reader.
void siamese_png_close(siamese_png *reader);

/// Encodes 8-bit rows without gaps of one channel (grey) or three (RGB). `*bytes` is to be freed with `free`.
int siamese_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **bytes,
                      size_t *count, char *message);
