import DRRData
import DRRTestSupport
import Foundation
import Testing

@Suite("Ratings formats")
struct DataFormatsTests {
  let temporary = TemporaryFolder()

  static let item100K =
    "1|Caf\u{e9} Noir (1995)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|1|0|0|0|0|0|0|0|0\n"
    + "2|Toys (1992)|01-Jan-1992||http://y|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    + "7|unknown|||  |1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"

  static func latin(_ text: String) -> Data { text.data(using: .isoLatin1) ?? Data() }

  @Test func movieLens100K() throws {
    let ratings = "10\t2\t3\t50\n9\t1\t5\t40\r\n10\t7\t1\t20\n\n9\t2\t4\t40"
    let folder = try temporary.folder(
      "ml", ["u.data": Data(ratings.utf8), "u.item": Self.latin(Self.item100K)])
    let log = try RatingsSource.load(folder)
    #expect(log.spelled == ["9 1 5.0 40", "9 2 4.0 40", "10 7 1.0 20", "10 2 3.0 50"])
    #expect(log.users == [0, 0, 1, 1])
    #expect(log.items == [0, 1, 2, 1])
    #expect(log.userOffsets == [0, 2, 4])
    #expect(log.titles == ["Café Noir (1995)", "Toys (1992)", "unknown"])
    #expect(log.genres.namesOfItem(0) == ["Drama", "Film-Noir"])
    #expect(log.genres.namesOfItem(1) == ["Animation", "Children", "Comedy"])
    #expect(log.genres.namesOfItem(2) == ["unknown"])
    #expect(log.genres.names.count == 19)
    #expect(log.ratingRange == 1...5)
    #expect(log.name == "ml" && log.format == "MovieLens 100K" && log.hasTimes)
    #expect(log.checksum == hexadecimal(referenceCRC(ratings.utf8)))
    #expect(log.userIndex("10") == 1 && log.itemIndex("7") == 2 && log.itemIndex("3") == nil)
  }

  @Test func movieLens1M() throws {
    let movies =
      "1::Se\u{f1}or: A::B Story (1990)::Children's|Drama\n3::Other, The (1991)::\n9::Unrated::War\n"
    let folder = try temporary.folder(
      "ml-1m",
      ["ratings.dat": Data("1::3::4::9\n1::1::2::8\n".utf8), "movies.dat": Self.latin(movies)])
    let log = try RatingsSource.load(folder)
    #expect(log.spelled == ["1 1 2.0 8", "1 3 4.0 9"])
    #expect(log.titles == ["Señor: A::B Story (1990)", "Other, The (1991)"])
    #expect(log.genres.namesOfItem(0) == ["Children", "Drama"])
    #expect(log.genres.namesOfItem(1) == ["unknown"])
    #expect(log.ratingRange == 1...5 && log.itemCount == 2 && log.listedItemCount == 3)
  }

  @Test func movieLens10MHasHalfStars() throws {
    let folder = try temporary.folder("m", ["ratings.dat": "1::122::0.5::838985046\n1::5::4::9\n"])
    let log = try RatingsSource.load(folder)
    #expect(log.ratingRange == 0.5...5 && log.ratings == [4, 0.5])
    #expect(log.titles.isEmpty && log.genres.isEmpty && log.title(ofItem: 1) == "item 122")
  }

  @Test func withoutTimesTheFileOrderStands() throws {
    let folder = try temporary.folder("m", ["ratings_notime.dat": "2::9::5\n1::8::4\n2::3::1\n"])
    let log = try RatingsSource.load(folder)
    #expect(!log.hasTimes)
    #expect(log.spelled == ["1 8 4.0 1", "2 9 5.0 0", "2 3 1.0 2"])
  }

  @Test func movieTweetings() throws {
    let folder = try temporary.folder(
      "mt",
      [
        "ratings.dat": "1::0104257::10::1365029107\n1::1853728::0::1365029108\n",
        "movies.dat": "0104257::À l'ombre (1992)::Crime|Drama\n1853728::No Genre (2012)::\n",
      ])
    let log = try RatingsSource.load(folder)
    #expect(log.format == "MovieTweetings" && log.ratingRange == 0...10)
    #expect(log.ratings == [10, 0] && Array(log.itemIDs) == ["0104257", "1853728"])
    #expect(log.titles[0] == "À l'ombre (1992)")
    #expect(log.genres.namesOfItem(1) == ["unknown"])
  }

  @Test func movieLensCSV() throws {
    let movies =
      "movieId,title,genres\r\n1,\"Good, the \"\"Bad\"\" (1966)\",IMAX|Western\r\n"
      + "2,Plain é (1990),(no genres listed)\r\n3,\"Two\nLines\",Children\r\n"
    let folder = try temporary.folder(
      "ml-25m",
      [
        "ratings.csv":
          "\u{feff}userId,movieId,rating,timestamp\r\n1,2,3.5,7\r\n1,1,0.5,6\r\n1,3,5,8",
        "movies.csv": movies,
      ])
    let log = try RatingsSource.load(folder)
    #expect(log.spelled == ["1 1 0.5 6", "1 2 3.5 7", "1 3 5.0 8"])
    #expect(log.titles == ["Good, the \"Bad\" (1966)", "Plain é (1990)", "Two Lines"])
    #expect(log.genres.namesOfItem(0) == ["IMAX", "Western"])
    #expect(log.genres.namesOfItem(1) == ["unknown"])
    #expect(log.ratingRange == 0.5...5)
  }

