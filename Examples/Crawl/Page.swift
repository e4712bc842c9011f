import Foundation

/// A page to be fetched: its path in the site.
struct CrawlTask: Codable, Sendable {
  var path: String
}

/// A page that was fetched.
struct Page: Codable, Sendable {
  var path: String
  var title: String
  var byteCount: Int
  /// The paths that it leads to, in the site.
  var links: [String]
}

extension Page {
  /// Reads a page; nil if there is none.
  init?(_ path: String, of site: String) {
    let file = URL(fileURLWithPath: site).appendingPathComponent(path)
    guard let data = try? Data(contentsOf: file) else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    let folder = path.split(separator: "/").dropLast()
    self.path = path
    title = text.firstMatch(of: /<title>([^<]*)/).map { String($0.1) } ?? path
    byteCount = data.count
    links = text.matches(of: /href="([^":?#]+)/).compactMap { Self.resolved($0.1, from: folder) }
  }

  /// A link as a path in the site; nil for one that leads out of it.
  private static func resolved(_ link: Substring, from folder: ArraySlice<Substring>) -> String? {
    var parts = link.hasPrefix("/") ? [] : folder
    for part in link.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        return nil
      }
    }
    return parts.joined(separator: "/")
  }
}
