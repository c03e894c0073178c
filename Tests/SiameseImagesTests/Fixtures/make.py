"""Makes the pictures in this folder and what Pillow makes of them. Needs Pillow and NumPy:

    python make.py

Golden pictures are `<name>.golden.ppm`: Pillow's own `convert("RGB")` (after `exif_transpose`), and
`resize-<mode>-<filter>-<width>x<height>.p?m`: Pillow's own `resize` of `source.png`. Figures that Pillow has no
reading of (16-bit grey, PGM with other maxima) are stated by the tests instead.
"""
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def scene(width, height):
    """Smooth colour, a hard edge, a thin line, and a little texture."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    r = 127 + 127 * np.sin(x / 5.0) * np.cos(y / 7.0)
    g = 255 * (x + y) / (width + height)
    b = np.where(x > y, 230, 20) + 10 * ((x.astype(int) + y.astype(int)) % 2)
    picture = np.stack([r, g, b], -1)
    picture[height // 3] = [255, 0, 0]
    picture[:, width // 4] = [0, 0, 0]
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def golden(name):
    picture = ImageOps.exif_transpose(Image.open(path(name))).convert("RGB")
    picture.save(path(os.path.splitext(name)[0] + ".golden.ppm"))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, depth, colour, rows, extra=b"", interlaced=False):
    """A PNG written by hand, for kinds that Pillow does not write. `rows`: bytes, unfiltered."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    with open(path(name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9))
                   + chunk(b"IEND", b""))


def interlaced_rows(pixels):
    """Adam7: the seven passes' rows, filter type 0."""
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        part = pixels[y0::dy, x0::dx]
        if part.size:
            for row in part:
                rows += b"\0" + row.tobytes()
    return rows


# PNG of every kind.
small = scene(19, 13)
small.save(path("rgb.png"))
small.convert("L").save(path("grey.png"))
small.convert("1").save(path("bits.png"))
small.quantize(7).save(path("palette.png"), bits=4)
alpha = Image.fromarray((np.arange(19 * 13).reshape(13, 19) % 256).astype(np.uint8))
rgba = small.copy()
rgba.putalpha(alpha)
rgba.save(path("rgba.png"))
grey_alpha = small.convert("L")
grey_alpha.putalpha(alpha)
grey_alpha.save(path("grey-alpha.png"))
palette_alpha = small.quantize(9)
palette_alpha.save(path("palette-alpha.png"), transparency=bytes([0, 128, 255]))
array = np.asarray(small)
png("interlaced.png", 19, 13, 8, 2, interlaced_rows(array), interlaced=True)
wide = array.astype(np.uint16) * 256 + 77
png("rgb16.png", 19, 13, 16, 2, b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide))
quarters = (np.arange(19 * 13).reshape(13, 19) % 4).astype(np.uint8)
rows = b""
for row in quarters:
    padded = np.concatenate([row, [0]]).reshape(-1, 4)
    rows += b"\0" + bytes(int(a) << 6 | int(b) << 4 | int(c) << 2 | int(d) for a, b, c, d in padded)
png("grey2.png", 19, 13, 2, 0, rows)
png("rgb-transparent.png", 19, 13, 8, 2, b"".join(b"\0" + row.tobytes() for row in array),
    extra=chunk(b"tRNS", struct.pack(">HHH", 255, 0, 0)))
for name in ["rgb", "grey", "bits", "palette", "rgba", "grey-alpha", "palette-alpha", "interlaced", "rgb16", "grey2",
             "rgb-transparent"]:
    golden(name + ".png")
# 16-bit grey: sample i is 257 · i + 5, so the upper byte is i.
ramp = (np.arange(12) * 20).astype(np.uint16)
png("grey16.png", 12, 1, 16, 0, b"\0" + (ramp * 256 + 199).astype(">u2").tobytes())
exif = Image.Exif()
exif[0x0112] = 6
small.save(path("turned.png"), exif=exif)
golden("turned.png")

# JPEG: kinds and orientations.
photo = scene(37, 29)
photo.save(path("colour.jpg"), quality=90)
photo.save(path("colour444.jpg"), quality=90, subsampling=0)
photo.save(path("progressive.jpg"), quality=80, progressive=True)
photo.convert("L").save(path("grey.jpg"), quality=90)
photo.convert("CMYK").save(path("cmyk.jpg"), quality=95)
os.replace(path("grey.jpg"), path("greyscale.jpg"))
for name in ["colour", "colour444", "progressive", "greyscale", "cmyk"]:
    golden(name + ".jpg")
for value in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = value
    small.save(path(f"turned{value}.jpg"), quality=95, subsampling=0, exif=exif)
    golden(f"turned{value}.jpg")

# Resizing.
source = scene(61, 43)
source.save(path("source.png"))
filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4}
for name, value in filters.items():
    for width, height in [(16, 11), (61, 20), (97, 70), (7, 90), (1, 1)]:
        resized = source.resize((width, height), value)
        resized.save(path(f"resize-rgb-{name}-{width}x{height}.png"), optimize=True)
        resized = source.convert("L").resize((width, height), value)
        resized.save(path(f"resize-grey-{name}-{width}x{height}.png"), optimize=True)
