internal import CServed
import Charts
import DRRCore
import Essentials
import Hummingbird

extension Routes {
  /// The page at `/`, its form and its files.
  func addPage(to router: Router<Context>) {
    router.get("/") { request, _ in
      let query = Self.fields(of: request.uri.query ?? "")
      guard let user = query["user"], !user.isEmpty else {
        return Self.redirect(to: "/?user=visitor-\(String(Int.random(in: 0..<1 << 40), radix: 36))")
      }
      return await page(for: user, query: query["q"], note: query["note"])
    }
    router.post("rate") { request, _ in
      let fields = try await Self.form(request)
      guard let user = fields["user"] else {
        throw Problem(.unprocessable, "the form has no user; load the page again")
      }
      var note: String
      do {
        try await rate(fields, user)
        note = "Taken. The list is new."
      } catch let problem as Problem {
        note = problem.detail
      }
      return Self.redirect(to: "/?user=\(Self.encoded(user))&note=\(Self.encoded(note))")
    }
    router.get("style.css") { _, _ in
      Self.text(String(cString: pageStyle()) + ChartStyle.css, type: "text/css")
    }
    router.get("script.js") { _, _ in
      Self.text(String(cString: pageScript()), type: "text/javascript")
    }
  }

  private func rate(_ fields: [String: String], _ user: String) async throws {
    var feedback = FeedbackRequest(
      request: fields["request"], user: user, item: fields["item"] ?? "")
    if let text = fields["rating"] {
      guard let rating = Float(text) else {
        throw Problem(.unprocessable, "the rating is \"\(text.prefix(40))\"; it must be a number")
      }
      feedback.rating = rating
    } else {
      feedback.click = true
    }
    _ = try await recommender.record(feedback)
  }

  private func page(for user: String, query: String?, note: String?) async -> Response {
    let model = recommender.models.model(for: user)
    var page = HomePage(
      user: user, query: query, found: [], scale: [], models: recommender.description,
      model: model.name, samples: recommender.trace.samples, note: note)
    if let range = model.model.ratingRange {
      // A dozen buttons at most, however wide the scale is.
      let step = max(1, ((range.upperBound - range.lowerBound) / 10).rounded(.up))
      page.scale = Array(
        stride(from: range.lowerBound.rounded(.up), through: range.upperBound, by: step))
    }
    if let query, !query.isEmpty {
      page.found =
        (try? recommender.items(matching: String(query.prefix(200)), limit: 12).items) ?? []
    }
    do {
      page.view = try await recommender.view(of: user, top: 10)
    } catch let problem as Problem {
      page.problem = problem.detail
    } catch {
      page.problem = "\(error)"
    }
    var response = Self.text(page.html, type: "text/html; charset=utf-8")
    response.headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action "
      + "'self'; base-uri 'none'; frame-ancestors 'none'"
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.cacheControl] = "no-store"
    return response
  }

  private static func redirect(to place: String) -> Response {
    Response(status: .seeOther, headers: [.location: place])
  }

  /// The fields of a form.
  private static func form(_ request: Request) async throws -> [String: String] {
    let type = request.headers[.contentType] ?? ""
    guard type.hasPrefix("application/x-www-form-urlencoded") else {
      throw Problem(.wrongType, "the form is \"\(type.prefix(60))\"; the page sends it encoded")
    }
    guard let buffer = try? await request.body.collect(upTo: bodyLimit) else {
      throw Problem(.tooLarge, "the form is larger than 64 KiB")
    }
    return fields(of: String(decoding: buffer.readableBytesView, as: UTF8.self))
  }

  /// The pairs of an encoded form, or of a query.
  static func fields(of text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      fields[decoded(parts[0].replacing("+", with: " "))] = decoded(
        parts[1].replacing("+", with: " "))
    }
    return fields
  }

  /// A text as a part of a query.
  static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126:
        String(UnicodeScalar(byte))
      default:
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}
