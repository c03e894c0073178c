// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "siamese",
  products: [
    .library(name: "SiameseKit", targets: ["SiameseKit"]),
    .executable(name: "siamese", targets: ["siamese"]),
    .executable(name: "siamese-finetune", targets: ["siamese-finetune"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // Floor 0: system libraries.
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CConvolutions"),
    .target(name: "CKernels"),
    .target(name: "CPixels"),
    .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16")]),
    .target(name: "CTurboJPEG", linkerSettings: [.linkedLibrary("turbojpeg")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

    // Floor 1: numbers, files, pictures.
    .target(name: "SiameseFiles"),
    .target(name: "Tensors", dependencies: ["COneDNN"]),
    .target(name: "HDF5", dependencies: ["CHDF5"]),
    .target(name: "Images", dependencies: ["SiameseFiles", "CPixels", "CPNG", "CTurboJPEG"]),

    // Floor 2: networks, kernel machines, galleries, pages.
    .target(name: "Networks", dependencies: ["SiameseFiles", "Tensors", "COneDNN", "CConvolutions"]),
    .target(name: "SupportVectors", dependencies: ["Tensors", "CKernels"]),
    .target(name: "Gallery", dependencies: ["Tensors", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(name: "Reports", dependencies: ["Tensors"]),

    // Floor 3: Keras files, metric learning.
    .target(name: "Keras", dependencies: ["HDF5", "Networks", "Tensors", "Images", "CZip"]),
    .target(name: "MetricLearning", dependencies: ["Networks", "Tensors", "HDF5"]),

    // Floor 4: whole tasks.
    .target(
      name: "SiameseKit",
      dependencies: [
        "Keras", "MetricLearning", "SupportVectors", "Gallery", "Reports", "Networks", "Tensors", "HDF5", "Images",
        "CCrypto", "SiameseFiles",
      ]),

    // Floor 5: commands.
    .target(
      name: "SiameseCommands",
      dependencies: ["CKernels", "SiameseFiles", "SiameseKit", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(name: "siamese", dependencies: ["SiameseCommands"]),
    .executableTarget(name: "siamese-finetune", dependencies: ["SiameseCommands"]),

    // Examples, run by the tests.
    .executableTarget(name: "compare-pictures", dependencies: ["SiameseKit"], path: "Examples/ComparePictures"),

    // Tests, one target a room.
    .executableTarget(name: "hostile-files", dependencies: ["Keras", "HDF5", "Tensors"], path: "Tests/HostileFiles"),
    .testTarget(name: "SiameseFilesTests", dependencies: ["SiameseFiles"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(name: "HDF5Tests", dependencies: ["HDF5"], exclude: ["Fixtures"]),
    .testTarget(name: "ImagesTests", dependencies: ["SiameseFiles", "Images"], exclude: ["Fixtures"]),
    .testTarget(name: "NetworksTests", dependencies: ["SiameseFiles", "Networks", "Tensors", "CConvolutions"]),
    .testTarget(name: "SupportVectorsTests", dependencies: ["SupportVectors", "Tensors"], exclude: ["Fixtures"]),
    .testTarget(name: "GalleryTests", dependencies: ["Gallery", "Tensors"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Tensors"]),
    .testTarget(
      name: "KerasTests", dependencies: ["Keras", "HDF5", "Networks", "Images", "Tensors", "hostile-files"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "MetricLearningTests", dependencies: ["MetricLearning", "Networks", "Tensors"], exclude: ["Fixtures"]),
    .testTarget(name: "SiameseKitTests", dependencies: ["SiameseFiles", "SiameseKit", "Keras", "MetricLearning", "SupportVectors", "Networks", "Tensors", "HDF5", "Images"]),
    .testTarget(
      name: "SiameseCommandsTests",
      dependencies: ["SiameseCommands", "SiameseKit", "Tensors", "siamese", "siamese-finetune", "compare-pictures"]),
  ],
  swiftLanguageModes: [.v6]
)

// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("ExistentialAny")]
}
