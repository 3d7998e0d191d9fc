/// What an agent sees of B environments, in one flat array that a device takes in one copy: first
/// all users [B, U], then all documents [B, N, D], then all responses to the last slates [B, K, R],
/// so that each part is a matrix of its own.
public struct WorldObservation: Hashable, Sendable {
  /// The sizes of the parts.
  public struct Layout: Codable, Hashable, Sendable {
    /// U, numbers that a user is known by.
    public let user: Int
    /// N, documents that may be shown.
    public let candidates: Int
    /// D, numbers of a document.
    public let document: Int
    /// K, documents that are shown.
    public let slate: Int
    /// R, numbers of the response to one document.
    public let response: Int

    init(user: Int = 0, candidates: Int = 0, document: Int = 0, slate: Int = 0, response: Int = 0) {
      (self.user, self.candidates, self.document) = (user, candidates, document)
      (self.slate, self.response) = (slate, response)
    }

    /// Numbers of one environment.
    public var width: Int { user + candidates * document + slate * response }
  }

  /// The sizes of the parts.
  public let layout: Layout
  /// B.
  public let count: Int
  /// B · (U + N · D + K · R) numbers.
  public internal(set) var values: [Float]

  init(_ layout: Layout, count: Int) {
    self.layout = layout
    self.count = count
    values = Array(repeating: 0, count: count * layout.width)
  }

  /// Where the users are, [B, U].
  public var users: Range<Int> { 0..<count * layout.user }
  /// Where the documents are, [B, N, D].
  public var documents: Range<Int> {
    users.upperBound..<users.upperBound + count * layout.candidates * layout.document
  }
  /// Where the responses are, [B, K, R]; all 0 at the start of an episode.
  public var responses: Range<Int> { documents.upperBound..<values.count }

  /// What one user is known by, [U].
  public func user(_ row: Int) -> ArraySlice<Float> {
    values[row * layout.user..<(row + 1) * layout.user]
  }

  /// One document, [D].
  public func document(_ row: Int, _ candidate: Int) -> ArraySlice<Float> {
    let start = documentStart(row, candidate)
    return values[start..<start + layout.document]
  }

  /// The response to the document in one place of the last slate, [R].
  public func response(_ row: Int, _ place: Int) -> ArraySlice<Float> {
    let start = responseStart(row, place)
    return values[start..<start + layout.response]
  }

  func documentStart(_ row: Int, _ candidate: Int) -> Int {
    count * layout.user + (row * layout.candidates + candidate) * layout.document
  }

  func responseStart(_ row: Int, _ place: Int) -> Int {
    count * (layout.user + layout.candidates * layout.document)
      + (row * layout.slate + place) * layout.response
  }

  mutating func clearResponses(_ row: Int) {
    let start = responseStart(row, 0)
    for place in start..<start + layout.slate * layout.response { values[place] = 0 }
  }
}
