import DRR
import Serving
import Testing

@Suite("What names an item") struct ItemNameTests {
  static let titles = [
    "Heat (1995)", "Heathers (1989)", "Dead Heat (1988)", "Matrix, The (1999)", "1984 (1984)",
    "Chasing Amy (1997)", "Chasing Amy (1997)", "",
  ]

  static func items() throws -> ServedItems {
    let rest = (titles.count..<ServedModels.log.itemCount).map { "Film \($0) (2000)" }
    return try ServedModels.pmf(titles: titles + rest).items
  }

  @Test(
    "ids, titles, titles without their year or with the article in front, the only part",
    arguments: [
      ("8", 7), ("Heat (1995)", 0), ("heat", 0), ("the matrix", 3), ("Matrix, the", 3),
      ("matr", 3), ("1984 (1984)", 4), ("dead h", 2),
    ])
  func named(name: String, item: Int) throws {
    #expect(try Self.items().item(named: name) == item)
  }

  @Test(
    "digits alone are an id or refused, never a title",
    arguments: [
      ("1984", "1984: generated-tiny has no item of that id"),
      ("zzz", "zzz: generated-tiny has no item of that id or title"),
      ("eat", "3 titles contain this, among them Heat (1995) (id 1), Heathers (1989) (id 2)"),
      ("Chasing Amy (1997)", "2 titles are this, among them Chasing Amy (1997) (id 6), "),
      ("chasing amy", "2 titles are this"), ("", "an item has no name"),
    ])
  func refused(name: String, reason: String) throws {
    let items = try Self.items()
    let error = try #require(throws: ServingError.self) { try items.item(named: name) }
    #expect(error.description.contains(reason), "\(error)")
  }

  @Test("labels and genres")
  func labels() throws {
    let items = try Self.items()
    #expect(items.label(0) == "Heat (1995) [1]" && items.label(7) == "item 8")
    let all = try items.items(ofGenres: ["drama", "Comedy"])
    let drama = try items.items(ofGenres: ["Drama"])
    #expect(try all == drama.union(items.items(ofGenres: ["COMEDY"])))
    #expect(!all.isEmpty && all.count < items.count)
    let error = #expect(throws: ServingError.self) { try items.items(ofGenres: ["Dramma"]) }
    #expect(error?.description.contains("of the genre Dramma; there are ") == true)
  }
}
