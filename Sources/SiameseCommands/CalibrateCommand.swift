import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Find thresholds and probabilities on pictures of your own, and store them in the model.",
    discussion: """
      The model is written anew with what was found, by default in its own place.

      Compares pairs of your pictures with the model's own distance, finds the threshold at each false-accept rate asked, \
      with a 95 % interval over people drawn with replacement, and fits two maps from distance to probability, logistic \
      and isotonic; the one with the smaller calibration error on people it was not fitted on is used. verify and \
      identify then use the strictest threshold and print the probability.

      A rate needs at least 3 / rate pairs of different classes; with fewer the command refuses and says how many more \
      are needed.

      EXAMPLES
        siamese calibrate --model faces.h5 --data people
        siamese calibrate --model faces.h5 --data people --far 1e-2 1e-3
        siamese calibrate --model faces.h5 --data lfw --pairs pairs.txt
      """)

  @OptionGroup var network: ModelOptions

  @Option(
    help: ArgumentHelp("A folder of pictures, one folder a class; or a .csv list of identity,path.", valueName: "dir"))
  var data: String

  @Option(parsing: .upToNextOption, help: ArgumentHelp("False-accept rates to find thresholds for.", valueName: "rate"))
  var far: [Double] = [1e-3]

  @Option(help: ArgumentHelp("Use only these pairs, as LFW's pairs.txt.", valueName: "pairs.txt"))
  var pairs: String?

  @Option(help: ArgumentHelp("Write elsewhere and leave the model as it is.", valueName: "model.h5"))
  var output: String?

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  @Option(help: ArgumentHelp("Draws the bootstrap rounds.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup var figures: FigureOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    for rate in far where !(rate > 0 && rate < 1) {
      throw ValidationError("--far must be above 0 and below 1, found \(rate).")
    }
    if let output, output.pathExtension != "h5" {
      throw ValidationError("--output must end in .h5, the format that keeps thresholds, found '\(output)'.")
    }
  }

  func run() throws {
    let target = output ?? network.model
    try requireWritable(
      [Output(output == nil ? "--model" : "--output", target), figures.output], inputs: [data, pairs])
    var model = try network.open()
    let list = try labelledPictures(data)
    let protocolPairs = try pairs.map { try FacePairs(contentsOf: $0) }
    let bar = ProgressBar()
    let (features, skipped) = try model.embedder(options: compute.embedding).embed(
      list, strict: strict, progress: bar.update)
    bar.finish()
    report(skipped)
    let evaluator = try Evaluator(features, distance: model.distance, seed: seed, threads: compute.threads)
    let found = try evaluator.calibration(rates: far, pairs: protocolPairs)
    model.record.calibration = found
    try model.write(to: target)
    try figures.publish(found) {
      var rows = [
        (
          "pairs",
          "\(grouped(found.samePairs)) of one class, \(grouped(found.differentPairs)) of two, by \(found.distance)"
        ),
        (
          "equal-error rate",
          percent(found.equalErrorRate) + String(format: " at threshold %.4f", found.equalErrorThreshold)
        ),
      ]
      for threshold in found.thresholds {
        let interval = threshold.thresholdInterval.map { String(format: " (%.4f … %.4f)", $0.low, $0.high) } ?? ""
        rows.append(
          (
            "FAR \(rateText(threshold.falseAcceptRate))",
            String(format: "threshold %.4f", threshold.threshold) + interval
              + ", TAR \(percent(threshold.trueAcceptRate))\(percent(threshold.trueAcceptInterval))"
          ))
      }
      rows.append(
        ("calibration error", "logistic \(percent(found.logisticError)), isotonic \(percent(found.isotonicError))"))
      rows.append(("stored in", target))
      return table(rows)
    }
  }
}
