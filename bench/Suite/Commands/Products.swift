import ArgumentParser
import DRR
import Essentials
import Tensor
import Terminal

/// Matrix products through the layer, beside the libraries that do nothing else.
struct Products: MeasuringCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time matrix products beside OpenBLAS alone, PyTorch and CLBlast.",
    discussion: """
      On the processor OpenBLAS is called in the same process, in turn with the layer, on the same \
      threads; where OPENBLAS_CORETYPE is preset, the same is measured again without it.

      Examples:
        drr bench products --threads 1
        drr bench products --device opencl --shape 1024x1024x1024
      """)
  static let goesByCore = true

  @OptionGroup var measuring: MeasuringOptions
  @Option(help: "Rows x inner x columns; give it again for more.")
  var shape: [String] = []

  /// DRR's forward and backward, and the sizes that libraries are compared at.
  static let standard = [
    Product(64, 300, 128), Product(64, 128, 128), Product(64, 228, 228), Product(64, 128, 100),
    Product(256, 384, 256), Product(1_024, 1_024, 1_024), Product(2_048, 2_048, 2_048),
  ]
  /// Those of a GPU besides.
  static let large = [Product(4_096, 4_096, 4_096), Product(8_192, 8_192, 8_192)]

  func products(on kind: DeviceInfo.Kind) throws -> [Product] {
    if shape.isEmpty { return Self.standard + (kind == .gpu ? Self.large : []) }
    return try shape.map { text in
      let sizes = text.split(separator: "x").map { Int($0) ?? 0 }
      guard sizes.count == 3, sizes.allSatisfy({ 1...65_536 ~= $0 }) else {
        throw ValidationError(
          "--shape is \(text); it must be ROWSxINNERxCOLUMNS, each 1 ... 65536.")
      }
      return Product(sizes[0], sizes[1], sizes[2])
    }
  }

  func figures(in room: Room) throws -> [Figure] {
    let products = try products(on: room.device.kind)
    room.begin(products.count + 1)
    // The processor's backend opens OpenBLAS, also where an OpenCL device is measured.
    if room.isProcessor { _ = CPUBackend.openBLAS }
    var works: [Work] = []
    var places: [(ours: Int, blas: Int?)] = []
    var kept: [HostProducts] = []
    for product in products {
      places.append((works.count, nil))
      works.append(ours(product, in: room))
      guard room.isProcessor, let blas = HostProducts([product]) else { continue }
      kept.append(blas)
      places[places.count - 1].blas = works.count
      let threads = room.threads
      works.append(Work("OpenBLAS") { blas.run(threads: threads) })
    }
    if room.isProcessor && kept.isEmpty { room.skip("OpenBLAS alone is left out: it is absent") }

    let shapes = products.map { "\($0.m)x\($0.k)x\($0.n)" }
    let torch = room.peer(
      "PyTorch", room.isProcessor ? "torch_cpu.py" : "torch_cuda.py",
      shapes.flatMap { ["--case", "sgemm \($0)"] })
    room.step("beside PyTorch")
    let (samples, pytorch) = try room.measure(works, beside: torch)
    room.step("beside CLBlast")
    let clblast = try clblast(products, in: room)
    return zip(products, places).enumerated().map { index, item in
      let (product, place) = item
      var figure = Figure(
        "products", product.name, samples[place.ours], flops: product.flops,
        bytes: Double(4 * product.words), in: room)
      figure.residence = "cache"
      if let blas = place.blas { figure.add(peer: "OpenBLAS", samples[blas]) }
      if let theirs = pytorch?["sgemm \(shapes[index])"] {
        figure.add(peer: pytorch!.peer, theirs)
      }
      if let row = clblast?.rows.first(where: {
        ($0.m, $0.k, $0.n) == (product.m, product.k, product.n)
      }) {
        figure.add(peer: "CLBlast \(clblast!.version)", Samples(wall: [row.seconds]))
      }
      return figure
    }
  }

  private func ours(_ product: Product, in room: Room) -> Work {
    let (m, k, n) = (product.m, product.k, product.n)
    let sets = product.words < 1 << 20 ? 3 : 1
    let i = Inputs(on: room.backend)
    return room.work(
      product.name,
      (0..<sets).map { _ in
        let (x, w, y) = (i.floats(m * k), i.floats(k * n), i.empty(m * n))
        return { i.backend.linear(x, w, nil, .identity, m: m, k: k, n: n, into: y) }
      })
  }

  /// What bench/peers/clblast.py prints: the least seconds of its rounds.
  private struct CLBlast: Decodable {
    var version: String
    var rows: [Row]

    struct Row: Decodable {
      var m: Int
      var k: Int
      var n: Int
      var seconds: Double
    }
  }

  private func clblast(_ products: [Product], in room: Room) throws -> CLBlast? {
    guard case .openCL(let platform, let index) = room.device.id, !measuring.noPeers else {
      return nil
    }
    let script = "\(measuring.peers)/clblast.py"
    guard readText(script) != nil else {
      room.skip("CLBlast is left out: there is no \(script)")
      return nil
    }
    let words =
      [measuring.python, script, "--device", "\(platform):\(index)", "--rounds"]
      + ["\(room.harness.rounds)"] + products.map { "\($0.m),\($0.k),\($0.n)" }
    let outcome = try ChildProcess.run(words, quietly: true)
    let line = outcome.output.split(separator: "\n").last ?? ""
    guard outcome.code == 0,
      let answer = try? JSONDecoder().decode(CLBlast.self, from: Data(line.utf8))
    else {
      room.skip(
        "CLBlast is left out: it or the device is missing; apt-get install libclblast1, and see "
          + "`\(words.joined(separator: " "))`")
      return nil
    }
    return answer
  }
}
