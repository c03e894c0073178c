import SiameseOneDNN
import Testing

struct ImplementationTests {
  @Test(arguments: [
    ("ref:any", ImplementationKind.reference), ("bnorm_ref:any", .reference), ("gemm:ref", .reference),
    ("gemm:jit", .matrixProduct), ("x64:gemm:jit", .matrixProduct), ("brgemm:avx512_core", .matrixProduct),
    ("jit_wino_4x3:avx512_core", .winograd), ("jit_wino_2x3:avx512_core", .winograd), ("jit:avx2", .direct),
    ("jit_1x1:avx512_core", .direct), ("jit_dw:avx2", .direct), ("brgconv:avx512_core_bf16", .direct), ("", .direct),
  ]) func `A name tells the kind of code`(_ name: String, _ kind: ImplementationKind) {
    #expect(ImplementationKind(name: name) == kind)
  }

  @Test func `Only code made for the operation counts as specialized`() {
    #expect(ImplementationKind.allCases.filter(\.isSpecialized) == [.winograd, .direct])
  }

  @Test func `A convolution in blocks has code of its own, one in an order that nobody uses has not`() throws {
    func kind(_ source: Layout, _ destination: Layout) throws -> ImplementationKind {
      let window = Window(
        vertical: Window.Axis(extent: 3, before: 1, after: 1), horizontal: Window.Axis(extent: 3, before: 1, after: 1))
      return try PrimitiveDescription.convolution(
        source: source, weights: Layout(any: [64, 64, 3, 3]), bias: nil, destination: destination, window: window
      ).kind
    }
    let any = try Layout(any: [1, 64, 8, 8])
    #expect(try kind(any, any) == .direct)
    // Height before width before batch before channels.
    let odd = try Layout([1, 64, 8, 8], strides: [64, 1, 512, 64])
    let shifted = try Layout([2, 64, 8, 8], strides: [1, 2, 1024, 128])
    #expect(try kind(odd, odd) != .winograd)
    #expect(try [.reference, .matrixProduct].contains(kind(shifted, shifted)))
  }
}
