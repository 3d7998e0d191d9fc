import DRRCore
import Essentials
import Hummingbird

/// Why a request is not answered, as RFC 9457 has it.
struct Problem: Error {
  enum Kind: Int, Sendable {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case tooLarge = 413
    case wrongType = 415
    case misdirected = 421
    case unprocessable = 422
    case failed = 500
    case unavailable = 503

    var title: String {
      switch self {
      case .badRequest: "Bad Request"
      case .unauthorized: "Unauthorized"
      case .forbidden: "Forbidden"
      case .notFound: "Not Found"
      case .methodNotAllowed: "Method Not Allowed"
      case .tooLarge: "Content Too Large"
      case .wrongType: "Unsupported Media Type"
      case .misdirected: "Misdirected Request"
      case .unprocessable: "Unprocessable Content"
      case .failed: "Internal Server Error"
      case .unavailable: "Service Unavailable"
      }
    }
  }

  var kind: Kind
  /// One sentence.
  var detail: String
  var headers: HTTPFields

  init(_ kind: Kind, _ detail: String, headers: HTTPFields = [:]) {
    (self.kind, self.detail, self.headers) = (kind, detail.printableLines, headers)
  }

  struct Body: Codable, Sendable {
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
  }

  var body: Body { Body(title: kind.title, status: kind.rawValue, detail: detail) }
}
