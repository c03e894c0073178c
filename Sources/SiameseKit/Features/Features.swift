import Foundation
import SiameseFiles
import SiameseTensors

/// Embeddings of pictures, with where they came from: what `siamese embed` writes and the kernel machine reads.
///
/// Row `i` of `embeddings` belongs to `labels[i]` and `paths[i]`. Rows are in path order when a folder was embedded.
public struct Features: Sendable, Equatable {
  /// `[N, D]`.
  public var embeddings: Tensor
  /// The class of each row; empty where it is not known.
  public var labels: [String]
  /// The picture of each row, as it was given; empty where it is not known.
  public var paths: [String]
  /// How the rows were made: `model`, `layer`, `distance`. Kept by `.h5` files only.
  public var attributes: [String: String]

  /// Embeddings `[N, D]` with a label and a path for each row.
  public init(embeddings: Tensor, labels: [String], paths: [String], attributes: [String: String] = [:]) {
    precondition(embeddings.shape.count == 2, "embeddings are a matrix of one row a picture")
    precondition(labels.count == embeddings.rowCount && paths.count == embeddings.rowCount, "one label and path a row")
    self.embeddings = embeddings
    self.labels = labels
    self.paths = paths
    self.attributes = attributes
  }

  /// The number of rows.
  public var count: Int { embeddings.rowCount }

  /// The number of columns.
  public var width: Int { embeddings.rowWidth }

  /// The rows at `indices`, in that order.
  public func selecting(_ indices: [Int]) -> Features {
    Features(
      embeddings: embeddings.gatheringRows(indices), labels: indices.map { labels[$0] },
      paths: indices.map { paths[$0] },
      attributes: attributes)
  }

  /// The distinct labels in order, and each row's place among them.
  package func indexedLabels() -> (classes: [String], indices: [Int]) {
    let index = ClassIndex(labels)
    return (index.classes, index.indices)
  }
}

extension Features {
  /// Reads a features file; its extension says which kind: `.h5`, `.npy`, `.csv` or `.libsvm`.
  /// - Throws: `TaskError` naming the file, what was expected and what was found.
  public init(contentsOf path: String) throws {
    let format = try FeatureFormat(path: path)
    guard FileManager.default.fileExists(atPath: path) else {
      throw TaskError(.missingInput, "\(path): there is no such features file")
    }
    switch format {
    case .hdf5: self = try Features(hdf5: path)
    case .npy: self = try Features(npy: path)
    case .csv: self = try Features(csv: path)
    case .libsvm: self = try Features(libsvm: path)
    }
  }
}

/// The kinds of features file, by extension.
public enum FeatureFormat: String, Sendable, CaseIterable {
  case hdf5, npy, csv, libsvm

  /// - Throws: `TaskError` where the extension names none of them.
  public init(path: String) throws {
    switch path.pathExtension {
    case "h5", "hdf5": self = .hdf5
    case "npy": self = .npy
    case "csv": self = .csv
    case "libsvm", "svm": self = .libsvm
    case let other:
      throw TaskError(
        .wrongArguments,
        "\(path): a features file ends in .h5, .npy, .csv or .libsvm, not in '.\(other)'; choose one of these")
    }
  }
}
