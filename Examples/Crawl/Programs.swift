import PtreeCommands

/// Knows which pages have been found, and ends when none is under way.
struct Frontier: NodeProgram {
  var seeds: [String]
  var mostPages: Int
  var tasks: Sender<CrawlTask>
  var found: Receiver<Page>

  func run(in node: Node) async throws {
    var known: Set<String> = []
    var underWay: Set<String> = []

    func request(_ paths: [String]) async throws {
      for path in paths where known.count < mostPages && known.insert(path).inserted {
        underWay.insert(path)
        try await tasks.send(CrawlTask(path: path))
      }
    }

    try await request(seeds)
    guard !underWay.isEmpty else { return }
    node.announceUp()
    for try await page in found {
      // A page that a fetcher was killed with comes twice.
      guard underWay.remove(page.path) != nil else { continue }
      try await request(page.links)
      if underWay.isEmpty { return }
    }
  }
}

/// Fetches pages; when it is killed, its tasks go to another one.
struct Fetch: NodeProgram {
  var site: String
  var pause: Duration?
  var tasks: Receiver<CrawlTask>
  var found: Sender<Page>
  var pages: Sender<Page>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    for try await task in tasks {
      if let pause { try await node.sleep(for: pause) }
      let page =
        Page(task.path, of: site)
        ?? Page(path: task.path, title: "(missing)", byteCount: 0, links: [])
      try await pages.send(page)
      try await found.send(page)
    }
  }
}

/// Prints what has been fetched, each page once.
struct Summary: NodeProgram {
  var pages: Receiver<Page>

  func run(in node: Node) async throws {
    var table: [String: Page] = [:]
    for try await page in pages { table[page.path] = page }
    for page in table.values.sorted(by: { $0.path < $1.path }) {
      print("\(page.path): \(page.title), \(page.links.count) links")
    }
    print("\(table.count) pages, \(table.values.reduce(0) { $0 + $1.byteCount }) bytes")
  }
}
