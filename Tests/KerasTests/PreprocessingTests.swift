import Images
import Testing

@testable import Keras

@Suite struct PreprocessingTests {
  let pixel = Picture(width: 1, height: 1, pixels: [10, 100, 250])

  @Test func `each family's numbers are Keras'`() {
    #expect(Preprocessing.none(pixel, channels: 3) == [10, 100, 250])
    #expect(Preprocessing.caffe(pixel, channels: 3) == [250 - 103.939, 100 - 116.779, 10 - 123.68])
    #expect(Preprocessing.tf(pixel, channels: 3) == [10 / 127.5 - 1, 100 / 127.5 - 1, 250 / 127.5 - 1])
    let torch = Preprocessing.torch(pixel, channels: 3)
    #expect(abs(torch[0] - (10.0 / 255 - 0.485) / 0.229) < 1e-6)
    #expect(abs(torch[2] - (250.0 / 255 - 0.406) / 0.225) < 1e-6)
  }

  /// Pillow: (19595 R + 38470 G + 7471 B + 32768) >> 16.
  @Test func `grey is Pillow's`() {
    #expect(Preprocessing.none(pixel, channels: 1) == [90])
    #expect(Preprocessing.tf(pixel, channels: 1) == [90 / 127.5 - 1])
    #expect(Preprocessing.none(Picture(width: 1, height: 1, pixels: [255, 255, 255]), channels: 1) == [255])
  }
}
