import ArgumentParser
import SiameseKit

/// How to train: what `FineTuningRecipe` holds, as options.
struct TrainingOptionGroup: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The head: wccn, lda, pca, linear, mlp or none, with widths and settings, as wccn:128 or mlp:256,64,dropout=0.1; by default wccn, from scratch none.",
      valueName: "head"))
  var head: String?

  @Option(help: ArgumentHelp("Where a linear head starts: wccn, lda, pca or orthogonal.", valueName: "start"))
  var headInit: String?

  @Option(
    help: ArgumentHelp(
      "What training may move: none, head, a number of layers, 'stage NAME', or all; by default head, from scratch all.",
      valueName: "what"))
  var unfreeze: String?

  @Option(
    help: ArgumentHelp(
      "The loss: triplet:MARGIN, triplet:soft, contrastive, multi-similarity, arcface and others, summed with +; by default triplet:soft.",
      valueName: "loss"))
  var loss: String?

  @Option(
    help: ArgumentHelp(
      "Joint layers that compare two embeddings: absdiff, product, concat, or several, then dense widths down to 1, as 'absdiff,product:64,1'. --loss is their target: pair-bce (the default then), triplet:soft or triplet:MARGIN.",
      valueName: "layers"))
  var joint: String?

  @Option(
    help: ArgumentHelp(
      "Which pairs or triplets of a batch count: batch-hard, batch-all, semi-hard, …; by default what suits the loss.",
      valueName: "miner"))
  var miner: String?

  @Option(
    help: ArgumentHelp(
      "How the losses of many pairs or triplets become one: mean, mean-of-active or sum; by default as the loss's paper does.",
      valueName: "name"))
  var reducer: String?

  @Option(
    help: ArgumentHelp(
      "The measure of training, thresholds and search: cosine, angle, l2, squared-l2, l1, dot, rbf.",
      valueName: "distance"))
  var distance = "cosine"

  @Option(help: ArgumentHelp("Steps of training.", valueName: "n"))
  var steps = 300

  @Option(help: ArgumentHelp("Classes in a batch, P.", valueName: "p"))
  var classesPerBatch = 8

  @Option(help: ArgumentHelp("Pictures of each class in a batch, K.", valueName: "k"))
  var picturesPerClass = 4

  @Option(
    help: ArgumentHelp(
      "The head's learning rate; by default 1e-4 from a closed form and 1e-3 from a random start.", valueName: "rate"))
  var rate: Float?

  @Option(
    help: ArgumentHelp(
      "The backbone's learning rate, as a share of the head's; by default 0.1, from scratch 1.", valueName: "share"))
  var backboneRate: Float?

  @Option(
    help: ArgumentHelp(
      "The learning rate of joint layers and of a loss's proxies, as a share of the head's; by default 10 for joint layers, else 1.",
      valueName: "share"))
  var lossRate: Float?

  @Option(help: ArgumentHelp("adam, adamw, sgd, nesterov or rmsprop.", valueName: "name"))
  var optimizer = "adam"

  @Option(help: ArgumentHelp("constant, cosine, one-cycle or decay-from:STEP.", valueName: "name"))
  var schedule = "cosine"

  @Option(help: ArgumentHelp("Steps over which the learning rate rises to its peak.", valueName: "n"))
  var warmUp = 0

  @Option(help: ArgumentHelp("Decoupled or L2 weight decay.", valueName: "rate"))
  var weightDecay: Float = 0

  @Option(
    help: ArgumentHelp(
      "Each backbone layer's learning rate as a share of the next one's, counted from the head.", valueName: "share"))
  var layerDecay: Float = 1

  @Option(
    help: ArgumentHelp(
      "Let a further quarter of the unfrozen backbone move every so many steps; 0 moves all at once.",
      valueName: "steps"))
  var gradual = 0

  @Option(help: ArgumentHelp("Shorten longer gradients to this length.", valueName: "length"))
  var clip: Float?

  @Option(help: ArgumentHelp("Keep a moving average of the weights with this decay, and use that.", valueName: "decay"))
  var average: Float?

  @Option(
    help: ArgumentHelp(
      "Batch normalisation in the backbone: frozen, batch or statisticsOnly; by default frozen, from scratch batch.",
      valueName: "mode"))
  var batchNorm: String?

  @Option(
    help: ArgumentHelp(
      "Compute so many pictures of a batch at a time, with the same gradient and less memory.", valueName: "n"))
  var chunk: Int?

  @Option(
    help: ArgumentHelp(
      "Recomputation: keep activations only where the network is cut into so many parts, and compute the others again in the backward pass: less memory, a forward pass more.",
      valueName: "parts"))
  var recompute: Int?

  @Option(help: ArgumentHelp("Stop after so many validations without a better figure.", valueName: "n"))
  var patience: Int?

  @Option(
    help: ArgumentHelp(
      "When embeddings collapse: warn, restart (go back to the last good state, or the start, and lower the learning rate) or stop.",
      valueName: "what"))
  var onCollapse = "warn"

  @Option(help: ArgumentHelp("Save the run in this file as it goes.", valueName: "file"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("Steps from one checkpoint to the next.", valueName: "n"))
  var checkpointEvery = 100

  @Flag(
    help:
      "Go on from the checkpoint, to the same weights as without the interruption; everything that determines them must be as it was."
  )
  var resume = false

  @Option(help: ArgumentHelp("Write a JSON line for every step.", valueName: "run.jsonl"))
  var log: String?

  @Option(
    help: ArgumentHelp(
      "Write event files for TensorBoard, a folder in this one for each round of training.", valueName: "dir"))
  var tensorboard: String?

  @Option(
    help: ArgumentHelp(
      "What happens to training pictures: flip, crop:0.9, rotate:10, affine:…, elastic:…, …", valueName: "list"))
  var augment = "none"

  @Option(
    help: ArgumentHelp(
      "Fit a closed-form head to so many augmented variants of each picture too, and keep the frozen layers' outputs for them.",
      valueName: "n"))
  var augmentCopies: Int?

  @Flag(help: "Draw each batch within one parent folder, such as one alphabet.")
  var withinParents = false

  @Option(
    help: ArgumentHelp(
      "What to measure on: classes (some that training never sees), pictures (some of every class), or a file that names the classes: one a line, or an LFW pairs.txt.",
      valueName: "what"))
  var split = "classes"

  @Option(
    help: ArgumentHelp(
      "The share of classes, or of each class' pictures, that training never sees.", valueName: "share"))
  var holdOut = 0.25

  @Option(
    help: ArgumentHelp(
      "The share of the other classes that choose how many steps to train; 0 trains for all of them. By default 0.2, from scratch 0.",
      valueName: "share"))
  var chooseOn: Double?

  @Option(help: ArgumentHelp("N of the N-way one-shot trials.", valueName: "n"))
  var ways = 10

  @Option(help: ArgumentHelp("Fixes every random choice.", valueName: "seed"))
  var seed: UInt64 = 1

  /// What the options have written.
  var outputs: [Output?] {
    [Output("--checkpoint", checkpoint), Output("--log", log), Output("--tensorboard", tensorboard, .folder)]
  }

  /// What they have read, besides a checkpoint, which is written again.
  var inputs: [String?] { ["classes", "pictures"].contains(split) ? [] : [split] }

  /// - Parameter fromScratch: whether the backbone's weights are random, which changes what suits where nothing is said.
  func recipe(svm: Bool, fromScratch: Bool = false) throws -> FineTuningRecipe {
    guard (0.01...0.9).contains(holdOut) else {
      throw ValidationError("--hold-out must be a share from 0.01 to 0.9, found \(holdOut).")
    }
    let chooseOn = chooseOn ?? (fromScratch ? 0 : 0.2)
    guard (0...0.8).contains(chooseOn) else {
      throw ValidationError("--choose-on must be a share from 0 to 0.8, found \(chooseOn).")
    }
    var recipe = FineTuningRecipe()
    let start = try headInit.map { name in
      guard let start = HeadDesign.Start(rawValue: name) else {
        throw ValidationError(
          "--head-init must be one of \(HeadDesign.Start.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'."
        )
      }
      return start
    }
    recipe.head = try HeadDesign(head ?? (fromScratch ? "none" : "wccn"), start: start)
    recipe.unfreeze = try Unfreezing(unfreeze ?? (fromScratch ? "all" : "head"))
    if !recipe.head.projects, recipe.unfreeze == .head || recipe.unfreeze == .none {
      throw ValidationError("--head none has nothing to train; give --unfreeze all, or a number of layers.")
    }
    recipe.joint = try joint.map { try PairHead($0) }
    recipe.loss = loss ?? (joint == nil ? "triplet:soft" : "pair-bce")
    recipe.miner = miner
    recipe.distance = try Distance(name: distance)
    recipe.augmentation = try Augmentation(augment)
    recipe.augmentedCopies = augmentCopies
    recipe.withinParents = withinParents
    recipe.heldOutShare = holdOut
    recipe.heldOut = try HeldOut(split)
    recipe.reducer = try reducer.map { name in
      guard let reducer = Reducer(rawValue: name) else {
        throw ValidationError(
          "--reducer must be one of \(Reducer.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'.")
      }
      return reducer
    }
    recipe.selectionShare = chooseOn
    recipe.ways = ways
    recipe.trainsSVM = svm
    recipe.seed = seed
    if resume, checkpoint == nil { throw ValidationError("--resume needs --checkpoint FILE to go on from.") }
    guard checkpointEvery > 0 else {
      throw ValidationError("--checkpoint-every must be 1 or more, found \(checkpointEvery).")
    }
    guard gradual >= 0 else { throw ValidationError("--gradual must be 0 or more, found \(gradual).") }
    (recipe.checkpoint, recipe.checkpointInterval, recipe.resumes) = (checkpoint, checkpointEvery, resume)
    try recipe.set(progression(fromScratch: fromScratch))
    try recipe.set(optimization(fromScratch: fromScratch))
    return recipe
  }

  private func progression(fromScratch: Bool) -> ProgressionWords {
    var words = ProgressionWords()
    (words.layerDecay, words.gradualSteps, words.clip, words.average) = (layerDecay, gradual, clip, average)
    words.batchNormalization = batchNorm ?? (fromScratch ? "batch" : "frozen")
    (words.chunk, words.recompute, words.patience, words.onCollapse) = (chunk, recompute, patience, onCollapse)
    return words
  }

  private func optimization(fromScratch: Bool) -> TrainingWords {
    var words = TrainingWords()
    (words.steps, words.classesPerBatch, words.picturesPerClass) = (steps, classesPerBatch, picturesPerClass)
    (words.optimizer, words.schedule, words.rate, words.warmUp) = (optimizer, schedule, rate, warmUp)
    words.backboneRate = backboneRate ?? (fromScratch ? 1 : 0.1)
    (words.weightDecay, words.lossRate) = (weightDecay, lossRate)
    return words
  }
}
