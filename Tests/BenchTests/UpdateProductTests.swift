import Benchmarks
import Testing

@Suite("The products of an update")
struct UpdateProductTests {
  @Test("a product counts two operations a multiply-add, and an update's are those of its networks")
  func products() {
    // Hidden 2, batch 3, k 4: by hand from the layer widths.
    let (b, h, k) = (3, 2, 4)
    let (s, j) = (3 * k, h + k)
    let actor = s * h + h * h + h * k
    let state = s * h
    let critic = j * j + j * j + j
    let forward = 2 * actor + 3 * state + 3 * critic
    let backward = critic + critic + state + critic + actor + actor
    #expect(
      MeasuredTrainer.flops(hidden: h, batch: b, dimension: k)
        == Double(2 * b * (forward + backward)))
  }
}
