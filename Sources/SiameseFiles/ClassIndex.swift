/// The distinct labels of some rows, in order, and each row's place among them: labels are strings in files, and indices
/// inside.
///
///     let index = ClassIndex(["b", "a", "b"])
///     index.classes     // ["a", "b"]
///     index.indices     // [1, 0, 1]
///     index["b"]        // 1
package struct ClassIndex<Label: Hashable & Sendable>: Sendable {
  /// The distinct labels, in order.
  package let classes: [Label]
  /// Each row's place in `classes`.
  package let indices: [Int]
  private let places: [Label: Int]

  /// The classes of `labels`, ascending.
  package init(_ labels: some Collection<Label>) where Label: Comparable { self.init(labels, by: <) }

  /// The classes of `labels`, in the order that `areInIncreasingOrder` gives.
  package init(_ labels: some Collection<Label>, by areInIncreasingOrder: (Label, Label) -> Bool) {
    self.init(labels, classes: Set(labels).sorted(by: areInIncreasingOrder))
  }

  /// The places of `labels` among `classes`, which names each of them once.
  package init(_ labels: some Collection<Label>, classes: [Label]) {
    self.classes = classes
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    self.places = places
    indices = labels.map { label in
      guard let place = places[label] else { preconditionFailure("a label that is none of the classes") }
      return place
    }
  }

  /// The place of a label in `classes`; nil where it is none of them.
  package subscript(label: Label) -> Int? { places[label] }
}
