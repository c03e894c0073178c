import SiameseTensors
import SiameseTraining

/// The weights that a run keeps, by path: the network's, and those of proxies or joint layers.
struct KeptWeights: Sendable, Equatable {
  var weights: [String: Tensor]
  var criterion: [String: Tensor]
}

/// Everything that steps change, as it was after `step`: what a run goes back to when training has collapsed.
///
/// The moving average is part of it: it would otherwise keep what it took in from the steps that are thrown away.
struct RestorePoint: Sendable, Equatable {
  var step: Int
  var kept: KeptWeights
  var optimizer: [String: Tensor]
  var average: WeightAverage?
}

extension FineTuning {
  /// What validation looks at and a run keeps: the moving average where there is one, else the weights themselves.
  var currentWeights: [String: Tensor] {
    if let average, average.stepCount > 0 { return average.arrays }
    return parameters.state
  }

  private var current: KeptWeights { KeptWeights(weights: currentWeights, criterion: criterion.state) }

  func restorePoint() -> RestorePoint {
    RestorePoint(
      step: progress.step, kept: KeptWeights(weights: parameters.state, criterion: criterion.state),
      optimizer: optimizer.arrays, average: average)
  }

  private func figure() throws -> Double? {
    var store = parameters.store
    for (path, tensor) in currentWeights { store.set(path, tensor) }
    return try validate?(store)
  }

  func validateStart() throws {
    guard let figure = try figure() else { return }
    (progress.startFigure, progress.bestFigure, progress.bestStep) = (figure, figure, 0)
    best = current
  }

  func validateStep(_ record: inout StepRecord) throws {
    guard let figure = try figure() else { return }
    record.validation = figure
    // Written so that a figure that is NaN is never the best.
    let isBest = figure < progress.bestFigure ?? .infinity
    record.isBest = isBest
    if isBest {
      (progress.bestFigure, progress.bestStep, progress.validationsSinceBest) = (figure, progress.step, 0)
      best = current
    } else {
      progress.validationsSinceBest += 1
      if let patience = options.patience, progress.validationsSinceBest >= patience { ending = .noImprovement }
    }
  }

  /// Does what the options ask for after a verdict of the collapse watch, and says so.
  func react(to verdict: CollapseWatch.Verdict) throws -> String {
    let message = verdict.message
    switch options.onCollapse {
    case .restart where progress.restartCount < options.restartLimit:
      let place = goBack()
      progress.restartCount += 1
      progress.rateFactor *= 0.3
      progress.watch.reset()
      return message + ". \(place) and lowered the learning rate to 30 %"
    case .warn where verdict != .diverged:
      progress.watch.reset()
      return message
    default:
      ending = .collapsed(message)
      return message
    }
  }

  /// Takes the run back to its last good state, and says which that was.
  private func goBack() -> String {
    guard let good else { return "There is no earlier state to go back to: went on from here" }
    parameters.state = good.kept.weights
    criterion.state = good.kept.criterion
    optimizer.arrays = good.optimizer
    average = good.average
    return good.step == 0 ? "Went back to the start" : "Went back to the last good state, that after step \(good.step),"
  }
}
