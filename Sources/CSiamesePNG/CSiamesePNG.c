#include "CSiamesePNG.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct siamese_png {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, offset;
};

static void fail(png_structp png, png_const_charp reason) {
  char *message = png_get_error_ptr(png);
  if (message) snprintf(message, 200, "%s", reason);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

static void take(png_structp png, png_bytep into, size_t count) {
  siamese_png *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->offset) png_error(png, "the file ends too early");
  memcpy(into, reader->bytes + reader->offset, count);
  reader->offset += count;
}

int siamese_png_open(siamese_png **result, const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height,
                     char *message) {
  siamese_png *reader = *result = calloc(1, sizeof(siamese_png));
  snprintf(message, 200, "not enough memory");
  if (!reader) return 1;
  reader->bytes = bytes;
  reader->count = count;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  if (!reader->png || !(reader->info = png_create_info_struct(reader->png))) return 1;
  if (setjmp(png_jmpbuf(reader->png))) return 1;
  png_set_read_fn(reader->png, reader, take);
  png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(reader->png, reader->info);
  *width = png_get_image_width(reader->png, reader->info);
  *height = png_get_image_height(reader->png, reader->info);
  return 0;
}

int siamese_png_read(siamese_png *reader, uint8_t *rgb, const uint8_t **exif, size_t *exif_count, char *message) {
  png_structp png = reader->png;
  png_infop info = reader->info;
  *exif = NULL;
  *exif_count = 0;
  png_set_error_fn(png, message, fail, ignore);
  if (setjmp(png_jmpbuf(png))) return 1;
  png_set_strip_16(png);
  png_set_palette_to_rgb(png);
  if (!(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR)) {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  png_set_strip_alpha(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t stride = (size_t)png_get_image_width(png, info) * 3;
  if (png_get_rowbytes(png, info) != stride) png_error(png, "pixels of an unexpected kind");
  png_uint_32 height = png_get_image_height(png, info);
  for (int pass = 0; pass < passes; pass++)
    for (png_uint_32 y = 0; y < height; y++) png_read_row(png, rgb + y * stride, NULL);
  png_read_end(png, info);
  png_uint_32 count = 0;
  png_bytep block = NULL;
  if (png_get_eXIf_1(png, info, &count, &block)) {
    *exif = block;
    *exif_count = count;
  }
  return 0;
}

void siamese_png_close(siamese_png *reader) {
  if (!reader) return;
  if (reader->png) png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}

struct sink {
  uint8_t *bytes;
  size_t count, capacity;
};

static void put(png_structp png, png_bytep from, size_t count) {
  struct sink *sink = png_get_io_ptr(png);
  if (sink->count + count > sink->capacity) {
    size_t capacity = (sink->count + count) * 2;
    uint8_t *bytes = realloc(sink->bytes, capacity);
    if (!bytes) png_error(png, "not enough memory");
    sink->bytes = bytes;
    sink->capacity = capacity;
  }
  memcpy(sink->bytes + sink->count, from, count);
  sink->count += count;
}

static void flush(png_structp png) { (void)png; }

int siamese_png_write(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **bytes,
                      size_t *count, char *message) {
  struct sink *sink = calloc(1, sizeof(struct sink));
  snprintf(message, 200, "not enough memory");
  if (!sink) return 1;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(sink->bytes);
    free(sink);
    return 1;
  }
  png_set_write_fn(png, sink, put, flush);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, width, height, 8, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * channels);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *bytes = sink->bytes;
  *count = sink->count;
  free(sink);
  return 0;
}
