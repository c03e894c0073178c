@testable import SiameseInference

/// A plan's options with our own loops wherever they can compute a layer, so that they are tested on every processor.
func ownLoops(
  _ precision: Precision = .float32, threads: Int = 1, mapOrder: PlanOptions.MapOrder? = nil
) -> PlanOptions {
  var options = PlanOptions(precision: precision, threads: threads, mapOrder: mapOrder)
  options.ownLoops = .whereverPossible
  return options
}
