import SiameseImages
import Testing

@testable import SiameseKeras

@Suite struct PreprocessingTests {
  let pixel = Picture(width: 1, height: 1, pixels: [10, 100, 250])

  @Test func `each family's numbers are Keras'`() {
    let levels: [Float] = [10, 100, 250]
    #expect(Preprocessing.none(pixel, channels: 3) == levels)
    let caffe: [Float] = [Float(250) - 103.939, Float(100) - 116.779, Float(10) - 123.68]
    #expect(Preprocessing.caffe(pixel, channels: 3) == caffe)
    let scaled: [Float] = levels.map { $0 / 127.5 - 1 }
    #expect(Preprocessing.tf(pixel, channels: 3) == scaled)
    let torch = Preprocessing.torch(pixel, channels: 3)
    let first: Float = (levels[0] / 255 - 0.485) / 0.229
    let last: Float = (levels[2] / 255 - 0.406) / 0.225
    #expect(abs(torch[0] - first) < 1e-6)
    #expect(abs(torch[2] - last) < 1e-6)
  }

  /// Pillow: (19595 R + 38470 G + 7471 B + 32768) >> 16.
  @Test func `grey is Pillow's`() {
    let grey: [Float] = [90]
    #expect(Preprocessing.none(pixel, channels: 1) == grey)
    #expect(Preprocessing.tf(pixel, channels: 1) == grey.map { $0 / 127.5 - 1 })
    #expect(Preprocessing.none(Picture(width: 1, height: 1, pixels: [255, 255, 255]), channels: 1) == [Float(255)])
  }
}
