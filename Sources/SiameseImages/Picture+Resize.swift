extension Picture {
  /// The picture at another size, equal to what Pillow's `resize` gives.
  ///
  /// Making smaller averages over all pixels covered (except with `.nearest`); this is what Pillow, and Keras' picture
  /// loading through it, does, and not what OpenCV's or TensorFlow's plain bilinear does.
  ///
  /// - Complexity: O(source pixels · filter width ÷ horizontal reduction).
  public func resized(width: Int, height: Int, filter: ResamplingFilter = .bilinear) -> Picture {
    Picture(
      width: width, height: height,
      pixels: Resampling.resize(
        pixels, channelCount: 3, from: (self.width, self.height), to: (width, height), filter: filter))
  }

  /// The part of the picture in a rectangle that lies inside it.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height, "the crop lies inside")
    var part = [UInt8]()
    part.reserveCapacity(3 * width * height)
    for row in y..<y + height { part += pixels[3 * (row * self.width + x)..<3 * (row * self.width + x + width)] }
    return Picture(width: width, height: height, pixels: part)
  }
}

extension GreyPicture {
  /// The picture at another size, equal to what Pillow's `resize` gives for mode `L`.
  public func resized(width: Int, height: Int, filter: ResamplingFilter = .bilinear) -> GreyPicture {
    GreyPicture(
      width: width, height: height,
      pixels: Resampling.resize(
        pixels, channelCount: 1, from: (self.width, self.height), to: (width, height), filter: filter))
  }
}
