/// A published set of ratings that the names of its columns tell.
struct KnownLayout {
  var name: String
  /// Names of columns as ``normalised`` spells them, one of which is there; a time may be absent.
  var user: [String]
  var item: [String]
  /// None: events, or nothing at all and every row is a positive.
  var rating: [String] = []
  var time: [String] = []
  var event: [String] = []
  /// Further columns without which it is another.
  var others: [String] = []
  /// Nil: what the ratings themselves tell.
  var range: ClosedRange<Float>?
  /// Values of the rating's column that say there is none.
  var unrated: [Float] = []
  /// Ratings above count as this.
  var ceiling: Float?
  var eventRatings: [EventRating] = []
  /// Files of titles beside the ratings, the first of which is read.
  var items: [String] = []

  /// Small letters and digits alone.
  static func normalised(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.lowercased().unicodeScalars.filter { "a"..."z" ~= $0 || "0"..."9" ~= $0 }))
  }

  /// What a table is taken for whose columns have these names, as ``normalised`` spells them.
  static func of(_ names: [String]) -> KnownLayout? {
    all.first { known in
      [known.user, known.item, known.rating, known.event].allSatisfy { wanted in
        wanted.isEmpty || wanted.contains(where: names.contains)
      } && known.others.allSatisfy(names.contains)
    }
  }

  /// Those with more columns of their own come before those with fewer.
  static let all = [
    KnownLayout(
      name: "Book-Crossing", user: ["userid"], item: ["isbn"], rating: ["bookrating"],
      range: 1...10,
      unrated: [0], items: ["BX-Books.csv", "BX_Books.csv", "Books.csv"]),
    KnownLayout(
      name: "Anime", user: ["userid"], item: ["animeid"], rating: ["rating"], range: 1...10,
      unrated: [-1, 0], items: ["anime.csv"]),
    KnownLayout(
      name: "Goodreads", user: ["userid"], item: ["bookid"], rating: ["rating"],
      time: ["dateadded"],
      range: 1...5, unrated: [0], items: ["books.csv"]),
    KnownLayout(
      name: "Last.fm", user: ["userid"], item: ["artistid"], others: ["weight"],
      items: ["artists.dat"]),
    KnownLayout(
      name: "RetailRocket", user: ["visitorid"], item: ["itemid"], time: ["timestamp"],
      event: ["event"],
      eventRatings: [
        EventRating("view", 1), EventRating("addtocart", 3), EventRating("transaction", 5),
      ]),
    KnownLayout(
      name: "KuaiRec", user: ["userid"], item: ["videoid"], rating: ["watchratio"],
      time: ["timestamp"],
      range: 0...2, ceiling: 2),
    KnownLayout(
      name: "KuaiRand", user: ["userid"], item: ["videoid"], rating: ["isclick"], time: ["timems"],
      range: 0...1),
    KnownLayout(
      name: "Yelp", user: ["userid"], item: ["businessid"], rating: ["stars"], time: ["date"],
      range: 1...5, items: ["yelp_academic_dataset_business.json"]),
    KnownLayout(
      name: "Amazon reviews", user: ["reviewerid"], item: ["asin"], rating: ["overall"],
      time: ["unixreviewtime"], range: 1...5),
    KnownLayout(
      name: "Amazon reviews", user: ["userid"], item: ["parentasin"], rating: ["rating"],
      time: ["timestamp"], range: 1...5),
    KnownLayout(
      name: "#nowplaying-RS", user: ["userid"], item: ["trackid"], time: ["createdat"],
      others: ["hashtag"]),
    movieLens,
  ]

  static let movieLens = KnownLayout(
    name: "MovieLens CSV", user: ["userid", "user"], item: ["movieid", "itemid", "item"],
    rating: ["rating"], time: ["timestamp", "time"], items: ["movies.csv", "movies_metadata.csv"])
}