  @Test func csvColumnsAreFoundByName() throws {
    let folder = try temporary.folder(
      "own",
      ["ratings.csv": "rating,item_id,user_id\n4,\"a,\"\"b\"\"\",zoë\n2,plain,\"adam\"\n"])
    let log = try RatingsSource.load(folder)
    #expect(log.spelled == ["adam plain 2.0 1", "zoë a,\"b\" 4.0 0"])
    #expect(log.itemIndex("a,\"b\"") == 0)
  }

  @Test func recBole() throws {
    let folder = try temporary.folder(
      "rb",
      [
        "rb.inter":
          "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
          + "u2\ti1\t3.0\t8.81250949E8\nu1\ti2\t5\t881250948.0\n",
        "rb.item":
          "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
          + "i1\tToy Story\t1995\tAnimation Children's\ni2\tOther\t1996\t\n",
      ])
    let log = try RatingsSource.load(folder)
    #expect(log.spelled == ["u1 i2 5.0 881250948", "u2 i1 3.0 881250949"])
    #expect(log.titles == ["Toy Story", "Other"])
    #expect(log.genres.namesOfItem(0) == ["Animation", "Children"])
    #expect(log.format == "RecBole" && log.ratingRange == 1...5)
  }

  @Test("RecBole's file of users beside ratings, or a part of them, is noted and not read")
  func recBoleUsers() throws {
    let text = "user_id:token\titem_id:token\trating:float\nu\ti\t3\n"
    let folder = try temporary.folder(
      "rb", ["rb.train.inter": text, "rb.user": "any\n", "x.inter": text, "x.csv": "u,i\n"])
    let note = "rb.user is not used: nothing here learns from features of users"
    #expect(try RatingsSource.load("\(folder)/rb.train.inter").notes == [note])
    #expect(try RatingsSource.load("\(folder)/x.inter").notes.isEmpty)
  }

  @Test func recBoleScaleIsTheUsualOneOrItsOwn() throws {
    let header = "user_id:token\titem_id:token\trating:float\n"
    for (ratings, range) in [
      (["0.5", "5"], 0.5...5), (["0", "5"], 0...5), (["2", "7"], 0...10), (["-2", "40"], -2...40),
    ] as [([String], ClosedRange<Float>)] {
      let folder = try temporary.folder(
        "rb", ["x.inter": header + ratings.map { "u\ti\($0)\t\($0)\n" }.joined()])
      #expect(try RatingsSource.load(folder).ratingRange == range)
    }
  }

  @Test func singleFilesAreKnownByTheirFirstLine() throws {
    let folder = try temporary.folder(
      "one",
      [
        "a.txt": "1\t2\t3\t4\n", "b.log": "1::2::3::4\n",
        "c.dump": "userId,movieId,rating\n1,2,3\n",
        "d.bin": "user_id:token\titem_id:token\trating:float\n1\t2\t3\n", "u.genre": "",
      ])
    for (file, format) in [
      "a.txt": "MovieLens 100K", "b.log": "MovieLens .dat", "c.dump": "MovieLens CSV",
      "d.bin": "RecBole",
    ] {
      let log = try RatingsSource.load("\(folder)/\(file)")
      #expect(log.format == format && log.count == 1 && log.name == file)
    }
  }

  @Test func officialSplitsShareTheirIds() throws {
    let folder = try temporary.folder(
      "ml",
      [
        "u.data": "", "u3.base": "2\t30\t4\t1\n1\t20\t3\t9\n1\t10\t3\t2\n",
        "u3.test": "3\t20\t5\t1\n1\t40\t2\t4\n",
      ])
    let split = try MovieLens100K.officialSplit(folder, 3)
    #expect(split.train.spelled == ["1 10 3.0 2", "1 20 3.0 9", "2 30 4.0 1"])
    #expect(split.test.spelled == ["1 40 2.0 4", "3 20 5.0 1"])
    #expect(Array(split.train.itemIDs) == ["10", "20", "30", "40"])
    #expect(Array(split.train.itemIDs) == Array(split.test.itemIDs))
    #expect(split.test.userOffsets == [0, 1, 1, 2] && split.train.userCount == 3)
    #expect(throws: DataError.missingFile(path: "\(folder)/u1.base")) {
      try MovieLens100K.officialSplit(folder, 1)
    }
    #expect(throws: DataError.self) { try MovieLens100K.officialSplit(folder, 6) }
  }

  @Test func progressReachesTheEnd() throws {
    let folder = try temporary.folder("m", ["ratings.dat": "1::1::3::4\n2::1::3::4\n"])
    var seen: [Int] = []
    _ = try RatingsSource.load(folder) { done, total in
      seen.append(done)
      #expect(total == 22)
    }
    #expect(seen.last == 22 && seen == seen.sorted())
  }
}
