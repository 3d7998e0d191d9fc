import Charts
import TestSupport
import Testing

@Suite("A plane through vectors")
struct ProjectionTests {
  @Test("a plane through space is found, with all that lies in it") func projection() {
    // Points 3 u + 1 v of a plane in four dimensions, u and v orthonormal.
    let (u, v): ([Float], [Float]) = ([0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5])
    var random = SeededGenerator(2)
    var vectors: [Float] = []
    var wanted: [(x: Double, y: Double)] = []
    for _ in 0..<200 {
      let a = Float.random(in: -3...3, using: &random)
      let b = Float.random(in: -1...1, using: &random)
      wanted.append((Double(a), Double(b)))
      vectors += zip(u, v).map { 7 + a * $0 + b * $1 }
    }
    let found = Projection(vectors, width: 4)
    #expect(abs(found.share - 1) < 1e-6)
    let mean = (
      x: wanted.reduce(0) { $0 + $1.x } / 200, y: wanted.reduce(0) { $0 + $1.y } / 200
    )
    // Distances are kept, whatever the directions' signs.
    for (place, point) in found.points.enumerated() {
      let length = (point.x * point.x + point.y * point.y).squareRoot()
      let (x, y) = (wanted[place].x - mean.x, wanted[place].y - mean.y)
      #expect(abs(length - (x * x + y * y).squareRoot()) < 1e-4)
      // Both spreads differ by nine, so that the first component is nearly u.
      #expect(abs(abs(point.x) - abs(x)) < 0.5)
    }
    // Part of what varies lies outside of the plane.
    let cube = Projection((0..<300).map { _ in Float.random(in: -1...1, using: &random) }, width: 3)
    #expect((0.5...0.9).contains(cube.share))
    #expect(Projection([1, 1, 1, 1], width: 2).share == 0)
  }
}
