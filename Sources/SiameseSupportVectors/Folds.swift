import SiameseTensors

/// Which rows are held out together.
///
/// Stratified by class: every fold has its share of every class. Grouped: rows of one group are never on both sides.
func foldAssignment(count: Int, foldCount: Int, classes: [Int]?, groups: [String]?, seed: UInt64) -> [Int] {
  var generator = SeededGenerator(seed: seed).stream(11)
  var folds = [Int](repeating: 0, count: count)
  guard let groups else {
    var byClass = [Int: [Int]]()
    for row in 0..<count { byClass[classes?[row] ?? 0, default: []].append(row) }
    var next = 0
    for key in byClass.keys.sorted() {
      for row in (byClass[key] ?? []).shuffled(using: &generator) {
        folds[row] = next % foldCount
        next += 1
      }
    }
    return folds
  }
  // Whole groups, the largest first, each to the fold where classes stay closest to their shares.
  let classCount = (classes?.max() ?? 0) + 1
  var rowsOf = [String: [Int]]()
  for row in 0..<count { rowsOf[groups[row], default: []].append(row) }
  var names = rowsOf.keys.sorted()
  names.shuffle(using: &generator)
  names.sort { (rowsOf[$0]?.count ?? 0) > (rowsOf[$1]?.count ?? 0) }
  var filled = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: foldCount)
  for name in names {
    let rows = rowsOf[name] ?? []
    var own = [Int](repeating: 0, count: classCount)
    for row in rows { own[classes?[row] ?? 0] += 1 }
    func cost(_ fold: Int) -> Int {
      own.indices.reduce(0) { $0 + own[$1] * (2 * filled[fold][$1] + own[$1]) }
    }
    let fold = (0..<foldCount).min { (cost($0), filled[$0].reduce(0, +), $0) < (cost($1), filled[$1].reduce(0, +), $1) }
    for row in rows { folds[row] = fold ?? 0 }
    for index in own.indices { filled[fold ?? 0][index] += own[index] }
  }
  return folds
}
