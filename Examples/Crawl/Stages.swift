import PtreeCommands

/// Reads the page of a path.
struct ReadPage: Transform {
  var site: String

  func callAsFunction(_ path: String) throws -> Page {
    guard let page = Page(path, of: site) else { throw MissingPage(path: path) }
    return page
  }
}

/// Makes a line of a page.
struct PageTitle: Transform {
  func callAsFunction(_ page: Page) -> String { "\(page.path)\t\(page.title)" }
}

struct MissingPage: Error, CustomStringConvertible {
  var path: String

  var description: String { "there is no page \(path)" }
}
