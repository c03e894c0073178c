// Compares two pictures with a pretrained network: the snippet of README, as a program.
//
//     swift run -c release siamese-compare-pictures weights/glyphs.h5 a.png b.png
import SiameseKit

guard CommandLine.arguments.count == 4 else {
  print("usage: siamese-compare-pictures weights.h5 a.png b.png")
  throw TaskError(.wrongArguments, "three arguments are needed")
}
let files = CommandLine.arguments.dropFirst()

let embedder = try Embedder(Backbone(contentsOf: files[1]))
let a = try embedder.embed(Picture(contentsOf: files[2]))
let b = try embedder.embed(Picture(contentsOf: files[3]))
print("cosine distance", Distance.cosine(a, b))
