// swift-tools-version: 6.1
import PackageDescription

// Every target's name begins with the project's: SwiftPM wants target names to be unique among all packages of a build, and
// users have rooms called Images or Reports of their own.
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
    // Floor 0: system libraries, and loops in C.
    .systemLibrary(name: "CSiameseHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CSiameseZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CSiameseCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CSiameseConvolutions"),
    .target(name: "CSiameseKernels"),
    .target(name: "CSiamesePixels"),
    .target(name: "CSiamesePNG", linkerSettings: [.linkedLibrary("png16")]),
    .target(name: "CSiameseTurboJPEG", linkerSettings: [.linkedLibrary("turbojpeg")]),
    .target(name: "CSiameseOneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

    // Floor 1: files, random numbers, and the primitives of oneDNN.
    .target(name: "SiameseFiles", dependencies: ["CSiameseCrypto"]),
    .target(name: "SiameseRandom"),
    .target(name: "SiameseOneDNN", dependencies: ["CSiameseOneDNN"]),

    // Floor 2: numbers, HDF5, pictures.
    .target(name: "SiameseTensors", dependencies: ["SiameseOneDNN", "SiameseRandom"]),
    .target(name: "SiameseHDF5", dependencies: ["CSiameseHDF5", "SiameseFiles"]),
    .target(
      name: "SiameseImages",
      dependencies: ["CSiamesePNG", "CSiamesePixels", "CSiameseTurboJPEG", "SiameseFiles", "SiameseRandom"]),

    // Floor 3: networks as values, figures, kernel machines, galleries, pages, drawn glyphs.
    .target(name: "SiameseGraph", dependencies: ["SiameseRandom", "SiameseTensors"]),
    .target(name: "SiameseSupportVectors", dependencies: ["CSiameseKernels", "SiameseFiles", "SiameseTensors"]),
    .target(name: "SiameseGallery", dependencies: ["SiameseTensors", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(name: "SiameseReports", dependencies: ["SiameseFiles", "SiameseTensors"]),
    .target(name: "SiameseGlyphs", dependencies: ["SiameseFiles", "SiameseImages", "SiameseRandom"]),
    .target(name: "SiameseEvaluation", dependencies: ["SiameseFiles", "SiameseTensors"]),

    // Floor 4: networks that run, Keras files.
    .target(
      name: "SiameseInference",
      dependencies: ["CSiameseConvolutions", "SiameseFiles", "SiameseGraph", "SiameseOneDNN", "SiameseTensors"]),
    .target(
      name: "SiameseKeras",
      dependencies: ["CSiameseZip", "SiameseFiles", "SiameseGraph", "SiameseHDF5", "SiameseImages", "SiameseTensors"]),

    // Floor 5: networks that learn.
    .target(
      name: "SiameseTraining", dependencies: ["SiameseGraph", "SiameseInference", "SiameseOneDNN", "SiameseTensors"]),

    // Floor 6: metric learning.
    .target(
      name: "SiameseMetricLearning",
      dependencies: [
        "SiameseEvaluation", "SiameseGraph", "SiameseHDF5", "SiameseInference", "SiameseTensors",
        "SiameseTraining",
      ]),

    // Floor 7: whole tasks.
    .target(
      name: "SiameseKit",
      dependencies: [
        "SiameseEvaluation", "SiameseFiles", "SiameseGallery", "SiameseGlyphs", "SiameseGraph", "SiameseHDF5",
        "SiameseImages", "SiameseInference", "SiameseKeras", "SiameseMetricLearning", "SiameseOneDNN",
        "SiameseReports", "SiameseSupportVectors", "SiameseTensors", "SiameseTraining",
      ]),

    // Floor 8: commands.
    .target(
      name: "SiameseCommands",
      dependencies: [
        "SiameseFiles", "SiameseKit", "SiameseSupportVectors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "siamese", dependencies: ["SiameseCommands"]),
    .executableTarget(name: "siamese-finetune", dependencies: ["SiameseCommands"]),

    // Examples, run by the tests.
    .executableTarget(
      name: "siamese-compare-pictures",
      dependencies: [
        "SiameseKit"
      ], path: "Examples/ComparePictures"),

    // Tests, one target a room, and what they share.
    .target(
      name: "SiameseTestSupport", dependencies: ["SiameseGraph", "SiameseTensors"], path: "Tests/SiameseTestSupport"),
    .executableTarget(
      name: "siamese-hostile-files", dependencies: ["SiameseHDF5", "SiameseKeras", "SiameseTensors"],
      path: "Tests/HostileFiles"),
    .executableTarget(
      name: "siamese-layer-levels",
      dependencies: [
        "SiameseGraph", "SiameseHDF5", "SiameseInference", "SiameseKeras", "SiameseOneDNN", "SiameseTensors",
      ],
      path: "Tests/LayerLevels"),
    .testTarget(name: "SiameseConvolutionsTests", dependencies: ["CSiameseConvolutions"]),
    .testTarget(name: "SiameseFilesTests", dependencies: ["SiameseFiles", "SiameseTestSupport"]),
    .testTarget(name: "SiameseRandomTests", dependencies: ["SiameseRandom"]),
    .testTarget(
      name: "SiameseOneDNNTests", dependencies: ["CSiameseConvolutions", "SiameseOneDNN", "SiameseTensors"]),
    .testTarget(name: "SiameseTensorsTests", dependencies: ["SiameseTensors"]),
    .testTarget(name: "SiameseHDF5Tests", dependencies: ["SiameseHDF5", "SiameseTestSupport"], exclude: ["Fixtures"]),
    .testTarget(
      name: "SiameseImagesTests",
      dependencies: [
        "SiameseFiles", "SiameseImages", "SiameseTestSupport",
      ], exclude: ["Fixtures"]),
    .testTarget(
      name: "SiameseGlyphsTests",
      dependencies: [
        "SiameseGlyphs", "SiameseImages", "SiameseTestSupport",
      ], exclude: ["Fixtures"]),
    .testTarget(name: "SiameseGraphTests", dependencies: ["SiameseGraph", "SiameseTensors", "SiameseTestSupport"]),
    .testTarget(
      name: "SiameseSupportVectorsTests", dependencies: ["SiameseSupportVectors", "SiameseTensors"],
      exclude: ["Fixtures"]),
    .testTarget(name: "SiameseGalleryTests", dependencies: ["SiameseGallery", "SiameseTensors"]),
    .testTarget(
      name: "SiameseEvaluationTests",
      dependencies: [
        "SiameseEvaluation", "SiameseFiles", "SiameseTensors",
      ], exclude: ["Fixtures"]),
    .testTarget(name: "SiameseReportsTests", dependencies: ["SiameseReports", "SiameseTensors"]),
    .testTarget(
      name: "SiameseInferenceTests",
      dependencies: [
        "SiameseFiles", "SiameseGraph", "SiameseInference", "SiameseTensors", "SiameseTestSupport",
      ]),
    .testTarget(
      name: "SiameseKerasTests",
      dependencies: [
        "SiameseGraph", "SiameseHDF5", "SiameseImages", "SiameseInference", "SiameseKeras", "SiameseOneDNN",
        "SiameseTensors",
        "SiameseTestSupport", "SiameseTraining", "siamese-hostile-files", "siamese-layer-levels",
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "SiameseTrainingTests",
      dependencies: [
        "SiameseGraph", "SiameseInference", "SiameseOneDNN", "SiameseTensors", "SiameseTestSupport",
        "SiameseTraining",
      ]),
    .testTarget(
      name: "SiameseMetricLearningTests",
      dependencies: [
        "SiameseEvaluation", "SiameseGraph", "SiameseMetricLearning", "SiameseTensors", "SiameseTestSupport",
        "SiameseTraining",
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "SiameseKitTests",
      dependencies: [
        "SiameseFiles", "SiameseGraph", "SiameseHDF5", "SiameseImages", "SiameseKeras", "SiameseKit",
        "SiameseMetricLearning", "SiameseSupportVectors", "SiameseTensors", "SiameseTestSupport",
      ]),
    .testTarget(
      name: "SiameseCommandsTests",
      dependencies: [
        "SiameseCommands", "SiameseGraph", "SiameseKit", "SiameseTensors", "SiameseTestSupport", "siamese",
        "siamese-compare-pictures", "siamese-finetune",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // What keeps the house in order: it reads the checkout and builds nothing of it.
    .testTarget(name: "SiameseStructureTests"),
  ],
  swiftLanguageModes: [.v6]
)

// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("ExistentialAny")]
}

// `Tests/room.sh Inference` builds that room's tests alone.
if let room = Context.environment["SIAMESE_ROOM"] {
  package.targets.removeAll { $0.type == .test && $0.name != "Siamese\(room)Tests" }
}
