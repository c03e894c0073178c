"""Makes the HDF5 fixtures beside this script. Needs h5py and numpy: python make.py"""
import os
import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def ramp(shape, dtype):
    return (np.arange(np.prod(shape)).reshape(shape) % 50 - 10).astype(dtype)


def save(name, fill, **options):
    with h5py.File(os.path.join(here, name), "w", **options) as file:
        fill(file)


def numbers(file):
    """Every width, sign and byte order; each data set counts -10, -9, ... row by row."""
    for dtype in ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8"]:
        file[f"numbers/{dtype[1:]}{'le' if dtype[0] == '<' else 'be'}"] = ramp((3, 4), dtype)
    for dtype in ["u1", "<u2", ">u4", "<u8"]:
        file[f"numbers/{dtype.strip('<>')}"] = (ramp((3, 4), "i8") + 10).astype(dtype)
    bfloat = h5py.h5t.IEEE_F32LE.copy()
    bfloat.set_fields(15, 7, 8, 0, 7)
    bfloat.set_size(2)
    bfloat.set_ebias(127)
    space = h5py.h5s.create_simple((3, 4))
    data = h5py.h5d.create(file["numbers"].id, b"bfloat16", bfloat, space)
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, (ramp((3, 4), "f4").view("u4") >> 16).astype("u2"), mtype=bfloat)
    opaque = file["numbers"].create_dataset("opaque", data=(ramp((3, 4), "f4").view("u4") >> 16).astype("u2").view("V2"))
    opaque.attrs["dtype"] = "bfloat16"
    file["numbers/bool"] = np.array([True, False, True])
    file["numbers/scalar"] = np.float32(-10)
    file["numbers/empty"] = np.zeros((0, 4), "f4")


def storage(file):
    """The same 40 x 30 numbers in every storage."""
    data = ramp((40, 30), "<f4")
    file.create_dataset("contiguous", data=data)
    file.create_dataset("chunked", data=data, chunks=(16, 7))
    file.create_dataset("gzip", data=data, chunks=(16, 7), compression="gzip")
    file.create_dataset("shuffle", data=data, chunks=(16, 7), compression="gzip", shuffle=True)
    file.create_dataset("checksum", data=data, chunks=(16, 7), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("half", data=data.astype("<f2"), chunks=(40, 30), compression="gzip")
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((40, 30)), plist)
    compact.write(h5py.h5s.ALL, h5py.h5s.ALL, data)


def strings(file):
    """Strings of every kind, in data sets and attributes, and numbered parts of a long attribute."""
    words = ["one", "two", "zwölf", ""]
    file["fixed"] = np.array([w.encode() for w in words])
    file.create_dataset("variable", data=words, dtype=h5py.string_dtype())
    file.create_dataset("ascii", data=["one", "two"], dtype=h5py.string_dtype("ascii"))
    file.create_dataset("scalar", data="alone")
    file.attrs["fixed"] = np.array([w.encode() for w in words])
    file.attrs.create("variable", words, dtype=h5py.string_dtype())
    file.attrs["scalar"] = "zwölf"
    file.attrs["bytes"] = b"alone"
    file.attrs["numpy"] = np.bytes_("alone")
    file.attrs["none"] = np.array([])
    file.attrs["integer"] = 42
    file.attrs["integers"] = np.array([1, -2, 3], "i2")
    file.attrs["floats"] = np.array([0.5, -2.5])
    file.attrs["bool"] = True
    for part in range(3):
        file.attrs[f"names{part}"] = np.array([f"{part}.{i}".encode() for i in range(12)])


def groups(file):
    """Groups of both makes, one with more members than fit a compact one, and soft links."""
    many = file.create_group("many")
    for index in range(40):
        many[f"entry_{index}"] = np.float32(index)
    tracked = file.create_group("tracked", track_order=True)
    for name in ["zebra", "ant", "mole"]:
        tracked[name] = np.float32(1)
    dense = file.create_group("dense", track_order=True)
    for index in reversed(range(40)):
        dense[f"entry_{index}"] = np.float32(index)
    attributes = file.create_group("attributes", track_order=True)
    for index in range(20):
        attributes.attrs[f"attribute_{index}"] = index
    file["soft"] = h5py.SoftLink("/many/entry_7")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["a/b/c"] = np.float32(3)


save("numbers.h5", numbers)
save("storage.h5", storage)
save("strings.h5", strings)
save("groups.h5", groups)
save("userblock.h5", lambda file: file.create_dataset("x", data=ramp((2, 3), "f4")), userblock_size=512)
save("latest.h5", lambda file: file.create_dataset("a/x", data=ramp((2, 3), "f4")), libver="latest")
save("newer.h5", lambda file: (groups(file), storage(file), strings(file)), libver=("v108", "v108"))
save("external-link.h5", lambda file: file.__setitem__("out", h5py.ExternalLink("/etc/hostname", "/x")))
