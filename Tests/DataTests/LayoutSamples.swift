import Foundation
import Testing

/// A few lines of each published layout, made here, and what they mean.
struct LayoutSample: CustomTestStringConvertible, Sendable {
  /// As `docs/formats.md` names it.
  var name: String
  var format: String
  var files: [String: String]
  /// `user item rating time` of each row, in the log's order.
  var rows: [String]
  var range: ClosedRange<Float>
  var hasTimes = true
  var titles: [String] = []
  /// Genres of the first item.
  var genres: [String] = []
  /// Beginnings of what is said of the reading.
  var notes: [String] = []
  /// Whether files are Latin-1.
  var isLatin = false

  var testDescription: String { name }

  var data: [String: Data] {
    files.mapValues { isLatin ? $0.data(using: .isoLatin1) ?? Data() : Data($0.utf8) }
  }

  static let implicit = "no ratings: every row is a positive, rated 1 of 0 ... 1"

  static let all = [
    LayoutSample(
      name: "MovieLens 100K", format: "MovieLens 100K",
      files: ["u.data": "1\t7\t4\t880000000\n2\t7\t3\t880000001\n"],
      rows: ["1 7 4.0 880000000", "2 7 3.0 880000001"], range: 1...5),
    LayoutSample(
      name: "MovieLens 1M", format: "MovieLens .dat",
      files: [
        "ratings.dat": "1::7::4::960000000\n", "movies.dat": "7::Caf\u{e9} (1990)::Comedy|War\n",
      ], rows: ["1 7 4.0 960000000"], range: 1...5, titles: ["Caf\u{e9} (1990)"],
      genres: ["Comedy", "War"], isLatin: true),
    LayoutSample(
      name: "MovieLens 10M", format: "MovieLens .dat",
      files: ["ratings.dat": "1::7::4.5::960000000\n"], rows: ["1 7 4.5 960000000"],
      range: 0.5...5),
    LayoutSample(
      name: "MovieLens 20M, 25M, 32M, latest", format: "MovieLens CSV",
      files: [
        "ratings.csv": "userId,movieId,rating,timestamp\n1,7,4.5,960000000\n",
        "movies.csv": "movieId,title,genres\n7,\"One, The (1990)\",IMAX|War\n",
        "tags.csv": "userId,movieId,tag,timestamp\n1,7,slow,960000000\n",
        "links.csv": "movieId,imdbId,tmdbId\n7,0001,2\n",
      ], rows: ["1 7 4.5 960000000"], range: 0.5...5, titles: ["One, The (1990)"],
      genres: ["IMAX", "War"]),
    LayoutSample(
      name: "The Movies Dataset", format: "MovieLens CSV",
      files: [
        "ratings.csv": "userId,movieId,rating,timestamp\n1,7,4.5,960000000\n1,8,4.5,960000001\n",
        "movies_metadata.csv":
          "adult,genres,id,title\nFalse,\"[{'id': 1, 'name': 'War'}, {'id': 2, 'name': \"\"B's\"\"}]\","
          + "862,\"Toys, \"\"One\"\"\"\n - broken,7\nFalse,[],863,Other\n",
        "links.csv": "movieId,imdbId,tmdbId\n7,0001,862\n8,0002,\n",
      ], rows: ["1 7 4.5 960000000", "1 8 4.5 960000001"], range: 0.5...5,
      titles: ["Toys, \"One\"", ""], genres: ["War", "B's"]),
    LayoutSample(
      name: "MovieTweetings", format: "MovieTweetings",
      files: ["ratings.dat": "1::0000007::10::1360000000\n"], rows: ["1 0000007 10.0 1360000000"],
      range: 0...10),
    LayoutSample(
      name: "RecBole", format: "RecBole",
      files: [
        "s.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ti\t4\t9.6E8\n",
        "s.item": "item_id:token\ttitle:token_seq\tclass:token_seq\ni\tA B\tWar Film\n",
        "s.user": "user_id:token\tage:float\nu\t30\n",
      ], rows: ["u i 4.0 960000000"], range: 1...5, titles: ["A B"], genres: ["War", "Film"],
      notes: ["s.user is not used: nothing here learns from features of users"]),
    LayoutSample(
      name: "HetRec MovieLens", format: "table",
      files: [
        "user_ratedmovies-timestamps.dat":
          "userID\tmovieID\trating\ttimestamp\n75\t3\t1\t1162160236000\n75\t4\t4.5\t1162160235999\n"
      ], rows: ["75 4 4.5 1162160235", "75 3 1.0 1162160236"], range: 0.5...5,
      notes: ["times are milliseconds, by their size"]),
    LayoutSample(
      name: "Netflix Prize", format: "Netflix Prize",
      files: [
        "combined_data_2.txt": "3:\n6,5,2005-09-06\n",
        "combined_data_1.txt": "1:\n6,3,2005-09-06\n7,4,2004-01-01\n2:\n7,1,1999-12-31\n",
        "movie_titles.csv": "1,2003,Caf\u{e9}\n2,NULL,A, B\n3,1990,C\n",
      ],
      rows: [
        "6 1 3.0 1125964800", "6 3 5.0 1125964800", "7 2 1.0 946598400", "7 1 4.0 1072915200",
      ],
      range: 1...5, titles: ["Caf\u{e9} (2003)", "A, B", "C (1990)"], isLatin: true),
    LayoutSample(
      name: "Netflix Prize, a file a film", format: "Netflix Prize",
      files: [
        "mv_0000010.txt": "10:\n6,5,2005-09-06\n", "mv_0000009.txt": "9:\n6,3,2005-09-06\n",
      ], rows: ["6 9 3.0 1125964800", "6 10 5.0 1125964800"], range: 1...5),
    LayoutSample(
      name: "Jester", format: "Jester",
      files: [
        "jester-data-1.csv": "2,-9.5,99,10" + String(repeating: ",99", count: 20) + "\n",
        "jester-data-2.csv": "1,99,0.25,99" + String(repeating: ",99", count: 20) + "\n",
      ], rows: ["1 1 -9.5 0", "1 3 10.0 1", "2 2 0.25 2"], range: -10...10, hasTimes: false),
    LayoutSample(
      name: "Book-Crossing", format: "Book-Crossing",
      files: [
        "BX-Book-Ratings.csv":
          "\"User-ID\";\"ISBN\";\"Book-Rating\"\r\n\"2\";\"034545104X\";\"0\"\r\n"
          + "\"2\";\"\\\"0432\\\"\";\"8\"\r\n",
        "BX-Books.csv":
          "\"ISBN\";\"Book-Title\";\"Book-Author\"\r\n\"\\\"0432\\\"\";\"The \\\"\u{c9}t\u{e9}\\\" a; b\";\"X\"\r\n",
      ], rows: ["2 \"0432\" 8.0 0"], range: 1...10, hasTimes: false,
      titles: ["The \"\u{c9}t\u{e9}\" a; b"], notes: ["1 row without a rating (0) left out"],
      isLatin: true),
    LayoutSample(
      name: "Amazon reviews, ratings only (2014)", format: "Amazon reviews",
      files: ["ratings_Toys.csv": "A1AAAAAAAAAAA,0439893577,5.0,1391990400\n"],
      rows: ["A1AAAAAAAAAAA 0439893577 5.0 1391990400"], range: 1...5),
    LayoutSample(
      name: "Amazon reviews, ratings only (2018)", format: "Amazon reviews",
      files: ["Toys.csv": "0439893577,A1AAAAAAAAAAA,5.0,1391990400\n"],
      rows: ["A1AAAAAAAAAAA 0439893577 5.0 1391990400"], range: 1...5),
    LayoutSample(
      name: "Amazon reviews, JSON (2018)", format: "Amazon reviews",
      files: [
        "Toys.json":
          "{\"overall\": 4.0, \"reviewerID\": \"A\\u00e9\", \"style\": {\"a\": [1, \"}\"]}, "
          + "\"asin\": \"B1\", \"reviewText\": \"so \\\"so\\\"\", \"unixReviewTime\": 1391990400}\n"
      ], rows: ["A\u{e9} B1 4.0 1391990400"], range: 1...5),
    LayoutSample(
      name: "Amazon reviews (2023)", format: "Amazon reviews",
      files: [
        "Toys.jsonl":
          "{\"rating\": 5.0, \"title\": \"t\", \"images\": [], \"asin\": \"B2\", \"parent_asin\": \"B1\","
          + " \"user_id\": \"AE\", \"timestamp\": 1588687728923, \"verified_purchase\": true}\n"
      ], rows: ["AE B1 5.0 1588687728"], range: 1...5, notes: ["times are milliseconds"]),
    LayoutSample(
      name: "Goodreads", format: "Goodreads",
      files: [
        "goodreads_interactions.csv":
          "user_id,book_id,is_read,rating,is_reviewed\n0,948,1,5,0\n0,947,1,0,1\n"
      ], rows: ["0 948 5.0 0"], range: 1...5, hasTimes: false,
      notes: ["1 row without a rating (0) left out"]),
    LayoutSample(
      name: "Goodreads, JSON", format: "Goodreads",
      files: [
        "goodreads_interactions_poetry.json":
          "{\"user_id\": \"8842\", \"book_id\": \"2\", \"rating\": 4, "
          + "\"date_added\": \"Fri Aug 25 13:55:02 -0700 2017\", \"read_at\": \"\"}\n"
      ], rows: ["8842 2 4.0 1503694502"], range: 1...5),
    LayoutSample(
      name: "Last.fm (HetRec)", format: "Last.fm",
      files: [
        "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n",
        "artists.dat": "id\tname\turl\tpictureURL\n51\tDuo\thttp://a\thttp://b\n52\tSolo\tx\ty\n",
        "user_friends.dat": "userID\tfriendID\n2\t275\n",
      ], rows: ["2 51 1.0 0", "2 52 1.0 1"], range: 0...1, hasTimes: false,
      titles: ["Duo", "Solo"], notes: [implicit]),
    LayoutSample(
      name: "Anime", format: "Anime",
      files: [
        "rating.csv": "user_id,anime_id,rating\n1,20,-1\n1,24,10\n",
        "anime.csv": "anime_id,name,genre,type\n24,\"A, B\",\"Drama, School\",TV\n",
      ], rows: ["1 24 10.0 0"], range: 1...10, hasTimes: false, titles: ["A, B"],
      genres: ["Drama", "School"], notes: ["1 row without a rating (-1 or 0) left out"]),
    LayoutSample(
      name: "Steam-200k", format: "Steam-200k",
      files: [
        "steam-200k.csv":
          "151603712,\"Game, The\",purchase,1.0,0\n151603712,\"Game, The\",play,273.0,0\n5,Fort,play,1,0\n"
      ], rows: ["5 Fort 1.0 2", "151603712 Game, The 1.0 1"], range: 0...1, hasTimes: false,
      notes: [implicit]),
    LayoutSample(
      name: "Yelp", format: "Yelp",
      files: [
        "yelp_academic_dataset_review.json":
          "{\"review_id\":\"r\",\"user_id\":\"u\",\"business_id\":\"b\",\"stars\":4.0,\"useful\":0,"
          + "\"text\":\"x\\ny\",\"date\":\"2018-07-07 22:09:11\"}\n",
        "yelp_academic_dataset_business.json":
          "{\"business_id\":\"b\",\"name\":\"Deli\",\"hours\":null,\"categories\":\"Food, Bars\"}\n",
      ], rows: ["u b 4.0 1531001351"], range: 1...5, titles: ["Deli"], genres: ["Food", "Bars"]),
    LayoutSample(
      name: "RetailRocket", format: "RetailRocket",
      files: [
        "events.csv":
          "timestamp,visitorid,event,itemid,transactionid\n1433221332117,9,view,35,\n"
          + "1433221332118,9,addtocart,35,\n1433221999999,9,view,35,\n1433221332119,8,transaction,7,4000\n"
      ], rows: ["8 7 5.0 1433221332", "9 35 3.0 1433221332"], range: 1...5,
      notes: ["ratings are given by events: view 1, addtocart 3, transaction 5", "times are milli"]),
    LayoutSample(
      name: "#nowplaying-RS", format: "#nowplaying-RS",
      files: [
        "user_track_hashtag_timestamp.csv":
          "\"user_id\",\"track_id\",\"hashtag\",\"created_at\"\n8,\"a1\",\"np\",\"2014-01-01 05:54:21\"\n"
      ], rows: ["8 a1 1.0 1388555661"], range: 0...1, notes: [implicit]),
    LayoutSample(
      name: "KuaiRec", format: "KuaiRec",
      files: [
        "big_matrix.csv":
          "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio\n"
          + "0,3649,13838,10867,2020-07-05 00:08:23.438,20200705,1593878903.438,1.25\n"
          + "0,9598,13665,10984,2020-07-05 00:13:41.297,20200705,1593879221.297,3.5\n",
        "small_matrix.csv":
          "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio\n",
      ], rows: ["0 3649 1.25 1593878903", "0 9598 2.0 1593879221"], range: 0...2,
      notes: ["1 row rated above 2 count as that"]),
    LayoutSample(
      name: "KuaiRand", format: "KuaiRand",
      files: [
        "log_standard_4_22_to_5_08_pure.csv":
          "user_id,video_id,date,hourmin,time_ms,is_click,is_like\n0,8,20220422,900,1650589200500,0,0\n",
        "log_standard_4_08_to_4_21_pure.csv":
          "user_id,video_id,date,hourmin,time_ms,is_click,is_like\n0,7,20220421,900,1650502800500,1,0\n",
        "log_random_4_22_to_5_08_pure.csv":
          "user_id,video_id,date,hourmin,time_ms,is_click,is_like\n0,9,20220422,900,1650589200500,0,0\n",
      ], rows: ["0 7 1.0 1650502800", "0 8 0.0 1650589200"], range: 0...1,
      notes: ["times are milliseconds"]),
  ]
}
